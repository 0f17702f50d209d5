//! A page in a real browser, looked at and used as by somebody who sits in front of it.
//!
//! Elements are named by their `data-test`. Every wait is for something to happen, in the page itself;
//! after its limit it fails, showing the page's text and where a picture of it lies.

use super::PATIENCE;
use super::terminal::now;
use super::webdriver::{Refused, Session};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

/// Enter, as `WebDriver` writes it.
pub const ENTER: &str = "\u{e007}";

/// Notes what goes wrong in a page, from its first moment on.
const WATCH: &str = "
    window.faults = [];
    const note = (text) => window.faults.push(text);
    addEventListener('securitypolicyviolation', (e) => note(`policy: ${e.effectiveDirective} ${e.blockedURI}`));
    addEventListener('error', (e) => note(`error: ${e.message}`));
    addEventListener('unhandledrejection', (e) => note(`rejection: ${e.reason}`));
";

/// What scripts of tests may use: `find(hook)`, `all(hook)` (those that begin so) and `seen(element)`.
const HELPERS: &str = "
    const find = (hook) => document.querySelector(`[data-test=\"${CSS.escape(hook)}\"]`);
    const all = (hook) => [...document.querySelectorAll(`[data-test^=\"${CSS.escape(hook)}\"]`)];
    const seen = (e) => Boolean(e) && e.checkVisibility({ visibilityProperty: true });
    const text = (e) => e.value === undefined || e.matches('button, li, progress') ? e.textContent : e.value;
";

/// A tab.
pub struct Page {
    session: Rc<Session>,
    tab: String,
    name: String,
}

impl Page {
    /// A browser that shows this address.
    pub fn open(name: &str, url: &str) -> Self {
        let session = Rc::new(Session::start());
        let tab = session.tab.borrow().clone();
        let page = Self { session, tab, name: name.to_owned() };
        page.prepare(url);
        page
    }

    /// Another tab of the same browser that shows this address.
    pub fn beside(&self, name: &str, url: &str) -> Self {
        let made = self.call("POST", "/window/new", &json!({ "type": "tab" })).expect("a tab");
        let tab = made["handle"].as_str().expect("a name").to_owned();
        let page = Self { session: Rc::clone(&self.session), tab, name: name.to_owned() };
        page.prepare(url);
        page
    }

    fn prepare(&self, url: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": WATCH }));
        self.go(url);
    }

    /// Shows another address.
    pub fn go(&self, url: &str) {
        self.call("POST", "/url", &json!({ "url": url })).expect("an address");
    }

    pub fn reload(&self) {
        self.call("POST", "/refresh", &json!({})).expect("a page");
    }

    /// Closes the tab.
    pub fn close(self) {
        self.call("DELETE", "/window", &Value::Null).expect("a tab");
    }

    /// Waits until an element is in sight with this text in it; of a field, its value.
    pub fn sees(&self, hook: &str, wanted: &str) {
        self.sees_within(PATIENCE, hook, wanted);
    }

    /// The same, for what takes its time.
    pub fn sees_within(&self, limit: Duration, hook: &str, wanted: &str) {
        let what = format!("{wanted:?} in {hook}");
        let is_so = "const e = find(args[0]); return seen(e) && text(e).includes(args[1]);";
        self.waits_within(limit, &what, is_so, &json!([hook, wanted]));
    }

    /// Waits until an element isn't in sight, or not with this text.
    pub fn misses(&self, hook: &str, unwanted: &str) {
        let what = format!("no {unwanted:?} in {hook}");
        let is_so = "const e = find(args[0]); return !(seen(e) && text(e).includes(args[1]));";
        self.waits(&what, is_so, &json!([hook, unwanted]));
    }

    /// Waits until this script gives something true; gives that.
    pub fn waits(&self, what: &str, script: &str, args: &Value) -> Value {
        self.waits_within(PATIENCE, what, script, args)
    }

