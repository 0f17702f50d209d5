//! The wire to a real browser: a `chromedriver` process, spoken with by the W3C's `WebDriver` protocol.
//!
//! Owns the process, the one HTTP request that there is, and the flags that keep the browser by itself:
//! it has a home of its own and reaches nothing but this machine.

use super::PATIENCE;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The longest that a wait within a page may take by this protocol: the tests' own limits are below it.
const LONGEST: Duration = Duration::from_mins(10);

const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--no-proxy-server",
    "--password-store=basic",
    // Nothing but this machine has an address.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.*, EXCLUDE localhost",
    // A window behind another one is somebody's, too.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--enable-precise-memory-info",
    "--window-size=1440,900",
];

/// How often a driver is started at most. It takes a port that is free for IPv4 and then the same for IPv6, and
/// ends if that isn't free.
const STARTS: usize = 5;

/// What a command was refused with.
#[derive(Debug)]
pub struct Refused {
    /// The protocol's name for it, such as `stale element reference`.
    pub error: String,
    pub message: String,
}

/// A browser without a window that anybody sees. It ends when this is dropped, with all of its processes.
pub struct Session {
    driver: Child,
    port: u16,
    path: String,
    browser: Option<Pid>,
    /// The tab that commands go to.
    pub tab: RefCell<String>,
    _home: TempDir,
}

impl Session {
    /// Starts one.
    pub fn start() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let started = (0..STARTS).find_map(|_| driver(home.path()));
        let (driver, port) = started.expect("a chromedriver that listens");
        let mut flags: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push(format!("--user-data-dir={}", home.path().join("data").display()));
        let tab = RefCell::default();
        let path = "/session".to_owned();
        let mut session = Self { driver, port, path, browser: None, tab, _home: home };
        let options = json!({ "args": flags, "prefs": { "download.prompt_for_download": false } });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": options,
            "timeouts": { "script": LONGEST.as_millis(), "pageLoad": 60_000 },
            "unhandledPromptBehavior": "accept",
        }}});
        let made = session.call("POST", "", &wanted).expect("a browser");
        session.path = format!("/session/{}", made["sessionId"].as_str().expect("a session"));
        let pid = made["capabilities"]["goog:processID"].as_i64();
        session.browser = pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        let tab = session.call("GET", "/window", &Value::Null).expect("a tab");
        session.tab.replace(tab.as_str().expect("a name").to_owned());
        session
    }

    /// Says a command of the session.
    ///
    /// # Errors
    /// What it was refused with.
    pub fn call(&self, method: &str, what: &str, body: &Value) -> Result<Value, Refused> {
        let answer = self.ask(method, &format!("{}{what}", self.path), body);
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        let value = answer["value"].clone();
        let Some(error) = value.get("error").and_then(Value::as_str) else { return Ok(value) };
        let message = value["message"].as_str().unwrap_or_default();
        let message = message.lines().next().unwrap_or_default().to_owned();
        Err(Refused { error: error.to_owned(), message })
    }

    /// Says a command of Chromium's own protocol.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.call("POST", "/goog/cdp/execute", &body)
            .unwrap_or_else(|refused| panic!("{command}: {refused:?}"))
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> String {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a live driver");
        stream.set_read_timeout(Some(LONGEST + PATIENCE)).expect("a socket");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {}\r\n\
             Content-Type: application/json\r\nConnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).expect("it reads");
        let mut stream = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).expect("an answer");
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line.is_empty() {
                break;
            }
        }
        let mut answer = vec![0; length];
        stream.read_exact(&mut answer).expect("all of it");
        String::from_utf8(answer).expect("text")
    }
}

/// Starts a driver; gives the port that it has chosen, too, unless somebody else had that first.
fn driver(home: &Path) -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home)
        .env("XDG_CACHE_HOME", home)
        .env("TZ", "UTC")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("chromedriver; run_tests.sh installs it");
    let mut stdout = BufReader::new(driver.stdout.take().expect("its output"));
    let Some(port) = port(&mut stdout) else {
        driver.wait().expect("an end");
        return None;
    };
    std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    Some((driver, port))
}

/// The port that the driver has chosen, from what it prints; none if it ends.
fn port(stdout: &mut impl BufRead) -> Option<u16> {
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).expect("text") == 0 {
            return None;
        }
        if let Some((_, port)) = line.trim().split_once("started successfully on port ") {
            return Some(port.trim_end_matches('.').parse().expect("a port"));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Neither may listen any more.
        if self.browser.is_some() {
            let end =
                format!("DELETE {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", self.path, self.port);
            if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
                let _ = stream.set_read_timeout(Some(PATIENCE));
                let _ = stream.write_all(end.as_bytes());
                let _ = stream.read(&mut [0; 1024]);
            }
        }
        let _ = kill_process_group(Pid::from_child(&self.driver), Signal::KILL);
        if let Some(browser) = self.browser {
            let _ = kill_process_group(browser, Signal::KILL);
        }
        let _ = self.driver.wait();
    }
}
