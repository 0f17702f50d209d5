//! The most memory that a process ever has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often a process is looked at.
const OFTEN: Duration = Duration::from_millis(5);

/// Looks at a process again and again for as long as it lives: what the system knows of its memory goes
/// with it.
pub struct Peak {
    name: &'static str,
    kib: Arc<AtomicU64>,
    over: Sender<()>,
    thread: JoinHandle<()>,
}

impl Peak {
    /// Of this process from now on, and from before.
    pub fn of(name: &'static str, pid: u32) -> Self {
        let kib = Arc::<AtomicU64>::default();
        let seen = Arc::clone(&kib);
        let (over, is_over) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            while let Some(now) = high_water_kib(pid) {
                seen.fetch_max(now, Ordering::Relaxed);
                if is_over.recv_timeout(OFTEN) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        Self { name, kib, over, thread }
    }

    /// Ends the looking, and checks that it was below this.
    #[expect(clippy::print_stdout, reason = "a test tells what it has measured")]
    pub fn stays_below(self, mib: u64) {
        // One that has ended isn't looked at any more.
        let _ = self.over.send(());
        self.thread.join().expect("no panic");
        let (name, kib) = (self.name, self.kib.load(Ordering::Relaxed));
        println!("{name}: at most {kib} KiB");
        assert!(kib > 0, "{name} was never seen");
        assert!(kib < mib * 1024, "{name} had {kib} KiB, and {mib} MiB are allowed");
    }
}

/// None once it has ended.
fn high_water_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
