//! The relay is built without anything that could open what it moves.
//!
//! What the relay is made of is asked of cargo, as it is when the relay is built by itself: no crate
//! that seals, and the core without the feature `client`. The crypto library that TLS needs is there,
//! but not for the core.

use std::process::Command;

/// Crates that couplet seals with, or could seal with, by the beginning of their names.
const SEALING: &[&str] = &[
    "aead",
    "aes",
    "chacha20",
    "cpace",
    "crypto_box",
    "curve25519-dalek",
    "ed25519",
    "opaque-ke",
    "orion",
    "poly1305",
    "rand_chacha",
    "ring",
    "snow",
    "sodiumoxide",
    "spake2",
    "x25519",
    "xsalsa20",
];

/// What passwords of accounts are hashed with. A key could be made with it, but nothing be opened; see
/// below for who may use it.
const PASSWORD_HASH: &str = "argon2";

/// Who may use the crypto library in a relay: it itself, to start TLS, and TLS.
const USERS_OF_CRYPTO: &[&str] = &["couplet-relay", "rcgen", "rustls", "rustls-webpki"];

/// A package in a tree of dependencies.
#[derive(Debug)]
struct Node {
    /// The packages through which it comes in, from the root on, and its own name last.
    path: Vec<String>,
    /// Its features, with commas between.
    features: String,
}

impl Node {
    fn name(&self) -> &str {
        self.path.last().expect("its own name")
    }

    fn parent(&self) -> Option<&str> {
        self.path.iter().rev().nth(1).map(String::as_str)
    }

    fn comes_through(&self, package: &str) -> bool {
        self.path.iter().rev().skip(1).any(|above| above == package)
    }

    fn seals(&self) -> bool {
        SEALING.iter().any(|start| self.name().starts_with(start))
    }
}

/// What goes into a package when it is built by itself: every way to every dependency.
fn tree(package: &str) -> Vec<Node> {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--package", package, "--edges", "normal", "--locked", "--offline"])
        .args(["--no-dedupe", "--prefix", "depth", "--format", "{p}|{f}", "--color", "never"])
        .output()
        .expect("cargo, which runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("text");
    let mut path: Vec<String> = Vec::new();
    let node = |line: &str| {
        let name_at = line.find(|c: char| !c.is_ascii_digit()).expect("a name after the depth");
        let (depth, rest) = line.split_at(name_at);
        let (package, features) = rest.rsplit_once('|').expect("a package and its features");
        let name = package.split(' ').next().expect("a name before the version");
        path.truncate(depth.parse().expect("a depth"));
        path.push(name.to_owned());
        Node { path: path.clone(), features: features.to_owned() }
    };
    lines.lines().map(node).collect()
}

/// The core's features, wherever it comes in.
fn features_of_core(nodes: &[Node]) -> Vec<&str> {
    let core: Vec<_> = nodes.iter().filter(|node| node.name() == "couplet").collect();
    assert!(!core.is_empty(), "the core is in every tree");
    core.iter().flat_map(|node| node.features.split(',')).filter(|name| !name.is_empty()).collect()
}

#[test]
fn no_crate_that_seals_is_in_the_relay() {
    let nodes = tree("couplet-relay");
    let sealing: Vec<_> = nodes.iter().filter(|node| node.seals()).collect();
    assert!(sealing.is_empty(), "{sealing:#?}");
}

#[test]
fn the_core_in_the_relay_is_without_the_feature_that_seals() {
    let nodes = tree("couplet-relay");
    let features = features_of_core(&nodes);
    assert!(!features.contains(&"client"), "{features:?}");
}

#[test]
fn the_crypto_library_is_in_the_relay_for_tls_alone() {
    let nodes = tree("couplet-relay");
    let users: Vec<_> = nodes.iter().filter(|node| node.name() == "aws-lc-rs").collect();
    assert!(!users.is_empty(), "TLS needs it");
    for node in users {
        let user = node.parent().expect("somebody who uses it");
        assert!(USERS_OF_CRYPTO.contains(&user), "{:?}", node.path);
    }
    for node in nodes.iter().filter(|node| node.comes_through("couplet")) {
        // What wipes memory (zeroize) is there for passwords of the shelf, and can open nothing.
        assert!(!node.name().starts_with("aws-lc"), "the core brings it in: {:?}", node.path);
    }
}

#[test]
fn passwords_are_hashed_by_the_relay_alone() {
    let nodes = tree("couplet-relay");
    let users: Vec<_> = nodes.iter().filter(|node| node.name() == PASSWORD_HASH).collect();
    assert!(!users.is_empty(), "accounts need it");
    for node in users {
        assert_eq!(node.parent(), Some("couplet-relay"), "{:?}", node.path);
    }
    let nodes = tree("couplet-ui");
    let users: Vec<_> = nodes.iter().filter(|node| node.name() == PASSWORD_HASH).collect();
    assert!(users.is_empty(), "nothing is sealed with it: {users:#?}");
}

/// So that the tests above can't pass because they look in the wrong way.
#[test]
fn the_same_questions_find_sealing_in_the_client() {
    let nodes = tree("couplet-ui");
    assert!(features_of_core(&nodes).contains(&"client"));
    for name in ["spake2", "curve25519-dalek", "aws-lc-rs", "zeroize"] {
        let through_core = |node: &Node| node.name() == name && node.parent() == Some("couplet");
        assert!(nodes.iter().any(through_core), "{name}");
    }
    assert!(nodes.iter().any(Node::seals));
}
