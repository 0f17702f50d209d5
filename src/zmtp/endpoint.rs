//! Endpoints as ZeroMQ writes them: `tcp://127.0.0.1:5555`.
//!
//! Owns the reading of the text; what is there is found out by whoever listens or connects.

use crate::text;
use std::fmt;

/// Where to listen or to connect.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    host: String,
    port: u16,
}

/// A text that is no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{got}\" is no endpoint: {why}; expected {expected}")]
pub struct EndpointError {
    got: String,
    why: &'static str,
    expected: &'static str,
}

impl Endpoint {
    /// Reads where to listen: `*` stands for all addresses, or as the port for any free one, as does 0.
    /// `tcp://` may be left out.
    ///
    /// ```
    /// use couplet::zmtp::Endpoint;
    /// assert_eq!(Endpoint::to_listen("tcp://*:5555").unwrap().address(), "0.0.0.0:5555");
    /// assert!(Endpoint::to_listen("udp://*:5555").is_err());
    /// ```
    ///
    /// # Errors
    /// [`EndpointError`] with one clear sentence.
    pub fn to_listen(text: &str) -> Result<Self, EndpointError> {
        let refuse = refuse(text, "for example tcp://127.0.0.1:5555 or tcp://*:5555");
        let (host, port) = split(text).map_err(&refuse)?;
        let port = if port == "*" { Some(0) } else { number(port) };
        let port = port.ok_or_else(|| refuse("its port is no number from 0 to 65535"))?;
        let host = if host == "*" { "0.0.0.0" } else { host };
        Ok(Self { host: host.to_owned(), port })
    }

    /// Reads where to connect.
    ///
    /// # Errors
    /// [`EndpointError`] with one clear sentence.
    pub fn to_connect(text: &str) -> Result<Self, EndpointError> {
        let refuse = refuse(text, "for example tcp://127.0.0.1:5555");
        let (host, port) = split(text).map_err(&refuse)?;
        if host == "*" {
            return Err(refuse("* is no machine to connect to"));
        }
        let port = number(port).filter(|port| *port > 0);
        let port = port.ok_or_else(|| refuse("its port is no number from 1 to 65535"))?;
        Ok(Self { host: host.to_owned(), port })
    }

    /// As `HOST:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tcp://{}:{}", text::line(&self.host, 80), self.port)
    }
}

fn refuse(got: &str, expected: &'static str) -> impl Fn(&'static str) -> EndpointError {
    move |why| EndpointError { got: text::line(got, 60), why, expected }
}

fn split(text: &str) -> Result<(&str, &str), &'static str> {
    let rest = text.strip_prefix("tcp://").unwrap_or(text);
    if rest.contains("://") {
        return Err("only tcp:// is spoken here");
    }
    let (host, port) = rest.rsplit_once(':').ok_or("it has no port")?;
    let bracketed = host.starts_with('[') && host.ends_with(']');
    if host.is_empty() {
        Err("it has no host")
    } else if host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/' || c == ';')
        || (host.contains(':') && !bracketed)
    {
        Err("its host can't be read (an IPv6 address stands in brackets, as in [::1])")
    } else {
        Ok((host, port))
    }
}

fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_as_zeromq_writes_them() {
        let listen = |text| Endpoint::to_listen(text).map(|endpoint| endpoint.address());
        let good = [
            ("tcp://127.0.0.1:5555", "127.0.0.1:5555"),
            ("tcp://*:0", "0.0.0.0:0"),
            ("tcp://127.0.0.1:*", "127.0.0.1:0"),
            ("tcp://[::1]:1", "[::1]:1"),
            ("tcp://localhost:65535", "localhost:65535"),
            ("127.0.0.1:5555", "127.0.0.1:5555"),
        ];
        for (text, address) in good {
            assert_eq!(listen(text).as_deref(), Ok(address), "{text}");
        }
        for bad in
            ["", "5555", "tcp://", "tcp://:1", "tcp://a", "tcp://a:", "tcp://a:-1", "tcp://a:+1"]
        {
            assert!(Endpoint::to_listen(bad).is_err(), "{bad}");
            assert!(Endpoint::to_connect(bad).is_err(), "{bad}");
        }
        for bad in ["tcp://a:65536", "tcp://::1:5", "tcp://a b:1", "ipc:///x:1", "tcp://a;b:1"] {
            assert!(Endpoint::to_listen(bad).is_err(), "{bad}");
        }
        assert!(Endpoint::to_connect("tcp://*:1").is_err());
        assert!(Endpoint::to_connect("tcp://a:0").is_err());
        assert_eq!(Endpoint::to_connect("tcp://a:1").expect("good").to_string(), "tcp://a:1");
    }
}
