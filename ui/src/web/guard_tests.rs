//! Who is let in and who isn't, as a table.

use super::*;
use axum::http::Request;

fn parts(method: &str, target: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).expect("a request").into_parts().0
}

fn asked(method: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
    admits(&parts(method, "/api/uploads", headers), 8080)
}

#[test]
fn only_the_listening_address_may_be_named() {
    let hosts = [
        ("localhost:8080", true),
        ("LocalHost:8080", true),
        ("127.0.0.1:8080", true),
        ("192.168.1.4:8080", true),
        ("[::1]:8080", true),
        ("localhost", false),
        ("127.0.0.1", false),
        ("[::1]", false),
        ("localhost:80", false),
        ("localhost:8081", false),
        ("localhost:08080", false),
        ("localhost:+8080", false),
        ("localhost:8080:8080", false),
        ("localhost:", false),
        (":8080", false),
        ("", false),
        ("localhost.:8080", false),
        ("localhost.evil.com:8080", false),
        ("127.0.0.1.evil.com:8080", false),
        ("127.0.0.1.:8080", false),
        ("127.1:8080", false),
        ("2130706433:8080", false),
        ("0x7f.0.0.1:8080", false),
        ("0177.0.0.1:8080", false),
        ("rebind.evil.com:8080", false),
        ("user@localhost:8080", false),
        ("localhost@evil.com:8080", false),
        ("localhost:8080@evil.com", false),
        ("::1:8080", false),
        ("[::1]8080", false),
        ("[::1]:8080]", false),
        ("[::1].evil.com:8080", false),
        ("[fe80::1%eth0]:8080", false),
        ("[127.0.0.1]:8080", false),
        ("localhost:8080/", false),
        ("localhost:8080, evil.com", false),
        ("localhost :8080", false),
    ];
    for (host, good) in hosts {
        let expected = if good { Ok(()) } else { Err(Refusal::Host) };
        assert_eq!(asked("GET", &[("host", host)]), expected, "{host:?}");
    }
    assert_eq!(asked("GET", &[]), Err(Refusal::Host));
    let two = [("host", "localhost:8080"), ("host", "localhost:8080")];
    assert_eq!(asked("GET", &two), Err(Refusal::Host));
    let request = parts("GET", "/", &[("host", "localhost")]);
    assert_eq!(admits(&request, 80), Ok(()), "a browser leaves 80 out");
    for target in ["http://localhost:8080/", "http://evil.com/", "http://localhost/"] {
        let request = parts("GET", target, &[("host", "localhost:8080")]);
        assert_eq!(admits(&request, 8080), Err(Refusal::Host), "{target}");
    }
}

#[test]
fn only_its_own_page_may_change_something() {
    let origins = [
        ("http://localhost:8080", true),
        ("HTTP://localhost:8080", false),
        ("https://localhost:8080", false),
        ("http://127.0.0.1:8080", false),
        ("http://localhost:8081", false),
        ("http://localhost", false),
        ("http://localhost:8080/", false),
        ("http://localhost:8080.evil.com", false),
        ("http://localhost.evil.com:8080", false),
        ("http://user@localhost:8080", false),
        ("http://localhost:8080@evil.com", false),
        ("http://evil.com", false),
        ("http://http://localhost:8080", false),
        ("localhost:8080", false),
        ("file://", false),
        ("null", false),
        ("", false),
    ];
    for (origin, good) in origins {
        let expected = if good { Ok(()) } else { Err(Refusal::Origin) };
        let headers = [("host", "localhost:8080"), ("origin", origin)];
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
            assert_eq!(asked(method, &headers), expected, "{method} from {origin:?}");
        }
    }
    let host = ("host", "localhost:8080");
    assert_eq!(asked("GET", &[host]), Ok(()));
    assert_eq!(asked("HEAD", &[host]), Ok(()));
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        assert_eq!(asked(method, &[host]), Err(Refusal::Origin), "{method} from nowhere");
    }
    assert_eq!(asked("GET", &[host, ("upgrade", "websocket")]), Err(Refusal::Origin));
    assert_eq!(asked("GET", &[host, ("sec-websocket-key", "x")]), Err(Refusal::Origin));
    let origin = ("origin", "http://localhost:8080");
    assert_eq!(asked("POST", &[host, origin, origin]), Err(Refusal::Origin));
    for (site, good) in [
        ("none", true),
        ("same-origin", true),
        ("same-site", false),
        ("cross-site", false),
        ("x", false),
    ] {
        let expected = if good { Ok(()) } else { Err(Refusal::Origin) };
        assert_eq!(asked("GET", &[host, ("sec-fetch-site", site)]), expected, "{site}");
        assert_eq!(asked("PUT", &[host, origin, ("sec-fetch-site", site)]), expected, "{site}");
    }
}

fn counting() -> [u8; 32] {
    use std::sync::atomic::{AtomicU8, Ordering};
    static NEXT: AtomicU8 = AtomicU8::new(1);
    [NEXT.fetch_add(1, Ordering::Relaxed); 32]
}

#[test]
fn the_key_gives_the_cookie_and_nothing_else_does() {
    let keys = Keys::new(8080, counting);
    assert_eq!(keys.key().len(), 22, "128 bits in base64");
    let set = keys.cookie_for(keys.key()).expect("a cookie");
    assert!(set.starts_with("couplet-8080="), "{set}");
    assert!(set.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{set}");
    let cookie = set.split(';').next().expect("a cookie").to_owned();
    assert!(!cookie.contains(keys.key()), "two secrets");
    for wrong in ["", "AAAAAAAAAAAAAAAAAAAAAA", &keys.key()[1..], &format!("{}A", keys.key())] {
        assert_eq!(keys.cookie_for(wrong), Err(Refusal::Key), "{wrong:?}");
    }
    let known = |lines: &[&str]| {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, line.parse().expect("a value"));
        }
        keys.are_known_by(&headers).is_ok()
    };
    assert!(known(&[&cookie]));
    assert!(known(&[&format!("theme=dark; {cookie}; x")]));
    assert!(known(&["couplet-8080=planted", &cookie]));
    assert!(known(&[&format!("couplet-8080=planted; {cookie}")]));
    assert!(!known(&[]));
    assert!(!known(&["couplet-8080=", "couplet-8080", "=", ""]));
    assert!(!known(&[&cookie.replace("8080", "8081")]));
    assert!(!known(&[&cookie.to_uppercase()]));
    assert!(!known(&[&format!("couplet-8080={}", keys.key())]), "the key is no cookie");
    assert!(!format!("{keys:?}").contains(keys.key()));
}

#[test]
fn a_key_for_one_use_is_used_up() {
    let keys = Keys::new(8080, counting);
    let (first, second) = (keys.once(), keys.once());
    assert!(keys.cookie_for(&second).is_ok());
    assert_eq!(keys.cookie_for(&second), Err(Refusal::Key));
    assert!(keys.cookie_for(&first).is_ok());
    let oldest = keys.once();
    for _ in 0..MAX_ONCE {
        let _ = keys.once();
    }
    assert_eq!(keys.cookie_for(&oldest), Err(Refusal::Key), "they don't pile up");
}
