//! The most memory that a process ever has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Looks at a process again and again for as long as it lives: what the system knows of its memory goes
/// with it.
pub struct Peak {
    name: &'static str,
    kib: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Peak {
    /// Of this process from now on, and from before.
    pub fn of(name: &'static str, pid: u32) -> Self {
        let (kib, over) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (seen, is_over) = (Arc::clone(&kib), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            while let Some(now) = high_water_kib(pid) {
                seen.fetch_max(now, Ordering::Relaxed);
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Self { name, kib, over, thread }
    }

    /// Ends the looking, and checks that it was below this.
    #[expect(clippy::print_stdout, reason = "a test tells what it has measured")]
    pub fn stays_below(self, mib: u64) {
        self.over.store(true, Ordering::Relaxed);
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
