//! Streams and texts.

use super::*;
use couplet::limits::MAX_WINDOW;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

/// What is handed on, for the test to see.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Somebody who has stopped reading.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn storage(result: Result<(), Trouble>) -> String {
    match result {
        Err(Trouble::Refused(Fault::Storage, text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stream_hands_on_in_order_and_nothing_else() {
    let shared = Shared::default();
    let incoming = Incoming::stream(shared.clone());
    let entry = file("a", GROUP);
    let (held, growing) = open(&incoming, &entry);
    assert!(held.is_empty() && !incoming.is_there(&entry) && incoming.has_room(u64::MAX));
    growing.write(0, b"ab").expect("written");
    let text = storage(growing.write(0, b"x"));
    assert!(text.contains("in order"), "{text}");
    // What comes early waits for its turn.
    growing.write(100_002, b"c").expect("kept");
    growing.skip_hole(150_000, 50_000).expect("kept");
    assert_eq!(shared.0.lock().unwrap_or_else(PoisonError::into_inner).len(), 2);
    growing.skip_hole(2, 100_000).expect("zeros");
    growing.write(100_003, &vec![b'd'; 49_997]).expect("written");
    let full = vec![0; usize::try_from(MAX_WINDOW).expect("small")];
    let text = storage(growing.write(900_000, &full).and_then(|()| growing.write(9, b"x")));
    assert!(text.contains("in order"), "{text}");
    growing.note(Record::Flush).expect("nothing to note");
    assert_eq!(growing.held_from_before().count(), 0);
    assert!(growing.read_at(&mut [0], 0).is_err());
    growing.save(&entry).expect("saved");
    assert_eq!(incoming.finish(), Ok(String::new()));
    let bytes = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(
        (bytes.len(), &bytes[..3], &bytes[149_999..150_001]),
        (200_000, &b"ab\0"[..], &b"d\0"[..])
    );
    assert_eq!(&bytes[100_001..100_004], b"\0cd");
    unlawful(incoming.open(0, &file("b", 1), false).map(drop));
    for entry in [folder("t"), link("t/l", "x"), twin("t/b", "t/a")] {
        unlawful(incoming.make(&entry));
    }
}

#[test]
fn holes_cannot_wait_without_end() {
    let incoming = Incoming::stream(Shared::default());
    let (_, growing) = open(&incoming, &file("a", 1 << 60));
    let refused = (1..).find_map(|at| growing.skip_hole(at * GROUP, GROUP).err().map(|e| (at, e)));
    let (at, trouble) = refused.expect("an end");
    assert!(at < 10_000, "{at}");
    assert!(storage(Err(trouble)).contains("in order"));
}

#[test]
fn a_reader_that_has_gone_is_told() {
    let incoming = Incoming::stream(Gone);
    let text = storage(open(&incoming, &file("a", 3)).1.write(0, b"abc"));
    assert!(text.contains("has stopped"), "{text}");
}

#[test]
fn a_text_is_kept_up_to_its_bound() {
    let incoming = Incoming::text();
    let entry = file("text", 5);
    let (_, growing) = open(&incoming, &entry);
    growing.write(3, b"lo").expect("written");
    growing.write(0, b"hel").expect("written");
    assert_eq!(incoming.take_text(), None, "it isn't whole");
    growing.save(&entry).expect("saved");
    assert_eq!(incoming.take_text(), Some(b"hello".to_vec()));
    let most = super::super::MAX_TEXT;
    unlawful(Incoming::text().open(0, &file("text", most + 1), false).map(drop));
    let incoming = Incoming::text();
    let (_, growing) = open(&incoming, &file("text", most));
    growing.write(0, &content(most)).expect("so much fits");
    unlawful(growing.write(most, b"x"));
    unlawful(growing.write(u64::MAX, b"x"));
    unlawful(growing.skip_hole(most, u64::MAX));
}
