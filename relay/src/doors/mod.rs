//! The doors for programs that know nothing of couplet: other protocols into the same machines, and onto
//! the same shelf.
//!
//! Owns nothing but the list. A door translates; what is decided is decided where it is for everybody.
//! Each listens on an address of its own, if the operator asks for it.

pub(crate) mod plain;
pub(crate) mod zeromq;
