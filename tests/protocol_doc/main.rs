//! Keeps `docs/PROTOCOL.md` true: every example is read and written with the real types, every table
//! is held against the real names and numbers. (The test vectors of sealing are checked beside the
//! code, in `src/seal/vectors.rs`, as they need what is private there.)
//!
//! What the document must have is asked from the types by matches without a wildcard, so that a new
//! variant doesn't compile here until it has a name, and then fails until it is documented.
//!
//! This file reads the document; [`messages`] checks the examples, [`tables`] the tables,
//! [`shelf`] both of the shelf, and [`session`] the session in bytes.

mod messages;
mod session;
mod shelf;
mod tables;

use couplet::limits::GROUP;
use couplet::transfer::tree::{self, HashTree};
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/PROTOCOL.md");

/// The names that the variants of a type with fields have on the wire, and a function that tells the
/// name of a value.
macro_rules! names {
    ($Type:ident$(<$life:lifetime>)?: $($variant:ident = $name:literal)* $(; except $exception:ident)?) => {{
        fn name_of(value: &$Type$(<$life>)?) -> &'static str {
            match value {
                $($Type::$variant { .. } => $name,)*
                $($Type::$exception => panic!("an example of nothing"),)?
            }
        }
        (BTreeSet::from([$($name),*]), name_of as fn(&$Type$(<$life>)?) -> &'static str)
    }};
}

use names;

/// A fenced block: its info string, its text, and the line that it begins on.
struct Block {
    info: &'static str,
    text: String,
    line: usize,
}

/// The fenced blocks whose info string begins with `language` and goes on.
fn blocks(language: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in DOCUMENT.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => {
                open = Some(Block { info, text: String::new(), line: index + 1 });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text = format!("{}{line}\n", block.text),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block of the document has no end");
    blocks.retain(|block| block.info.split(' ').next() == Some(language));
    blocks
}

/// The texts of the blocks of JSON with this info string, at least one.
fn examples(of: &str) -> Vec<String> {
    let info = format!("json {of}");
    let found: Vec<_> =
        blocks("json").into_iter().filter(|b| b.info == info).map(|b| b.text).collect();
    assert!(!found.is_empty(), "no example of {of}");
    found
}

/// The rows of the one table with this heading, as cells without their backticks.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let mut tables = 0;
    let mut rows = Vec::new();
    let mut lines = DOCUMENT.lines();
    while let Some(line) = lines.next() {
        if line == heading {
            tables += 1;
            lines.next();
            rows.extend(lines.by_ref().take_while(|line| line.starts_with('|')).map(cells));
        }
    }
    assert_eq!(tables, 1, "tables with the heading {heading}");
    rows
}

fn cells(row: &'static str) -> Vec<&'static str> {
    row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()
}

/// The first cells of a table.
fn first_cells(heading: &str) -> Vec<&'static str> {
    table(heading).into_iter().map(|row| row[0]).collect()
}

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("an example is JSON")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// The checksum of a lawful piece of a file of so many zero bytes.
fn zeros_checksum(size: u64, offset: u64, len: u64) -> tree::Hash {
    assert!(tree::is_piece(Some(size), offset, len), "{len} bytes at {offset} of {size}");
    tree::piece_hash(offset, &vec![0; usize::try_from(len).expect("small")]).chain
}

/// The root of a file of so many zero bytes, from its pieces.
fn zeros_root(size: u64) -> tree::Hash {
    let data = vec![0; usize::try_from(size).expect("small")];
    let mut tree = HashTree::new();
    let mut offset = 0;
    while let Some(len) = tree::group_len(size, offset) {
        let start = usize::try_from(offset).expect("small");
        let end = usize::try_from(offset + len).expect("small");
        tree.insert(offset, len, &tree::piece_hash(offset, &data[start..end]));
        tree.finish_group(offset, len);
        offset += GROUP;
    }
    let root = tree.root(size).expect("all pieces");
    assert_eq!(root, *blake3::hash(&data).as_bytes(), "a root is the plain BLAKE3 of the file");
    root
}

#[test]
fn every_block_is_of_a_form_that_is_checked() {
    const LANGUAGES: [&str; 4] = ["json", "hex", "text", "vectors"];
    const JSON: [&str; 12] = [
        "json client-to-relay",
        "json relay-to-client",
        "json shelf-to-client",
        "json client-to-shelf",
        "json words",
        "json peer-signal",
        "json pipe-hello",
        "json pipe-close",
        "json pipe-skip",
        "json pipe-end",
        "json pipe-abort",
        "json pipe-answer",
    ];
    for block in blocks("json") {
        assert!(JSON.contains(&block.info), "line {}: {}", block.line, block.info);
    }
    for block in blocks("vectors") {
        assert!(block.info.starts_with("vectors with"), "line {}: {}", block.line, block.info);
    }
    let known: usize = LANGUAGES.iter().map(|language| blocks(language).len()).sum();
    assert_eq!(known, DOCUMENT.lines().filter(|line| line.starts_with("```")).count() / 2);
    assert!(blocks("").is_empty(), "a block without an info string");
}
