//! The page: its files, which are part of the program.
//!
//! Owns the table of them. Nothing is read from the disk, so no address can lead elsewhere.

/// One file of the page.
#[derive(Debug)]
pub(super) struct Asset {
    /// What it is called.
    pub(super) name: &'static str,
    /// What a browser is to take it for.
    pub(super) kind: &'static str,
    /// What is in it.
    pub(super) bytes: &'static [u8],
}

/// The page itself.
pub(super) const PAGE: &str = "index.html";

macro_rules! assets {
    ($($name:literal is $kind:literal),* $(,)?) => {
        &[$(Asset {
            name: $name,
            kind: $kind,
            bytes: include_bytes!(concat!("assets/", $name)),
        }),*]
    };
}

const ASSETS: &[Asset] = assets![
    "chart.js" is "text/javascript; charset=utf-8",
    "clipboard.js" is "text/javascript; charset=utf-8",
    "composer.js" is "text/javascript; charset=utf-8",
    "conversation.css" is "text/css; charset=utf-8",
    "conversation.js" is "text/javascript; charset=utf-8",
    "dialogs.css" is "text/css; charset=utf-8",
    "dialogs.js" is "text/javascript; charset=utf-8",
    "dom.js" is "text/javascript; charset=utf-8",
    "drop.js" is "text/javascript; charset=utf-8",
    "ended.js" is "text/javascript; charset=utf-8",
    "favicon.svg" is "image/svg+xml",
    "gather.js" is "text/javascript; charset=utf-8",
    "guide.js" is "text/javascript; charset=utf-8",
    "header.js" is "text/javascript; charset=utf-8",
    "help.js" is "text/javascript; charset=utf-8",
    "index.html" is "text/html; charset=utf-8",
    "keys.js" is "text/javascript; charset=utf-8",
    "layout.css" is "text/css; charset=utf-8",
    "limit.js" is "text/javascript; charset=utf-8",
    "line.js" is "text/javascript; charset=utf-8",
    "main.js" is "text/javascript; charset=utf-8",
    "prose.js" is "text/javascript; charset=utf-8",
    "shelf.js" is "text/javascript; charset=utf-8",
    "standing.js" is "text/javascript; charset=utf-8",
    "start.js" is "text/javascript; charset=utf-8",
    "theme.css" is "text/css; charset=utf-8",
    "transfers.css" is "text/css; charset=utf-8",
    "transfers.js" is "text/javascript; charset=utf-8",
    "uploads.js" is "text/javascript; charset=utf-8",
    "verify.js" is "text/javascript; charset=utf-8",
    "views.js" is "text/javascript; charset=utf-8",
    "words.js" is "text/javascript; charset=utf-8",
];

/// The file of this name.
pub(super) fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn the_table_is_the_directory() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/assets");
        let there: BTreeSet<String> = std::fs::read_dir(directory)
            .expect("the directory")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"))
            .collect();
        let listed: BTreeSet<String> = ASSETS.iter().map(|asset| asset.name.to_owned()).collect();
        assert_eq!(listed, there);
        assert_eq!(listed.len(), ASSETS.len(), "each once");
    }

    #[test]
    fn each_is_what_its_name_says() {
        for asset in ASSETS {
            let extension =
                Path::new(asset.name).extension().and_then(|extension| extension.to_str());
            let kind = match extension {
                Some("html") => "text/html; charset=utf-8",
                Some("js") => "text/javascript; charset=utf-8",
                Some("css") => "text/css; charset=utf-8",
                Some("svg") => "image/svg+xml",
                other => panic!("{}: a new kind, {other:?}", asset.name),
            };
            assert_eq!(asset.kind, kind, "{}", asset.name);
            assert!(!asset.bytes.is_empty(), "{}", asset.name);
        }
        assert!(asset(PAGE).is_some());
    }
}
