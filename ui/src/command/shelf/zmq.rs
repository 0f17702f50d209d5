//! `couplet shelf put … --zmq`: files laid down at anybody's server, in chunks over ZeroMQ.
//!
//! Owns what is told of it and its exit status; the upload is [`crate::engine::zmq`]'s.

use super::super::run::Signals;
use super::super::verdict;
use super::report::Report;
use super::teller::Teller;
use crate::config::exit;
use crate::engine::zmq::{Progress, Put, PutError, put};
use couplet::text;
use couplet::upload::{Options, UploadError};
use couplet::zmtp::Endpoint;
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// Uploads these, one after the other; gives the exit status.
pub(super) async fn upload(paths: &[PathBuf], endpoint: &Endpoint, teller: Teller) -> u8 {
    let Ok(mut signals) = Signals::new() else { return exit::FAILURE };
    let teller = RefCell::new(teller);
    let tell = |report: &Report| teller.borrow_mut().tell(report);
    let puts = put(paths, endpoint, Options::default(), |progress| tell(&report(&progress)));
    let result = tokio::select! {
        result = puts => result,
        interrupt = signals.next() => {
            let status = verdict::status_of(interrupt);
            let stopped = verdict::stopped(interrupt);
            let reason = Some(format!("{stopped}; a file that wasn't through begins anew"));
            tell(&Report::Ended { status, reason });
            return status;
        }
    };
    let (status, reason) = match result {
        Ok(puts) => (puts.iter().map(status).find(|status| *status != exit::OK), None),
        Err(error) => (Some(status_of(&error)), Some(error.to_string())),
    };
    let status = status.unwrap_or(exit::OK);
    tell(&Report::Ended { status, reason });
    status
}

fn report(progress: &Progress<'_>) -> Report {
    match progress {
        Progress::Begins { path, size, .. } => {
            Report::Started { name: shown(path), held: 0, size: Some(*size) }
        }
        Progress::Taken { path, bytes, size } => Report::Progress {
            name: shown(path),
            done: *bytes,
            size: Some(*size),
            rate: None,
            remaining_s: None,
        },
        Progress::Ended { path, result: Ok(_) } => {
            Report::Verified { name: shown(path), saved_as: String::new(), left_out: 0 }
        }
        Progress::Ended { path, result: Err(error) } => Report::Failed {
            name: shown(path),
            code: code(error).to_owned(),
            text: text::line(&error.to_string(), 300),
        },
    }
}

fn status(put: &Put) -> u8 {
    put.result.as_ref().map_or_else(status_of, |_| exit::OK)
}

const fn status_of(error: &PutError) -> u8 {
    match error {
        PutError::Connect { .. } | PutError::Mute(_) | PutError::Lost(_) => exit::NO_RELAY,
        PutError::Protocol { .. } => exit::PROTOCOL,
        PutError::Name(_) | PutError::File { .. } => exit::UNREADABLE,
        PutError::Upload(error) => match error {
            UploadError::Refused { .. }
            | UploadError::Chunk { .. }
            | UploadError::NotFinished { .. } => exit::REFUSED,
            UploadError::NoReply | UploadError::NotAsked => exit::PROTOCOL,
            UploadError::Silent(_) => exit::NO_RELAY,
            UploadError::Source { .. } => exit::CHANGED,
        },
    }
}

const fn code(error: &PutError) -> &'static str {
    match status_of(error) {
        exit::REFUSED => "refused",
        exit::UNREADABLE => "unreadable",
        exit::CHANGED => "source_changed",
        exit::PROTOCOL => "protocol",
        _ => "lost",
    }
}

fn shown(path: &Path) -> String {
    text::line(&path.to_string_lossy(), 120)
}
