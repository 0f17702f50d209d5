//! Whether everybody can use the page: axe-core finds nothing to say about any state of it, dark or
//! light, on a phone or a desk, and nothing is wider than the window.
//!
//! With `COUPLET_SCREENSHOTS=DIR` it leaves a picture of each there, to be looked at.

mod tour;

use crate::support::browser::Page;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const SCHEMES: [&str; 2] = ["dark", "light"];
/// A phone, a tablet and a desk.
const SIZES: [(u32, u32); 3] = [(390, 844), (768, 1024), (1440, 900)];

/// What is wrong, and how many rules found something to look at and nothing wrong with it.
const CHECK: &str = "axe.run(document).then(
    ({ violations, passes }) => done([violations.flatMap(({ id, help, nodes }) => nodes.map((node) =>
        `${id}: ${help}: ${node.target} ${node.html.slice(0, 200)}: ${node.failureSummary}`)), passes.length]),
    (error) => done([[String(error)], 0]))";

/// What reaches beyond the window's sides, unless it ends with dots there, or is code, which is scrolled.
pub(crate) const OUTSIDE: &str = "
    const isEnded = (e) => e && (e.matches('pre') || getComputedStyle(e).textOverflow === 'ellipsis'
        || isEnded(e.parentElement));
    const isOut = (e) => {
        const { left, right, width, height } = e.getBoundingClientRect();
        return width > 1 && height > 1 && (right > innerWidth + 0.5 || left < -0.5);
    };
    const wide = document.documentElement.scrollWidth > innerWidth ? ['the page itself'] : [];
    return wide.concat([...document.body.querySelectorAll('*')]
        .filter((e) => seen(e) && isOut(e) && !e.closest('.skip') && !isEnded(e.parentElement))
        .map((e) => e.outerHTML.slice(0, 120)));";

/// Fewer rules than this apply to no page of ours.
const FEWEST: u64 = 15;

/// What was wrong, everywhere.
struct Inspection {
    axe: String,
    pictures: Option<PathBuf>,
    wrong: Vec<String>,
}

#[test]
fn no_state_of_the_page_shuts_anybody_out_or_is_wider_than_its_window() {
    let pictures = std::env::var_os("COUPLET_SCREENSHOTS").map(PathBuf::from);
    if let Some(dir) = &pictures {
        fs::create_dir_all(dir).expect("a directory");
    }
    let mut inspection = Inspection { axe: axe(), pictures, wrong: Vec::new() };
    tour::tour(&mut |page, state| inspection.inspect(page, state));
    let wrong = inspection.wrong;
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// The checker, where `run_tests.sh` puts it, or `COUPLET_AXE` says that it is.
fn axe() -> String {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe/axe.min.js");
    let path = std::env::var_os("COUPLET_AXE").map_or_else(usual, PathBuf::from);
    fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run_tests.sh installs it", path.display()))
}

impl Inspection {
    fn inspect(&mut self, page: &Page, state: &str) {
        if page.asks("return !window.axe", &Value::Null) == true {
            page.devtools("Runtime.evaluate", &json!({ "expression": self.axe }));
        }
        for scheme in SCHEMES {
            for (width, height) in SIZES {
                appear(page, scheme, width, height);
                let place = format!("{state}, {scheme}, {width} wide");
                let outside = page.asks(OUTSIDE, &Value::Null);
                for element in outside.as_array().expect("elements") {
                    self.wrong.push(format!("{place}: cut off at the side: {element}"));
                }
                if let Some(dir) = &self.pictures {
                    let name = format!("{}-{width}-{scheme}.png", state.replace(' ', "-"));
                    fs::write(dir.join(name), page.picture()).expect("written");
                }
                // Between the two it is laid out as on one of them.
                if width == SIZES[1].0 {
                    continue;
                }
                let found = page.asks_later(CHECK, &Value::Null);
                for fault in found[0].as_array().expect("faults") {
                    self.wrong.push(format!("{place}: {}", fault.as_str().expect("text")));
                }
                if found[1].as_u64().is_none_or(|looked| looked < FEWEST) {
                    self.wrong.push(format!("{place}: only {} rules have looked", found[1]));
                }
            }
        }
        page.devtools("Emulation.clearDeviceMetricsOverride", &json!({}));
    }
}

/// Shows the page so, and waits until it is drawn.
fn appear(page: &Page, scheme: &str, width: u32, height: u32) {
    let features = json!([
        { "name": "prefers-color-scheme", "value": scheme },
        { "name": "prefers-reduced-motion", "value": "reduce" },
    ]);
    page.devtools(
        "Emulation.setEmulatedMedia",
        &json!({ "media": "screen", "features": features }),
    );
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    page.devtools("Emulation.setDeviceMetricsOverride", &size);
    let drawn = "requestAnimationFrame(() => requestAnimationFrame(() => done(innerWidth)))";
    assert_eq!(page.asks_later(drawn, &Value::Null), width);
}
