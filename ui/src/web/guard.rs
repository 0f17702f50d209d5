//! Who may ask: the rules that keep other sites, and other programs, from the page's API.
//!
//! Owns the questions "did this request come from our page, to our address?" and "does it know the
//! secret?". Any page that the user looks at can make their browser send requests to this machine, and
//! a name of its own can be made to lead here (DNS rebinding). So a request must name the address that
//! is listened on, mustn't come from another site, and must have the cookie that only the first
//! address gave. Nothing is read or written here.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Where a browser says from where a request was made.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Random bytes of a secret: 128 bits.
const SECRET_BYTES: usize = 16;

/// How many keys for one use may wait for it; the oldest goes for a new one.
const MAX_ONCE: usize = 8;

/// Why a request isn't served. Each says it in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Not the address that is listened on, or a name that anybody could make lead here.
    #[error("this address isn't the one that couplet listens on; open the one that it printed")]
    Host,
    /// Another page's request.
    #[error("this request comes from another site, which may not speak with couplet")]
    Origin,
    /// No cookie, or that of another start.
    #[error("this browser isn't let in; open the address that couplet printed, with its key")]
    Cookie,
    /// A key of another start, or made up.
    #[error("this key isn't good, or not any more; open the address that couplet printed")]
    Key,
}

/// Whether a request is to this address, from this address's page or from no page at all.
pub(crate) fn admits(request: &Parts, port: u16) -> Result<(), Refusal> {
    // Only proxies are asked for whole addresses.
    if request.uri.authority().is_some() || request.uri.scheme().is_some() {
        return Err(Refusal::Host);
    }
    let host = the_one(&request.headers, &HOST).map_err(|_| Refusal::Host)?;
    let host = host.and_then(Authority::parse).ok_or(Refusal::Host)?;
    if host.port != port {
        return Err(Refusal::Host);
    }
    if let Some(site) = the_one(&request.headers, &SEC_FETCH_SITE).map_err(|_| Refusal::Origin)?
        && !matches!(site, "same-origin" | "none")
    {
        return Err(Refusal::Origin);
    }
    match the_one(&request.headers, &ORIGIN).map_err(|_| Refusal::Origin)? {
        Some(origin) => {
            let origin = origin.strip_prefix("http://").and_then(Authority::parse);
            if origin == Some(host) { Ok(()) } else { Err(Refusal::Origin) }
        }
        None if must_say_where_from(request) => Err(Refusal::Origin),
        None => Ok(()),
    }
}

/// Whether it changes something, or is a web socket, which browsers open to any site.
fn must_say_where_from(request: &Parts) -> bool {
    !matches!(request.method, Method::GET | Method::HEAD)
        || request.headers.contains_key("upgrade")
        || request.headers.contains_key("sec-websocket-key")
}

/// More than one header of a name, or one that isn't text.
struct Unclear;

/// The value of a header that may be there once.
fn the_one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Unclear> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Unclear);
    }
    value.to_str().map(Some).map_err(|_| Unclear)
}

/// A host that nobody can make lead elsewhere, and a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Authority {
    /// None for `localhost`.
    ip: Option<IpAddr>,
    port: u16,
}

impl Authority {
    /// Exactly `localhost`, an IPv4 address or an IPv6 address in brackets, and a port other than 80
    /// behind a colon.
    fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.rfind(']').map_or_else(
            || text.find(':'),
            |end| text.get(end + 1..).filter(|rest| !rest.is_empty()).map(|_| end + 1),
        ) {
            Some(at) => (text.get(..at)?, port(text.get(at..)?.strip_prefix(':')?)?),
            None => (text, 80),
        };
        let ip = if host.eq_ignore_ascii_case("localhost") {
            None
        } else if let Some(inner) = host.strip_prefix('[') {
            Some(IpAddr::V6(inner.strip_suffix(']')?.parse().ok()?))
        } else {
            Some(IpAddr::V4(host.parse().ok()?))
        };
        Some(Self { ip, port })
    }
}

fn port(text: &str) -> Option<u16> {
    let port: u16 = text.parse().ok()?;
    // As it is written, and not otherwise: no sign, no zeros before it.
    (port.to_string() == text).then_some(port)
}

/// The secrets of this start.
pub(crate) struct Keys {
    key: String,
    cookie: String,
    cookie_name: String,
    once: Mutex<Vec<String>>,
    random: fn() -> [u8; 32],
}

impl Keys {
    /// New ones; `random` is the source of randomness.
    pub(crate) fn new(port: u16, random: fn() -> [u8; 32]) -> Self {
        Self {
            key: secret(random),
            cookie: secret(random),
            // Cookies are the same for all ports of a host, so the name tells ours from others'.
            cookie_name: format!("couplet-{port}"),
            once: Mutex::new(Vec::new()),
            random,
        }
    }

    /// The key of the address that is printed.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// A key that is good once: for the address that a browser is started with, as everybody on this
    /// machine can read with which arguments a program was started.
    pub(crate) fn once(&self) -> String {
        let key = secret(self.random);
        let mut once = self.once.lock().unwrap_or_else(PoisonError::into_inner);
        if once.len() >= MAX_ONCE {
            once.remove(0);
        }
        once.push(key.clone());
        key
    }

    /// The `Set-Cookie` for a key.
    pub(crate) fn cookie_for(&self, key: &str) -> Result<String, Refusal> {
        let mut once = self.once.lock().unwrap_or_else(PoisonError::into_inner);
        let used = once.iter().position(|one| same(one, key));
        if let Some(used) = used {
            once.remove(used);
        } else if !same(&self.key, key) {
            return Err(Refusal::Key);
        }
        let Self { cookie, cookie_name, .. } = self;
        Ok(format!("{cookie_name}={cookie}; HttpOnly; SameSite=Strict; Path=/"))
    }

    /// Whether there is the cookie. Other programs on this host can put some of the same name beside
    /// ours, so one that is right is enough.
    pub(crate) fn are_known_by(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut values = cookies.flat_map(|line| line.split(';')).filter_map(|cookie| {
            let (name, value) = cookie.trim().split_once('=')?;
            (name == self.cookie_name).then_some(value)
        });
        if values.any(|value| same(&self.cookie, value)) { Ok(()) } else { Err(Refusal::Cookie) }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("cookie_name", &self.cookie_name).finish_non_exhaustive()
    }
}

fn secret(random: fn() -> [u8; 32]) -> String {
    let bytes = random();
    URL_SAFE_NO_PAD.encode(bytes.get(..SECRET_BYTES).unwrap_or(&bytes))
}

/// Compares in a time that doesn't tell how much of it was right.
fn same(secret: &str, said: &str) -> bool {
    verify_slices_are_equal(secret.as_bytes(), said.as_bytes()).is_ok()
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
