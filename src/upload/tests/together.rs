//! Both sides with each other, over a link that damages and a disk that fails.

use super::desk::{Desk, frames};
use crate::path::SafeName;
use crate::time::Moment;
use crate::upload::{ChecksumKind, Options, Reply, Request, UploadError, Uploader, UploaderTask};
use bytes::Bytes;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::time::Duration;

/// More events than any of these needs: 3,000 chunks of one byte, each of which waits at most for three
/// kinds of turn among up to 43.
const MANY: usize = 500_000;

fn name() -> SafeName {
    SafeName::new("big.bin").expect("a safe name")
}

fn file(size: usize) -> Vec<u8> {
    (0..size).map(|at| u8::try_from(at % 251).expect("small")).collect()
}

#[derive(Debug, Clone)]
struct Weather {
    size: usize,
    chunk: u64,
    window: usize,
    /// What is done in turn: 0 the link carries, 1 it damages, 2 the disk works, 3 it fails,
    /// 4 the client reads.
    turns: Vec<u8>,
}

fn weathers() -> impl Strategy<Value = Weather> {
    let turns = prop::collection::vec(
        prop_oneof![4 => Just(0_u8), 1 => Just(1), 4 => Just(2), 1 => Just(3), 4 => Just(4)],
        1..40,
    );
    (0_usize..3000, 1_u64..400, 0_usize..6, turns)
        .prop_map(|(size, chunk, window, turns)| Weather { size, chunk, window, turns })
}

/// Runs one to its end; how it ended, and the relay's side.
fn run(weather: &Weather) -> (Result<(), UploadError>, Desk) {
    let mut desk = Desk::new();
    let options = Options { chunk: weather.chunk, window: weather.window, ..Options::default() };
    let bytes = file(weather.size);
    let mut client = Uploader::new(name(), bytes.len() as u64, options, desk.now);
    let (mut up, mut reads) = (VecDeque::new(), VecDeque::new());
    let mut down = VecDeque::<Vec<Bytes>>::new();
    for turn in weather.turns.iter().chain(&[0, 2, 4]).cycle().take(MANY) {
        if let Some(result) = client.outcome() {
            return (result.clone(), desk);
        }
        while let Some(task) = client.poll_task(desk.now) {
            match task {
                UploaderTask::Send(message) => up.push_back(message),
                UploaderTask::Read { offset, len } => reads.push_back((offset, len)),
            }
        }
        assert!(up.len() + reads.len() + down.len() <= weather.window.max(1) + 1, "its window");
        match turn {
            0 | 1 if desk.uploads.wants_message() => {
                if let Some(message) = up.pop_front() {
                    desk.hear(&maybe_damaged(message, *turn == 1));
                }
            }
            2 => desk.work(),
            3 if matches!(desk.jobs.front(), Some((_, crate::upload::Job::Write { .. }))) => {
                desk.failures = 1;
                desk.work();
                desk.failures = 0;
            }
            4 => {
                if let Some((offset, len)) = reads.pop_front() {
                    let start = usize::try_from(offset).expect("small");
                    let end = start + usize::try_from(len).expect("small");
                    let data = Bytes::copy_from_slice(&bytes[start..end]);
                    client.handle_read(offset, Ok(data), desk.now);
                }
                if let Some(reply) = down.pop_front() {
                    client.handle_message(&reply, desk.now);
                }
            }
            _ => {}
        }
        while let Some(reply) = desk.uploads.poll_reply() {
            down.push_back(frames(&reply.frames()));
        }
    }
    panic!("it doesn't end: {client:?}");
}

fn maybe_damaged(mut message: Vec<Bytes>, damage: bool) -> Vec<Bytes> {
    if damage && message.len() == 6 {
        let mut data = message[5].to_vec();
        data[0] ^= 1;
        message[5] = data.into();
    }
    message
}

