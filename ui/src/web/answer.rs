//! What every answer has: the headers that keep the page by itself, and a sentence if it is a failure.
//!
//! Owns the form of failures and the headers of `docs/WEB-API.md`.

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use couplet::text;
use serde_json::json;
use std::io;

/// The longest sentence, in columns.
const MAX_TEXT: usize = 400;

/// Nothing but what comes from here, nothing inline, and in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (CACHE_CONTROL, "no-store"),
];

/// Gives an answer the headers that each has.
pub(super) fn dress(mut answer: Response) -> Response {
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// What can't be done, and why, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// What kind of failure it is.
    pub(super) status: StatusCode,
    /// The sentence.
    pub(super) text: String,
}

impl Failure {
    /// With text that may hold what others have chosen.
    pub(super) fn new(status: StatusCode, text: impl AsRef<str>) -> Self {
        Self { status, text: text::line(text.as_ref(), MAX_TEXT) }
    }

    /// What was asked is wrong.
    pub(super) fn wrong(text: impl AsRef<str>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// There is no such thing.
    pub(super) fn unknown(text: impl AsRef<str>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    /// Not now.
    pub(super) fn not_now(text: impl AsRef<str>) -> Self {
        Self::new(StatusCode::CONFLICT, text)
    }

    /// Too much.
    pub(super) fn too_much(text: impl AsRef<str>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, text)
    }

    /// The loop has ended, so nobody answers any more.
    pub(super) fn ending() -> Self {
        Self::not_now("couplet is ending")
    }

    /// What the disk says about a file that is written.
    pub(super) fn of_disk(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        // All other kinds have nothing of their own to say.
        let kind = error.kind();
        if matches!(kind, Kind::StorageFull | Kind::QuotaExceeded) {
            let text = "there is no room for it on the disk; free some, and send it again";
            Self::new(StatusCode::INSUFFICIENT_STORAGE, text)
        } else if kind == Kind::FileTooLarge {
            Self::too_much("the disk can't hold a file as large as that")
        } else if kind == Kind::AlreadyExists {
            Self::not_now("there is something of this name already")
        } else if kind == Kind::NotADirectory || error.raw_os_error() == Some(LOOP) {
            Self::not_now("the folder that it should be in is a file")
        } else if kind == Kind::NotFound {
            Self::unknown("it was thrown away meanwhile")
        } else {
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("it can't be written: {error}"))
        }
    }
}

/// What the system says of a link where none is followed.
const LOOP: i32 = rustix::io::Errno::LOOP.raw_os_error();

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, json_answer(&json!({ "error": self.text }))).into_response()
    }
}

/// An answer in JSON.
pub(super) fn json_answer(value: &serde_json::Value) -> Response {
    typed("application/json", value.to_string())
}

/// An answer of a type.
pub(super) fn typed(kind: &'static str, body: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(kind))], body.into()).into_response()
}
