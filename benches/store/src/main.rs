//! What keeping the relay's rooms costs in each database: prints one table; see README.md.
//!
//! Each measurement is a process of its own, so that they don't see each other's memory.

mod databases;

use databases::{Failure, NAMES, open};
use rustix::time::{ClockId, clock_gettime};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const MEASUREMENTS: [&str; 5] = ["busy", "lone", "size", "load", "killed"];
/// A room's record is as large as this in most rooms.
const RECORD_BYTES: usize = 300;
const BUSY_ROOMS: u64 = 1000;
const IDLE_ROOMS: u64 = 5000;
const UPDATES: u64 = 200_000;
const LONE_COMMITS: u16 = 1000;
/// After so many commits the child is killed.
const KILLED_AFTER: usize = 300;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["one", name, what, dir] => measure(name, what, Path::new(dir)),
        [] => table(&std::env::temp_dir()),
        [dir] if !dir.starts_with('-') => table(Path::new(dir)),
        _ => Err("usage: couplet-store-bench [DIRECTORY]".into()),
    }
}

/// Runs everything for everybody and prints it.
fn table(parent: &Path) -> Result<(), Failure> {
    let program = std::env::current_exe()?;
    println!("| database | {} |", MEASUREMENTS.join(" | "));
    println!("| --- | --- | --- | --- | --- | --- |");
    for name in NAMES {
        print!("| {name} ");
        for what in MEASUREMENTS {
            let dir = parent.join(format!("couplet-store-bench-{}", std::process::id()));
            std::fs::create_dir(&dir)?;
            if what == "load" {
                one(&program, name, "fill", &dir)?;
            }
            let told = one(&program, name, what, &dir)?;
            print!("| {} ", told.trim());
            std::io::stdout().flush()?;
            std::fs::remove_dir_all(&dir)?;
        }
        println!("|");
    }
    Ok(())
}

/// One measurement in a process of its own; what it printed.
fn one(program: &Path, name: &str, what: &str, dir: &Path) -> Result<String, Failure> {
    let child = Command::new(program).args(["one", name, what]).arg(dir).output()?;
    if child.status.success() {
        Ok(String::from_utf8(child.stdout)?)
    } else {
        Err(format!("{name} {what}: {}", String::from_utf8_lossy(&child.stderr)).into())
    }
}

fn measure(name: &str, what: &str, dir: &Path) -> Result<(), Failure> {
    match what {
        "busy" => busy(name, dir),
        "lone" => lone(name, dir),
        "size" => size(name, dir),
        "fill" => Ok(open(name, dir)?.commit(&records(0..IDLE_ROOMS, 0))?),
        "load" => load(name, dir),
        "killed" => killed(name, dir),
        "commit-for-ever" => commit_for_ever(name, dir),
        _ => Err(format!("there is no measurement {what}").into()),
    }
}

/// All busy rooms in each commit, as fast as it goes for three seconds.
fn busy(name: &str, dir: &Path) -> Result<(), Failure> {
    let mut database = open(name, dir)?;
    database.commit(&records(0..IDLE_ROOMS, 0))?;
    let (began, cpu) = (clock(), cpu_time());
    let mut commits = 0_u32;
    while began.elapsed() < Duration::from_secs(3) {
        commits += 1;
        database.commit(&records(0..BUSY_ROOMS, commits.into()))?;
    }
    let (took, cpu) = (began.elapsed().as_secs_f64(), cpu_time().saturating_sub(cpu).as_secs_f64());
    let rooms = f64::from(commits) * 1000.0;
    println!(
        "{:.0} commits/s, {:.0} rooms/s, {:.2} CPU-µs a room",
        f64::from(commits) / took,
        rooms / took,
        cpu * 1e6 / rooms
    );
    Ok(())
}

/// One room in each commit, one commit after the other.
fn lone(name: &str, dir: &Path) -> Result<(), Failure> {
    let mut database = open(name, dir)?;
    database.commit(&records(0..IDLE_ROOMS, 0))?;
    let mut times = Vec::new();
    let cpu = cpu_time();
    for number in 1..=u64::from(LONE_COMMITS) {
        let room = number * 7919 % IDLE_ROOMS;
        let change = records(room..room + 1, number);
        let began = clock();
        database.commit(&change)?;
        times.push(began.elapsed());
    }
    let cpu = cpu_time().saturating_sub(cpu).as_secs_f64() * 1e6 / f64::from(LONE_COMMITS);
    times.sort_unstable();
    let [half, most, worst] = [50, 99, 100].map(|percent| times[times.len() * percent / 100 - 1]);
    println!("p50 {half:.0?}, p99 {most:.0?}, max {worst:.0?}; {cpu:.0} CPU-µs");
    Ok(())
}

