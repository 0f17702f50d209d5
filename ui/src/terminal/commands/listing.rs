//! The commands that look at transfers and do nothing to them.
//!
//! Owns these rows of the table, and no others.

use super::{Argument, Command, command};

pub(super) const DETAILS: Command = command(
    "/details",
    &["/info"],
    Argument::Any,
    "/details [N]",
    "all that is known of transfer N: where it lies, its hash, its route, why it failed",
);

pub(super) const PREVIEW: Command = command(
    "/preview",
    &["/view"],
    Argument::Picture,
    "/preview [N]",
    "show the picture that transfer N has brought, or the latest one",
);

pub(super) const TIDY: Command = command(
    "/tidy",
    &[],
    Argument::None,
    "/tidy",
    "take finished transfers off the list; no file is touched",
);
