//! The doors for programs that know nothing of couplet: other protocols into the same machines.
//!
//! Owns nothing but the list. A door translates; what is decided is decided where it is for everybody.

pub(crate) mod plain;
