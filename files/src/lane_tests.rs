//! Transfers over a lane, one after the other on one connection, and ends that die or lie.

use super::*;
use crate::common::{Common, Finding};
use crate::pipe::next_pipe;
use crate::receiving::{self, Incoming};
use crate::sending::{self, Sending};
use crate::source::{Source, WalkOptions};
use crate::target::Target;
use couplet::transfer::offer::OnCollision;
use couplet::transfer::outcome::Outcome;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{Receiver, channel};
use tokio::io::{DuplexStream, duplex};

fn common() -> (Arc<Common>, Receiver<Outcome>) {
    let (told, outcomes) = channel();
    let common = Common::new(Arc::new(AtomicU64::new(0)), move |finding| {
        if let Finding::Ended { outcome } = finding {
            let _ = told.send(outcome);
        }
    });
    (common, outcomes)
}

fn send(path: &Path, timing: Timing) -> (Lane, Receiver<Outcome>) {
    let source = Source::inspect(&[path.to_owned()], &WalkOptions::default()).expect("a file");
    let (common, outcomes) = common();
    let sending = Arc::new(Sending::new(&source, false, common));
    let (ends, lane) = lane(timing);
    std::thread::spawn(move || sending::run(&sending, next_pipe(), ends.writer, ends.reader));
    (lane, outcomes)
}

fn receive(path: &Path, to: &Path, timing: Timing) -> (Lane, Receiver<Outcome>) {
    let source = Source::inspect(&[path.to_owned()], &WalkOptions::default()).expect("a file");
    let (common, outcomes) = common();
    let target = Target::Directory(to.to_owned());
    let offer = source.offer().clone();
    let incoming = Arc::new(Incoming::new(target, offer, OnCollision::Rename, common));
    let (ends, lane) = lane(timing);
    std::thread::spawn(move || receiving::run(&incoming, ends.writer, ends.reader));
    (lane, outcomes)
}

fn verified(outcomes: &Receiver<Outcome>) {
    match outcomes.recv() {
        Ok(Outcome::Verified { .. }) => {}
        other => panic!("{other:?}"),
    }
}

async fn carry(lane: Lane, mut stream: DuplexStream) -> (Result<(), LaneFault>, DuplexStream) {
    let mut decoder = FrameDecoder::new(MAX_BODY);
    let result = lane.carry(&mut stream, &mut decoder).await;
    assert_eq!(decoder.buffered(), 0);
    (result, stream)
}

#[tokio::test]
async fn one_connection_carries_one_transfer_after_the_other_in_both_directions() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut here, mut there) = duplex(64 * 1024);
    for (round, size) in [0_usize, 1, 300_000, 5 << 20].into_iter().enumerate() {
        let path = dir.path().join(format!("file {round}"));
        let bytes: Vec<u8> = (0..=250).cycle().take(size).collect();
        std::fs::write(&path, &bytes).expect("written");
        let to = dir.path().join(format!("to {round}"));
        let (out, sent) = send(&path, Timing::default());
        let (back, received) = receive(&path, &to, Timing::default());
        let ((one, first), (other, second)) = tokio::join!(carry(out, here), carry(back, there));
        one.expect("through");
        other.expect("through");
        verified(&sent);
        verified(&received);
        assert_eq!(std::fs::read(to.join(format!("file {round}"))).expect("there"), bytes);
        // The next goes the other way.
        (here, there) = (second, first);
    }
}

#[tokio::test]
async fn an_end_that_is_gone_ends_the_transfer_at_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("file");
    std::fs::write(&path, vec![7; 8 << 20]).expect("written");
    let (here, mut there) = duplex(64 * 1024);
    let (out, _sent) = send(&path, Timing::default());
    let cut = async move {
        let mut some = vec![0; 100_000];
        there.read_exact(&mut some).await.expect("some bytes");
    };
    let ((result, _), ()) = tokio::join!(carry_any(out, here), cut);
    assert!(matches!(result, Err(LaneFault::Lost(_))), "{result:?}");
}

async fn carry_any(lane: Lane, mut stream: DuplexStream) -> (Result<(), LaneFault>, DuplexStream) {
    let mut decoder = FrameDecoder::new(MAX_BODY);
    let result = lane.carry(&mut stream, &mut decoder).await;
    (result, stream)
}

