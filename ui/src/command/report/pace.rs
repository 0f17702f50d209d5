//! How often figures are told.
//!
//! Owns the two measures: for programs a few times a second and always the last; for people who
//! read lines, whenever a tenth more is across or some seconds have passed.

use super::Figures;
use couplet::time::Moment;
use couplet::units;
use std::time::Duration;

/// The time between two figures for programs.
const FOR_PROGRAMS: Duration = Duration::from_millis(500);

/// The shortest time between two lines for people.
const SHORTEST: Duration = Duration::from_secs(1);

/// The longest time between two lines for people.
const LONGEST: Duration = Duration::from_secs(10);

/// Figures for programs.
#[derive(Debug, Default)]
pub(super) struct Steady {
    told: Option<Moment>,
    held_back: Option<Figures>,
}

impl Steady {
    /// The figures, if they are to be told now; else they are kept.
    pub(super) fn take(&mut self, figures: Figures, now: Moment) -> Option<Figures> {
        if self.told.is_some_and(|told| now.since(told) < FOR_PROGRAMS) {
            self.held_back = Some(figures);
            return None;
        }
        self.told = Some(now);
        self.held_back = None;
        Some(figures)
    }

    /// The last figures, if they weren't told: they come before whatever else happens.
    pub(super) const fn held_back(&mut self) -> Option<Figures> {
        self.held_back.take()
    }
}

/// Figures for people who read lines.
#[derive(Debug, Default)]
pub(super) struct Sparing {
    told: Option<(Moment, u64)>,
}

impl Sparing {
    /// Whether the figures are to be told now. The first never are: that it begins has been told.
    pub(super) fn takes(&mut self, figures: &Figures, now: Moment) -> bool {
        let tenth = figures.size.map_or(0, |size| units::percent(figures.done, size) / 10);
        let Some((told, told_tenth)) = self.told else {
            self.told = Some((now, tenth));
            return false;
        };
        let since = now.since(told);
        let due = since >= LONGEST || (tenth != told_tenth && since >= SHORTEST);
        if due {
            self.told = Some((now, tenth));
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_start(Duration::from_millis(millis))
    }

    fn figures(done: u64) -> Figures {
        Figures { done, size: Some(100), ..Figures::default() }
    }

    #[test]
    fn programs_hear_twice_a_second_and_always_the_last() {
        let mut steady = Steady::default();
        assert_eq!(steady.take(figures(1), at(0)), Some(figures(1)));
        assert_eq!(steady.take(figures(2), at(100)), None);
        assert_eq!(steady.take(figures(3), at(200)), None);
        assert_eq!(steady.held_back(), Some(figures(3)));
        assert_eq!(steady.held_back(), None);
        assert_eq!(steady.take(figures(4), at(500)), Some(figures(4)));
    }

    #[test]
    fn people_hear_of_each_tenth_or_every_ten_seconds() {
        let mut sparing = Sparing::default();
        let told = [(0, 0), (500, 30), (1_100, 35), (1_200, 41), (2_300, 41), (11_200, 41)]
            .map(|(millis, done)| sparing.takes(&figures(done), at(millis)));
        assert_eq!(told, [false, false, true, false, true, false]);
        assert!(sparing.takes(&figures(42), at(12_300)));
    }
}