    /// The same with another limit. The page itself looks, whenever it has drawn or a moment went by.
    pub fn waits_within(&self, limit: Duration, what: &str, script: &str, args: &Value) -> Value {
        let waiting = format!(
            "const [args, limit, done] = arguments; {HELPERS}
            const since = performance.now();
            const isSo = () => {{ {script} }};
            const look = () => {{
                let so = false;
                try {{ so = isSo(); }} catch (error) {{ return done([false, String(error)]); }}
                if (so || performance.now() - since > limit) return done([Boolean(so), so]);
                setTimeout(look, 10);
            }};
            look();"
        );
        let start = now();
        while let Some(left) = limit.checked_sub(now() - start) {
            let left = u64::try_from(left.as_millis()).expect("a limit");
            let body = json!({ "script": waiting, "args": [args, left] });
            match self.call("POST", "/execute/async", &body) {
                Ok(answer) if answer[0] == true => return answer[1].clone(),
                Ok(answer) if answer[1].is_string() => panic!("{what}: {}", answer[1]),
                Ok(_) => break,
                // A page that is loaded again meanwhile is looked at again.
                Err(refused) if refused.message.contains("document unloaded") => {}
                Err(refused) => panic!("{what}: {refused:?}"),
            }
        }
        panic!("{} never saw {what}; the page is\n{}", self.name, self.told());
    }

    /// What this script gives now.
    pub fn asks(&self, script: &str, args: &Value) -> Value {
        let script = format!("const [args] = arguments; {HELPERS} {script}");
        self.call("POST", "/execute/sync", &json!({ "script": script, "args": [args] }))
            .unwrap_or_else(|refused| panic!("{refused:?} by\n{script}"))
    }

    /// What this script calls `done` with.
    pub fn asks_later(&self, script: &str, args: &Value) -> Value {
        let script = format!("const [args, done] = arguments; {HELPERS} {script}");
        self.call("POST", "/execute/async", &json!({ "script": script, "args": [args] }))
            .unwrap_or_else(|refused| panic!("{refused:?} by\n{script}"))
    }

    /// The text of an element, or its value.
    pub fn text(&self, hook: &str) -> String {
        let text = self.asks("return text(find(args[0]))", &json!([hook]));
        text.as_str().expect("a text").trim().to_owned()
    }

    /// Waits until an element can be pressed, and presses it.
    pub fn click(&self, hook: &str) {
        self.with(hook, |element| self.call("POST", &format!("{element}/click"), &json!({})));
    }

    /// Writes into a field, after what stands there.
    pub fn write(&self, hook: &str, text: &str) {
        let body = json!({ "text": text });
        self.with(hook, |element| self.call("POST", &format!("{element}/value"), &body));
    }

    /// Writes a line and enters it.
    pub fn enter(&self, hook: &str, text: &str) {
        self.write(hook, &format!("{text}{ENTER}"));
    }

    /// Chooses a way of a list.
    pub fn choose(&self, hook: &str, value: &str) {
        let set = "const e = find(args[0]); e.value = args[1];
            e.dispatchEvent(new Event('change', { bubbles: true })); return e.value";
        assert_eq!(self.asks(set, &json!([hook, value])), value);
    }

    /// Gives files to a picker, which is nowhere in sight.
    pub fn upload(&self, hook: &str, paths: &[&Path]) {
        let paths: Vec<_> = paths.iter().map(|path| path.to_str().expect("UTF-8")).collect();
        let element = self.element(hook).expect("a picker");
        self.call("POST", &format!("{element}/value"), &json!({ "text": paths.join("\n") }))
            .unwrap_or_else(|refused| panic!("{hook}: {refused:?}"));
    }

    /// From now on the browser saves what it is given to save in this new directory.
    pub fn saves_in(&self, dir: &Path) {
        std::fs::create_dir(dir).expect("a directory");
        let how = json!({ "behavior": "allow", "downloadPath": dir });
        self.devtools("Browser.setDownloadBehavior", &how);
    }