/// The files after many updates of the busy rooms, while it is open and after it is closed.
fn size(name: &str, dir: &Path) -> Result<(), Failure> {
    let mut database = open(name, dir)?;
    for number in 0..UPDATES / BUSY_ROOMS {
        database.commit(&records(0..BUSY_ROOMS, number))?;
    }
    let open = files(dir)?;
    drop(database);
    println!("{open} KiB, closed {} KiB", files(dir)?);
    Ok(())
}

/// Reading all rooms, and what the process has grown by: once the file is open, once all was read
/// and dropped again, and after 50 commits. The records themselves aren't counted in the last.
fn load(name: &str, dir: &Path) -> Result<(), Failure> {
    let changes = records(0..BUSY_ROOMS, 1);
    let before = resident_kib()?;
    let began = clock();
    let mut database = open(name, dir)?;
    let opening = began.elapsed();
    let opened = grown(before)?;
    let loaded = database.load()?.len();
    let loading = began.elapsed().saturating_sub(opening);
    if loaded as u64 != IDLE_ROOMS {
        return Err(format!("{loaded} of {IDLE_ROOMS} are there").into());
    }
    let idle = grown(before)?;
    for _ in 0..50 {
        database.commit(&changes)?;
    }
    let used = grown(before)?;
    println!("open {opening:.0?}, load {loading:.0?}; resident {opened}, {idle}, {used} KiB");
    Ok(())
}

/// Kills a process that commits all the time; what it said is committed must be there.
fn killed(name: &str, dir: &Path) -> Result<(), Failure> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["one", name, "commit-for-ever"])
        .arg(dir)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let mut said = 0;
    for line in lines.by_ref().take(KILLED_AFTER) {
        said = line?.parse()?;
    }
    child.kill()?;
    child.wait()?;
    for line in lines {
        // The last line may be cut short.
        said = line?.parse().unwrap_or(said).max(said);
    }
    let began = clock();
    let all = open(name, dir)?.load()?;
    let took = began.elapsed();
    for (room, record) in &all {
        let number = u64::from_le_bytes(record[..8].try_into()?);
        if number < said {
            return Err(format!("{said} was committed, room {room} has {number}").into());
        }
    }
    if all.len() as u64 != BUSY_ROOMS {
        return Err(format!("{} of {BUSY_ROOMS} are there", all.len()).into());
    }
    println!("all {said} there, opened in {took:.0?}");
    Ok(())
}

fn commit_for_ever(name: &str, dir: &Path) -> Result<(), Failure> {
    let mut database = open(name, dir)?;
    let mut out = std::io::stdout();
    for number in 1_u64.. {
        database.commit(&records(0..BUSY_ROOMS, number))?;
        writeln!(out, "{number}")?;
    }
    Ok(())
}

/// Records that begin with this number and are otherwise like any sealed bytes.
fn records(rooms: std::ops::Range<u64>, number: u64) -> Vec<(u64, Vec<u8>)> {
    let record = |room: u64| {
        let mut state = room.wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1;
        let noise = (8..RECORD_BYTES).map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        });
        (room, number.to_le_bytes().into_iter().chain(noise).collect())
    };
    rooms.map(record).collect()
}

#[expect(clippy::disallowed_methods, reason = "this measures; nothing is decided by it")]
fn clock() -> Instant {
    Instant::now()
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// What is resident: the process's own memory, and pages of its program file and others.
fn resident_kib() -> Result<[u64; 2], Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| -> Result<u64, Failure> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.ok_or_else(|| format!("no {name}"))?.parse()?)
    };
    Ok([field("RssAnon:")?, field("RssFile:")?])
}

fn grown(before: [u64; 2]) -> Result<String, Failure> {
    let now = resident_kib()?;
    let [own, file] = [0, 1].map(|kind| now[kind].saturating_sub(before[kind]));
    Ok(format!("{own} + {file}"))
}

fn files(dir: &Path) -> Result<u64, Failure> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes / 1024)
}
