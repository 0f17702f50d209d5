//! How fast records are sealed and opened on one core: `cargo run --release --example seal_speed`.
//!
//! Prints GiB/s for each cipher, at the size of a chunk (1 MiB), as the median of several rounds.
#![expect(clippy::print_stdout, reason = "a program that prints figures")]

use couplet::message::Seat;
use couplet::seal::{
    Agreed, Entropy, Exchange, Password, Progress, RECORD_HEAD_LEN, Setup, Suites,
};
use couplet_ui::clock;
use std::error::Error;

const MIB: usize = 1024 * 1024;
const RECORDS: u32 = 1024;
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    for (name, aes) in [("AES-256-GCM", true), ("ChaCha20-Poly1305", false)] {
        let mut sealing = Vec::new();
        let mut opening = Vec::new();
        for round in 0..ROUNDS {
            let [one, two] = agree(aes)?;
            let seed = u8::try_from(round)?;
            let (one, two) = (
                one.pipe(2, &mut Entropy::new([seed; 32])),
                two.pipe(2, &mut Entropy::new([99; 32])),
            );
            let salts = [one.salt(), two.salt()];
            let ((mut sealer, _), (_, mut opener)) = (one.open(&salts[1]), two.open(&salts[0]));
            let mut record = vec![0; RECORD_HEAD_LEN + MIB];
            let (mut sealed, mut opened) = (0.0, 0.0);
            for _ in 0..RECORDS {
                record.truncate(RECORD_HEAD_LEN + MIB);
                let start = clock::now();
                sealer.seal(false, &mut record);
                let between = clock::now();
                opener.open(&mut record[4..])?;
                opened += clock::now().since(between).as_secs_f64();
                sealed += between.since(start).as_secs_f64();
            }
            let gib = f64::from(RECORDS) / 1024.0;
            sealing.push(gib / sealed);
            opening.push(gib / opened);
        }
        for figures in [&mut sealing, &mut opening] {
            figures.sort_by(f64::total_cmp);
        }
        let middle = ROUNDS / 2;
        println!("{name}: seals {:.1} GiB/s, opens {:.1} GiB/s", sealing[middle], opening[middle]);
    }
    Ok(())
}

fn agree(aes: bool) -> Result<[Box<Agreed>; 2], Box<dyn Error>> {
    let password = Password::default();
    let setup = |seat, random| Setup {
        seat,
        room: "",
        pairing: 1,
        password: &password,
        suites: Suites::new(aes),
        random,
    };
    let (mut one, commit) = Exchange::new(&setup(Seat::One, &[1; 32]));
    let (mut two, _) = Exchange::new(&setup(Seat::Two, &[2; 32]));
    let unexpected = "the exchange didn't go as it should";
    let Progress::Send(start) = two.handle(&commit.ok_or(unexpected)?)? else {
        return Err(unexpected.into());
    };
    let Progress::Send(reveal) = one.handle(&start)? else { return Err(unexpected.into()) };
    let Progress::Done(Some(proof), two) = two.handle(&reveal)? else {
        return Err(unexpected.into());
    };
    let Progress::Done(None, one) = one.handle(&proof)? else { return Err(unexpected.into()) };
    Ok([one, two])
}