    /// Drags files and folders from the desktop over the page, and lets them go.
    pub fn drop_in(&self, paths: &[&Path]) {
        let paths: Vec<_> = paths.iter().map(|path| path.to_str().expect("UTF-8")).collect();
        let data = json!({ "items": [], "files": paths, "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({ "type": kind, "x": 200, "y": 200, "data": data });
            self.devtools("Input.dispatchDragEvent", &event);
        }
    }

    /// The number of the newest transfer of this name, once there is one.
    pub fn transfer(&self, name: &str) -> u64 {
        let script = "const rows = all('transfer-').filter((e) => e.matches('li'));
            const ids = rows.filter((e) => e.querySelector('.name').textContent === args[0])
                .map((e) => Number(e.dataset.test.split('-')[1]));
            return ids.length > 0 ? Math.max(...ids) : null;";
        let id = self.waits(&format!("a transfer of {name}"), script, &json!([name]));
        id.as_u64().expect("a number")
    }

    /// Waits until what was said has this mark: `sent`, `taken` or `shown`.
    pub fn marked(&self, said: &str, mark: &str) {
        let script = "return [...document.querySelectorAll('.entry[data-who=me]')].some((e) =>
            e.textContent.includes(args[0]) && e.querySelector('.mark').dataset.mark === args[1]);";
        self.waits(&format!("{said:?} marked as {mark}"), script, &json!([said, mark]));
    }

    /// Nothing has gone wrong in the page.
    pub fn is_sound(&self) {
        let faults = self.asks("return window.faults", &Value::Null);
        assert_eq!(faults, json!([]), "in the page of {}", self.name);
    }

    /// A command of Chromium's own.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.turn();
        self.session.devtools(command, parameters)
    }

    /// A picture of what is in sight, as a PNG.
    pub fn picture(&self) -> Vec<u8> {
        let picture = self.call("GET", "/screenshot", &Value::Null).expect("a picture");
        STANDARD.decode(picture.as_str().expect("base64")).expect("base64")
    }

    /// Says a command of the protocol about this tab.
    ///
    /// # Errors
    /// What it was refused with.
    pub fn call(&self, method: &str, what: &str, body: &Value) -> Result<Value, Refused> {
        self.turn();
        self.session.call(method, what, body)
    }

    /// Turns to this tab, if the last command was about another one.
    fn turn(&self) {
        if *self.session.tab.borrow() == self.tab {
            return;
        }
        let tab = json!({ "handle": self.tab });
        self.session.call("POST", "/window", &tab).expect("a tab");
        self.session.tab.replace(self.tab.clone());
    }

    /// Does something with an element, as soon as it lets itself be used.
    fn with(&self, hook: &str, act: impl Fn(&str) -> Result<Value, Refused>) {
        self.sees(hook, "");
        let start = now();
        loop {
            let done = self.element(hook).and_then(|element| act(&element));
            let Err(Refused { error, message }) = done else { return };
            let in_the_way = matches!(
                error.as_str(),
                "element click intercepted"
                    | "element not interactable"
                    | "no such element"
                    | "stale element reference"
            );
            let is_over = !in_the_way || now() - start > PATIENCE;
            assert!(!is_over, "{hook}: {error}: {message}; the page is\n{}", self.told());
        }
    }

    /// The path of an element.
    fn element(&self, hook: &str) -> Result<String, Refused> {
        let how = json!({ "using": "css selector", "value": format!("[data-test={hook:?}]") });
        let found = self.call("POST", "/element", &how)?;
        let id = found.as_object().and_then(|found| found.values().next()?.as_str());
        Ok(format!("/element/{}", id.expect("a number")))
    }

    /// The page's text, and where its picture is.
    fn told(&self) -> String {
        let script =
            "return `${location.href}\\n${document.body.innerText}\\nfaults: ${window.faults}`";
        let text = self.call("POST", "/execute/sync", &json!({ "script": script, "args": [] }));
        let text = text.map_or_else(|e| format!("{e:?}"), |t| t.as_str().unwrap_or("").to_owned());
        let path = place_for(&self.name);
        let drawn = std::fs::write(&path, self.picture());
        format!("{text}\n{}", drawn.map_or_else(|e| e.to_string(), |()| path.display().to_string()))
    }
}

/// Where a failed test leaves the picture.
fn place_for(name: &str) -> PathBuf {
    let test = std::thread::current().name().unwrap_or("test").replace("::", "-");
    let dir = option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
    dir.join(format!("{test}-{name}.png"))
}
