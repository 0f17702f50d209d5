//! What cut puts have left on the shelf and nobody has gone on with.
//!
//! Owns when that is looked for; what is old is `couplet_files`' to say.

use super::Shelf;
use crate::clock::wall;
use crate::lock::lock;
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};

/// How often is looked, if what is kept is kept for longer.
const EVERY: Duration = Duration::from_hours(1);

/// Removes parts that are older than the operator wants, at once and then now and then, for ever.
pub(crate) async fn sweep(shelf: Option<Arc<Shelf>>) {
    let Some(shelf) = shelf.filter(|shelf| !shelf.keep_parts.is_zero()) else {
        return std::future::pending().await;
    };
    let mut tick = tokio::time::interval(EVERY.min(shelf.keep_parts));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let shelf = Arc::clone(&shelf);
        // If it fails the next one comes.
        let _ = tokio::task::spawn_blocking(move || shelf.sweep_at(wall())).await;
    }
}

impl Shelf {
    /// Removes what is too old at this time since 1970. Gives how many parts that were.
    fn sweep_at(&self, now: Duration) -> usize {
        // Who is told that the shelf is gone is who wants something of it.
        let store = Arc::clone(&lock(&self.store));
        let swept = store.sweep(now, self.keep_parts);
        if let Some(error) = swept.errors.first() {
            let failed = swept.errors.len();
            warn!(failed, %error, "old parts of cut puts can't be removed from the shelf");
        }
        if swept.removed > 0 {
            info!(removed = swept.removed, "old parts of cut puts are removed from the shelf");
            lock(&self.claims).removed();
        }
        swept.removed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use couplet::path::SafeName;
    use couplet::transfer::offer::{Form, Offer, OnCollision};

    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn what_nobody_goes_on_with_is_removed_and_no_longer_counts() {
        let dir = tempfile::tempdir().expect("a directory");
        let shelf = Some(dir.path().to_owned());
        let config =
            Config { shelf, shelf_keep_parts: DAY, shelf_max_files: 1, ..Config::default() };
        let shelf = Shelf::open(&config).expect("a directory").expect("a shelf");
        let store = shelf.store().expect("there");
        let name = |name| SafeName::new(name).expect("a safe name");
        let (form, size) = (Form::File, Some(5));
        let offer = Offer { name: name("a"), form, size, on_disk: None, entries: 1, mtime: None };
        drop(store.begin(&offer, OnCollision::Refuse).expect("begun"));
        let refused = shelf.claim(&name("b")).expect_err("one is all that there may be");
        assert!(refused.1.contains("may have 1 files and folders"), "{refused:?}");
        assert!(shelf.claim_for(&offer).is_ok(), "it is that one");
        assert_eq!(shelf.sweep_at(wall()), 0);
        assert_eq!(shelf.sweep_at(wall() + 2 * DAY), 1);
        assert!(shelf.claim(&name("b")).is_ok());
        assert_eq!(dir.path().read_dir().expect("a directory").count(), 0);
    }

    #[tokio::test]
    async fn it_is_looked_for_at_the_start_unless_all_is_kept() {
        let dir = tempfile::tempdir().expect("a directory");
        let remnant = dir.path().join(".couplet-0123456789abcdef");
        std::fs::create_dir(&remnant).expect("made");
        let old = std::fs::FileTimes::new().set_modified(std::time::SystemTime::UNIX_EPOCH);
        let opened = std::fs::File::open(&remnant).expect("opened");
        opened.set_times(old).expect("set");
        let shelf = |keep_parts| {
            let shelf = Some(dir.path().to_owned());
            let config = Config { shelf, shelf_keep_parts: keep_parts, ..Config::default() };
            Shelf::open(&config).expect("a directory")
        };
        let all_is_kept = tokio::time::timeout(Duration::ZERO, sweep(shelf(Duration::ZERO))).await;
        assert!(all_is_kept.is_err() && remnant.exists());
        let gone = async {
            while remnant.exists() {
                tokio::task::yield_now().await;
            }
        };
        let swept = async {
            tokio::select! {
                () = sweep(shelf(DAY)) => {}
                () = gone => {}
            }
        };
        tokio::time::timeout(Duration::from_secs(20), swept).await.expect("it is removed");
    }
}
