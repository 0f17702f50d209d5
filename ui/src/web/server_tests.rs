//! Attacks on the page's address, by raw bytes against the real server.

use super::super::testing::{Answer, Bench, rest};
use super::*;
use tokio::io::AsyncWriteExt as _;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

fn is_dressed(answer: &Answer) {
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn the_key_lets_a_browser_in_and_leaves_the_address() {
    let bench = Bench::new().await;
    let key = bench.key();
    assert_eq!(key.len(), 22, "128 bits");
    let plain = |line: &str| {
        format!("GET {line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", bench.host())
    };
    let answer = bench.raw(plain(&format!("/?key={key}")).as_bytes()).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), Some("/"));
    let set = answer.header("set-cookie").expect("a cookie");
    assert_eq!(set.split_once("; ").expect("more").1, "HttpOnly; SameSite=Strict; Path=/");
    assert!(set.starts_with(&format!("couplet-{}=", bench.server.address().port())), "{set}");
    assert!(!answer.head.contains(&key), "{answer:?}");
    is_dressed(&answer);
    for wrong in [
        "/?key=",
        "/?key=AAAAAAAAAAAAAAAAAAAAAA",
        &format!("/?key={key}&key={key}"),
        "/?key=%ff",
        "/?key=%",
        "/?Key=",
        "/",
        &format!("/assets/main.js?key={key}"),
        &format!("/api/transcript?key={key}"),
    ] {
        let answer = bench.raw(plain(wrong).as_bytes()).await;
        assert_eq!(answer.status, 403, "{wrong}");
        assert_eq!(answer.header("set-cookie"), None, "{wrong}");
        is_dressed(&answer);
    }
    let once = bench.server.url_for_once();
    let (_, once) = once.split_once("/?").expect("a key");
    assert_eq!(bench.raw(plain(&format!("/?{once}")).as_bytes()).await.status, 303);
    assert_eq!(bench.raw(plain(&format!("/?{once}")).as_bytes()).await.status, 403);
}

#[tokio::test]
async fn the_page_is_there_for_who_has_the_cookie() {
    let bench = Bench::new().await;
    for (target, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/client-interface.html", "text/html; charset=utf-8"),
        ("/assets/main.js", "text/javascript; charset=utf-8"),
        ("/assets/theme.css", "text/css; charset=utf-8"),
        ("/assets/favicon.svg", "image/svg+xml"),
    ] {
        let answer = bench.get(target, "").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{target}");
        assert!(!answer.body.is_empty(), "{target}");
        is_dressed(&answer);
    }
    for target in [
        "/favicon.ico",
        "/assets/",
        "/assets/none.js",
        "/assets/../server.rs",
        "/index.html",
        "/assets/%2e%2e%2fserver.rs",
        "/assets/..%5cserver.rs",
        "/assets/main.js%00",
        "//",
        "/api",
        "/assets/%ff",
        "/api/line/x",
        "/api/uploads/",
        "/api/uploads/7/send/x",
        "/..",
        "/.",
    ] {
        let answer = bench.get(target, "").await;
        assert_eq!(answer.status, 404, "{target}: {answer:?}");
        assert!(!answer.error().is_empty(), "{target}");
        is_dressed(&answer);
    }
    for (method, target) in [("POST", "/"), ("GET", "/api/uploads"), ("DELETE", "/api/transcript")]
    {
        let answer = bench.ask(method, target, b"").await;
        assert_eq!(answer.status, 405, "{method} {target}");
        assert!(!answer.error().is_empty());
        is_dressed(&answer);
    }
}