proptest! {
    #[test]
    fn a_file_gets_there_as_it_is_or_the_client_knows(weather in weathers()) {
        let (result, desk) = run(&weather);
        match result {
            Ok(()) => prop_assert_eq!(&desk.shelf["big.bin"], &file(weather.size)),
            Err(UploadError::Chunk { tries, .. }) => {
                prop_assert_eq!(tries, Options::default().tries);
                prop_assert!(desk.shelf.is_empty());
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}

#[test]
fn in_fine_weather_each_byte_goes_once() {
    for size in [0, 1, 99, 100, 101, 1000] {
        let weather = Weather { size, chunk: 100, window: 3, turns: vec![0, 2, 4] };
        let (result, desk) = run(&weather);
        assert_eq!(result, Ok(()));
        assert_eq!(desk.shelf["big.bin"], file(size));
    }
}

fn uploader() -> Uploader {
    Uploader::new(name(), 10, Options { chunk: 5, ..Options::default() }, Moment::START)
}

fn answer(client: &mut Uploader, reply: &Reply) {
    client.handle_message(&frames(&reply.frames()), Moment::START);
}

fn tasks(client: &mut Uploader) -> Vec<UploaderTask> {
    std::iter::from_fn(|| client.poll_task(Moment::START)).collect()
}

#[test]
fn nothing_is_read_before_the_server_is_ready() {
    let mut client = uploader();
    assert_eq!(tasks(&mut client), [UploaderTask::Send(Request::hello(&name()))]);
    answer(&mut client, &Reply::error("no"));
    let refused = UploadError::Refused { name: name(), text: "no".to_owned() };
    assert_eq!(client.outcome(), Some(&Err(refused.clone())));
    assert_eq!(refused.to_string(), "the server refused \"big.bin\": no");
    assert_eq!(tasks(&mut client), []);
    assert_eq!(client.poll_timeout(), None);
}

#[test]
fn a_refused_chunk_goes_again_and_not_for_ever() {
    let mut client = uploader();
    let _ = tasks(&mut client);
    answer(&mut client, &Reply::Ready);
    let read = |offset| UploaderTask::Read { offset, len: 5 };
    assert_eq!(tasks(&mut client), [read(0), read(5)]);
    client.handle_read(5, Ok(Bytes::from("56789")), Moment::START);
    client.handle_read(0, Ok(Bytes::from("01234")), Moment::START);
    let chunk = |offset, data: &'static str| {
        UploaderTask::Send(Request::chunk(&name(), offset, ChecksumKind::Crc32, data.into()))
    };
    assert_eq!(tasks(&mut client), [chunk(5, "56789"), chunk(0, "01234")]);
    answer(&mut client, &Reply::Ready);
    assert_eq!(client.taken(), 5);
    for _ in 1..Options::default().tries {
        answer(&mut client, &Reply::error("bad"));
        assert_eq!(tasks(&mut client), [read(0)]);
        client.handle_read(0, Ok(Bytes::from("01234")), Moment::START);
        assert_eq!(tasks(&mut client), [chunk(0, "01234")]);
    }
    answer(&mut client, &Reply::error("bad"));
    let failed = UploadError::Chunk { offset: 0, tries: 4, text: "bad".to_owned() };
    assert_eq!(client.outcome(), Some(&Err(failed)));
}

#[test]
fn servers_that_are_none_and_files_that_change_are_noticed() {
    let mut client = uploader();
    client.handle_message(&frames(&[b"HI"]), Moment::START);
    assert_eq!(client.outcome(), Some(&Err(UploadError::NoReply)));
    let mut client = uploader();
    answer(&mut client, &Reply::Ready);
    answer(&mut client, &Reply::Ready);
    assert_eq!(client.outcome(), Some(&Err(UploadError::NotAsked)));
    let mut client = uploader();
    let silence = Options::default().silence;
    assert_eq!(client.poll_timeout(), Some(Moment::from_start(silence)));
    client.handle_timeout(Moment::from_start(silence) + Duration::from_millis(1));
    assert_eq!(client.outcome(), Some(&Err(UploadError::Silent(silence))));
    let mut client = uploader();
    answer(&mut client, &Reply::Ready);
    let _ = tasks(&mut client);
    client.handle_read(0, Ok(Bytes::from("012")), Moment::START);
    let Some(Err(error)) = client.outcome() else { panic!("it became shorter") };
    assert!(error.to_string().contains("it has become shorter (3 of 5 bytes there)"), "{error}");
}
