//! Every target without libFuzzer: its whole corpus, then inputs that are much like it, for a while.
//!
//! `COUPLET_FUZZ_SECONDS` says for how long (2 of each target), `COUPLET_SEED` which inputs. What fails
//! is shown as hex with its seed, and put into `artifacts/TARGET/`.

use couplet_fuzz::mutator::{Mutator, words};
use couplet_fuzz::targets::{ALL, Target};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longer than any input takes, on a machine that does much else.
const HANGS_AFTER: Duration = Duration::from_mins(1);

/// The longest input that is made; the machines' targets do something for every few bytes.
const MAX_LEN: usize = 2048;

macro_rules! tests {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            run(stringify!($name));
        })*

        #[test]
        fn every_target_is_tested() {
            let tested = [$(stringify!($name)),*];
            let targets: Vec<_> = ALL.iter().map(|(name, _)| *name).collect();
            assert_eq!(tested[..], targets, "the list in this file, and targets::ALL");
        }
    };
}

tests! {
    frame message peer_body sealed_body record exchange code names transfer_step text safe_path
    journal room room_record logins session kept sender receiver plain upload
}

#[test]
fn every_target_is_a_program_of_libfuzzers_too() {
    let read = |file: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let (manifest, table) = (read("Cargo.toml"), read("README.md"));
    for (name, _) in ALL {
        assert!(read(&format!("targets/{name}.rs")).contains(&format!("{name}::run(data)")));
        assert!(manifest.contains(&format!("[[bin]]\nname = \"{name}\"\n")), "no [[bin]] {name}");
        assert!(table.contains(&format!("| `{name}` |")), "no {name} in the table of README.md");
    }
}

/// An input, and what it is, for whoever looks when it fails.
type Current = Arc<Mutex<(String, Vec<u8>)>>;

fn run(name: &'static str) {
    let (_, target) = *ALL.iter().find(|(known, _)| *known == name).expect("a target");
    let current = Current::default();
    let (ticks, ticked) = mpsc::channel();
    let worker = {
        let current = Arc::clone(&current);
        std::thread::spawn(move || inputs(name, target, &current, &ticks))
    };
    // A tick comes after every input, and the end when there are no more.
    loop {
        match ticked.recv_timeout(HANGS_AFTER) {
            Ok(()) => {}
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => fail(name, &current, "hangs"),
        }
    }
    if worker.join().is_err() {
        fail(name, &current, "fails (the panic is above)");
    }
}

fn inputs(name: &str, target: Target, current: &Current, ticks: &mpsc::Sender<()>) {
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "there is no corpus in {}", folder("corpus", name).display());
    let run = |what: String, input: Vec<u8>| {
        *current.lock().unwrap_or_else(PoisonError::into_inner) = (what, input.clone());
        target(&input);
        let _ = ticks.send(());
    };
    for (file, input) in &corpus {
        run(format!("the file {}", file.display()), input.clone());
    }
    let corpus: Vec<_> = corpus.into_iter().map(|(_, input)| input).collect();
    let seed = setting("COUPLET_SEED", 1);
    let dictionary = Path::new(env!("CARGO_MANIFEST_DIR")).join("words.dict");
    let dictionary = std::fs::read_to_string(dictionary).expect("the dictionary");
    let mut mutator = Mutator::new(seed, words(&dictionary), MAX_LEN);
    let until = now() + Duration::from_secs(setting("COUPLET_FUZZ_SECONDS", 2));
    let mut number = 0_u64;
    while now() < until {
        number += 1;
        run(format!("input {number} of seed {seed}"), mutator.input(&corpus));
    }
    println!("{name}: {} files, {number} inputs of seed {seed}", corpus.len());
}

#[expect(clippy::disallowed_methods, reason = "how long it runs is all that hangs on it")]
fn now() -> Instant {
    Instant::now()
}

fn fail(name: &str, current: &Current, how: &str) -> ! {
    let (what, input) = &*current.lock().unwrap_or_else(PoisonError::into_inner);
    let hex = input.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let folder = folder("artifacts", name);
    let file = folder.join(format!("crash-{}", &blake3::hash(input).to_hex()[..16]));
    let kept = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, input));
    let kept = kept.map_or_else(|error| error.to_string(), |()| file.display().to_string());
    panic!("target {name} {how} on {what}\n{} bytes: {hex}\nkept in: {kept}", input.len());
}

/// The corpus of a target, in the order of names, so that a seed means the same everywhere.
fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(folder) = std::fs::read_dir(folder("corpus", name)) else { return Vec::new() };
    let mut files: Vec<_> = folder.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let read = |file: PathBuf| {
        let input = std::fs::read(&file).expect("a file that can be read");
        (file, input)
    };
    files.into_iter().map(read).collect()
}

fn folder(of: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(of).join(name)
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().expect("a number"))
}