#[tokio::test]
async fn foreign_requests_are_refused_whatever_cookie_they_have() {
    let bench = Bench::new().await;
    let (host, cookie) = (bench.host(), &bench.cookie);
    let port = bench.server.address().port();
    let own = format!("Host: {host}\r\n");
    let with = |line: String| format!("{own}{line}\r\n");
    let attacks = [
        ("GET", "/", format!("Host: evil.com:{port}\r\n")),
        ("GET", "/", "Host: 127.0.0.1\r\n".to_owned()),
        ("GET", "/", format!("Host: localhost.evil.com:{port}\r\n")),
        ("GET", "/", format!("Host: 127.0.0.1.evil.com:{port}\r\n")),
        ("GET", "/", format!("Host: user@127.0.0.1:{port}\r\n")),
        ("GET", "/", format!("Host: 127.0.0.1.:{port}\r\n")),
        ("GET", "/", String::new()),
        ("GET", "/", format!("{own}{own}")),
        ("GET", "/", format!("{own}Host: evil.com\r\n")),
        ("GET", "/", with("Origin: http://evil.com".to_owned())),
        ("GET", "/", with("Origin: null".to_owned())),
        ("GET", "/", with("Sec-Fetch-Site: cross-site".to_owned())),
        ("GET", "/", with("Sec-Fetch-Site: same-site".to_owned())),
        ("GET", "/api/transcript", with(format!("Origin: https://{host}"))),
        ("GET", "/api/received/1", with("Origin: http://evil.com".to_owned())),
        ("POST", "/api/uploads", own.clone()),
        ("POST", "/api/uploads", with("Origin: null".to_owned())),
        ("POST", "/api/uploads", with("Origin: http://evil.com".to_owned())),
        ("POST", "/api/uploads", with(format!("Origin: http://localhost:{port}"))),
        ("POST", "/api/uploads/1/send", with(format!("Origin: http://{host}.evil.com"))),
        ("PUT", "/api/uploads/1?path=a", own.clone()),
        ("DELETE", "/api/uploads/1", own.clone()),
        ("OPTIONS", "/api/uploads", with("Origin: http://evil.com".to_owned())),
    ];
    for (method, target, lines) in attacks {
        let request = format!("{method} {target} HTTP/1.1\r\n{lines}Cookie: {cookie}\r\n\r\n");
        let answer = bench.raw(request.as_bytes()).await;
        assert_eq!(answer.status, 403, "{request}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        is_dressed(&answer);
    }
    let target = format!("http://{host}/");
    let absolute = format!("GET {target} HTTP/1.1\r\n{own}Cookie: {cookie}\r\n\r\n");
    assert_eq!(bench.raw(absolute.as_bytes()).await.status, 403);
}

#[tokio::test]
async fn without_the_cookie_nothing_is_there() {
    let mut bench = Bench::new().await;
    let port = bench.server.address().port();
    for cookie in
        ["", "x=y", &format!("couplet-{port}="), &format!("couplet-{port}={}", bench.key())]
    {
        cookie.clone_into(&mut bench.cookie);
        for (method, target) in [
            ("GET", "/"),
            ("GET", "/assets/main.js"),
            ("GET", "/api/line"),
            ("POST", "/api/uploads"),
            ("PUT", "/api/uploads/1?path=a"),
            ("POST", "/api/uploads/1/send"),
            ("DELETE", "/api/uploads/1"),
            ("GET", "/api/received/1"),
            ("GET", "/api/transcript"),
            ("GET", "/none"),
        ] {
            let answer = bench.ask(method, target, b"").await;
            assert_eq!(answer.status, 403, "{method} {target} with {cookie:?}");
            if target.starts_with("/api/") {
                assert!(answer.error().contains("open the address"), "{answer:?}");
            }
        }
    }
    assert!(bench.spooled().is_empty());
}

#[tokio::test]
async fn what_is_no_http_1_1_gets_no_answer_of_use() {
    let bench = Bench::new().await;
    let own = format!("Host: {}\r\nCookie: {}\r\n", bench.host(), bench.cookie);
    let long = "x".repeat(100_000);
    for request in [
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n".to_owned(),
        "fin\r\n\r\n".to_owned(),
        format!("GET /{long} HTTP/1.1\r\n{own}\r\n"),
        format!("GET / HTTP/1.1\r\n{own}X: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{own}{}\r\n", "X: y\r\n".repeat(100)),
        format!("GET / HTTP/1.1\r\n{own} folded\r\n\r\n"),
        format!("POST /api/uploads HTTP/1.1\r\n{own}Content-Length: 1, 2\r\n\r\n"),
    ] {
        let answer = bench.raw(request.as_bytes()).await;
        assert!(matches!(answer.status, 0 | 400 | 414 | 431), "{request:.300}: {answer:?}");
        assert!(answer.body.is_empty(), "{answer:?}");
    }
    let answer = bench.get("/", "").await;
    assert_eq!(answer.status, 200, "it lives");
}

#[tokio::test]
async fn half_a_head_and_silence_are_closed() {
    let head = Duration::from_millis(200);
    let bench = Bench::with(Patience { head, ..Patience::default() }).await;
    for beginning in ["", "GET", "GET / HTTP/1.1\r\nHost: x\r\n"] {
        let mut socket = bench.connect().await;
        socket.write_all(beginning.as_bytes()).await.expect("written");
        let answer = Answer::new(&rest(&mut socket).await);
        assert!(matches!(answer.status, 0 | 408), "{answer:?}");
    }
    // One that was kept open after an answer, too.
    let mut socket = bench.connect().await;
    let request =
        format!("GET / HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n", bench.host(), bench.cookie);
    socket.write_all(request.as_bytes()).await.expect("written");
    assert_eq!(Answer::new(&rest(&mut socket).await).status, 200);
    // More silent ones than are served at once keep nobody out for longer than that.
    let mut silent = Vec::new();
    for _ in 0..accepting::MAX_CONNECTIONS + 10 {
        silent.push(bench.connect().await);
    }
    assert_eq!(bench.get("/", "").await.status, 200);
}

#[tokio::test]
async fn a_port_that_is_taken_is_passed_over_unless_it_was_asked_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let start = |listen| Server::start(listen, dir.path().to_owned(), Vec::new());
    let (first, _heard) = start(None).await.expect("a server");
    let (second, _also_heard) = start(None).await.expect("another");
    assert!(first.address().ip().is_loopback());
    assert_ne!(first.address(), second.address());
    assert_ne!(first.url(), second.url());
    let taken = start(Some(first.address())).await.expect_err("taken");
    assert!(taken.to_string().contains("--listen"), "{taken}");
    assert!(first.url().starts_with(&format!("http://{}/?key=", first.address())));
    let (everywhere, _heard_everywhere) =
        start(Some(([0, 0, 0, 0], 0).into())).await.expect("a server");
    assert!(everywhere.url().starts_with("http://127.0.0.1:"), "{}", everywhere.url());
}

#[tokio::test]
async fn a_spool_that_cannot_be_made_is_said() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("file");
    std::fs::write(&file, "").expect("written");
    let listen = Some(([127, 0, 0, 1], 0).into());
    let error =
        Server::start(listen, file.join("uploads"), Vec::new()).await.expect_err("no directory");
    assert!(error.to_string().contains("XDG_CACHE_HOME"), "{error}");
}

#[tokio::test]
async fn its_end_ends_connections_and_leaves_nothing() {
    let bench = Bench::new().await;
    let upload = bench.upload().await;
    assert_eq!(bench.ask("PUT", &format!("{upload}?path=a/b.txt"), b"b").await.status, 200);
    let mut socket = bench.connect().await;
    socket.write_all(b"GET / HTTP/1.1\r\n").await.expect("written");
    let Bench { server, heard, dir, .. } = bench;
    drop(heard);
    drop(server);
    assert_eq!(std::fs::read_dir(dir.path().join("uploads")).expect("there").count(), 0);
    assert!(rest(&mut socket).await.is_empty());
}