#[tokio::test(start_paused = true)]
async fn an_end_that_says_nothing_is_dead_and_one_that_pulses_is_not() {
    let timing = Timing::default();
    let (here, there) = duplex(64 * 1024);
    let (_ends, silent) = lane(timing);
    let (result, _) = carry_any(silent, here).await;
    assert!(matches!(result, Err(LaneFault::Silent)), "{result:?}");
    drop(there);
    let (here, there) = duplex(64 * 1024);
    let ((one, lane_one), (other, lane_other)) = (lane(timing), lane(timing));
    let long = tokio::time::timeout(20 * timing.silence, async {
        tokio::join!(carry_any(lane_one, here), carry_any(lane_other, there))
    });
    assert!(long.await.is_err(), "both wait, and neither is dead");
    drop((one, other));
}

#[tokio::test]
async fn what_is_no_step_ends_it() {
    for (bytes, expected) in [
        (&[0, 0, 0, 2, 2, b'{'][..], "a frame of the kind 0x02"),
        (&[0, 0, 0, 2, 1, b'{'], "the other end spoke"),
        (&[0xff, 0xff, 0xff, 0xff], "a frame announced"),
        (&[0, 0, 0, 0], "a frame of length 0"),
    ] {
        let (here, mut there) = duplex(1024);
        there.write_all(bytes).await.expect("written");
        let (_ends, lane) = lane(Timing::default());
        let (result, _) = carry_any(lane, here).await;
        let said = result.expect_err("refused").to_string();
        assert!(said.starts_with(expected), "{said}");
    }
}

#[tokio::test]
async fn whoever_stops_it_is_obeyed_at_once() {
    let (here, _there) = duplex(1024);
    let (ends, lane) = lane(Timing::default());
    ends.stopper.stop();
    let (result, _) = carry_any(lane, here).await;
    assert!(matches!(result, Err(LaneFault::Stopped)) && ends.stopper.is_stopped());
}

#[tokio::test]
async fn whoever_leaves_does_so_between_two_frames_and_words_can_follow() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("file");
    std::fs::write(&path, vec![7; 8 << 20]).expect("written");
    // So narrow that it is left in the middle of a frame.
    let (mut here, there) = duplex(1000);
    let (out, _sent) = send(&path, Timing::default());
    let (back, _received) = receive(&path, &dir.path().join("to"), Timing::default());
    let (leave, leaving) = tokio::sync::oneshot::channel::<()>();
    let leaves = async move {
        let leaving = async {
            let _ = leaving.await;
        };
        let result = out.carry_until(leaving, &mut here, &mut FrameDecoder::new(MAX_BODY)).await;
        assert!(matches!(result, Err(LaneFault::Left)), "{result:?}");
        here.write_all(&[0, 0, 0, 4, kind::CONTROL, b'b', b'y', b'e']).await.expect("written");
        here
    };
    let hears = async move {
        let mut there = there;
        let mut decoder = FrameDecoder::new(MAX_BODY);
        // Some of it has come when the other end is told to leave.
        let mut some = [0; 5000];
        there.read_exact(&mut some).await.expect("some bytes");
        leave.send(()).expect("it listens");
        decoder.push(&some);
        back.carry(&mut there, &mut decoder).await
    };
    match tokio::join!(leaves, hears) {
        (_, Err(LaneFault::Said(frame))) => assert_eq!(&frame.body[..], b"bye"),
        (_, result) => panic!("{result:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_leave_in_order_leaves_all_the_same() {
    let (mut here, _there) = duplex(2);
    let (mut ends, lane) = lane(Timing::default());
    let mut record = vec![0; RECORD_SPACE + 100];
    let writes = std::thread::spawn(move || {
        ends.writer.write(false, &mut record).expect("taken");
        ends
    });
    let _ends = writes.join().expect("it writes");
    let leaving = tokio::time::sleep(Duration::from_millis(1));
    let result = lane.carry_until(leaving, &mut here, &mut FrameDecoder::new(MAX_BODY)).await;
    assert!(matches!(result, Err(LaneFault::Stopped)), "{result:?}");
}
