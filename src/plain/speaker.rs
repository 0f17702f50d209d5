//! Saying lines in turn, in a plain room.
//!
//! Owns what is held until the turn comes, and what is out: the one line that the relay has been told
//! and hasn't taken. It is the same at the relay, where it speaks for a client that sends nothing but
//! lines, and in a couplet client. No connection outlives another in a plain room, so there is no
//! repetition but one: a line that met a newcomer on its way is said again, to the newcomer.

use crate::limits::MAX_HELD;
use crate::message::Role;
use std::collections::VecDeque;

/// One client's lines, of whatever they are kept as.
#[derive(Debug)]
pub struct Speaker<T> {
    pairing: u32,
    /// The number of the next line.
    next: u64,
    role: Option<Role>,
    held: VecDeque<T>,
    out: Option<T>,
    /// Whether what is out must be said again.
    again: bool,
}

/// A line to be said now.
#[derive(Debug, PartialEq, Eq)]
pub struct Say<'a, T> {
    /// The pairing it is for.
    pub pairing: u32,
    /// Its number.
    pub sequence: u64,
    /// The line.
    pub line: &'a T,
    /// Whether it was said before.
    pub again: bool,
}

impl<T> Default for Speaker<T> {
    fn default() -> Self {
        let held = VecDeque::new();
        Self { pairing: 0, next: 0, role: None, held, out: None, again: false }
    }
}

impl<T> Speaker<T> {
    /// A seat was given. Gives what was out from a seat before: nobody knows whether it was taken.
    pub const fn seated(&mut self, pairing: u32, next_sequence: u64) -> Option<T> {
        self.pairing = pairing;
        self.next = next_sequence;
        self.role = None;
        self.again = false;
        self.out.take()
    }

    /// This is the pairing now; what is out for another will be dropped, so it is said again.
    pub const fn meet(&mut self, pairing: u32) {
        self.again |= pairing != self.pairing && self.out.is_some();
        self.pairing = pairing;
    }

    /// Whose turn it is; nobody's without a connection.
    pub const fn set_role(&mut self, role: Option<Role>) {
        self.role = role;
    }

    /// Whose turn it is.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        self.role
    }

    /// Takes a line to say when the turn comes.
    ///
    /// # Errors
    /// The line, if [`MAX_HELD`] are held already.
    pub fn hold(&mut self, line: T) -> Result<(), T> {
        if self.held.len() >= MAX_HELD {
            return Err(line);
        }
        self.held.push_back(line);
        Ok(())
    }

    /// What is to be said now, once each time.
    pub fn poll_say(&mut self) -> Option<Say<'_, T>> {
        let again = std::mem::take(&mut self.again);
        if !again {
            if self.role != Some(Role::Emi) || self.out.is_some() {
                return None;
            }
            self.out = Some(self.held.pop_front()?);
            // Until the relay says otherwise: two lines never go out in one turn.
            self.role = Some(Role::Rec);
            self.next = self.next.saturating_add(1);
        }
        let (pairing, sequence) = (self.pairing, self.next.saturating_sub(1));
        self.out.as_ref().map(|line| Say { pairing, sequence, line, again })
    }

    /// The relay has taken the line of this number. Gives the line, if it is the one that is out.
    pub fn taken(&mut self, sequence: u64) -> Option<T> {
        if sequence == self.next.saturating_sub(1) { self.out.take() } else { None }
    }

    /// The relay didn't take what is out: it is held again, in its place. Gives the line.
    pub fn refused(&mut self) -> Option<&T> {
        let line = self.out.take()?;
        self.next = self.next.saturating_sub(1);
        self.again = false;
        self.held.push_front(line);
        self.held.front()
    }

    /// Whether a line is out.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.out.is_some()
    }

    /// Takes back the newest of the held lines that is wanted.
    pub fn take_back(&mut self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        let at = self.held.iter().rposition(wanted)?;
        self.held.remove(at)
    }

    /// Takes back all held lines, oldest first.
    pub fn take_all(&mut self) -> VecDeque<T> {
        std::mem::take(&mut self.held)
    }

    /// What isn't known to have been taken: what is out, then what is held, oldest first.
    pub fn unsaid(&self) -> impl Iterator<Item = &T> {
        self.out.iter().chain(&self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(speaker: &mut Speaker<u32>) -> Option<(u32, u64, u32)> {
        speaker.poll_say().map(|say| (say.pairing, say.sequence, *say.line))
    }

    #[test]
    fn one_line_goes_out_in_a_turn() {
        let mut speaker = Speaker::default();
        assert_eq!(speaker.seated(1, 1), None);
        for line in [7, 8] {
            speaker.hold(line).expect("room");
        }
        assert_eq!(said(&mut speaker), None, "before the role");
        speaker.set_role(Some(Role::Emi));
        assert_eq!(said(&mut speaker), Some((1, 1, 7)));
        assert_eq!(said(&mut speaker), None);
        speaker.set_role(Some(Role::Emi));
        assert_eq!(said(&mut speaker), None, "the first isn't taken");
        assert_eq!(speaker.taken(9), None);
        assert_eq!(speaker.taken(1), Some(7));
        assert_eq!(said(&mut speaker), Some((1, 2, 8)));
    }

    #[test]
    fn a_line_that_met_a_newcomer_is_said_again() {
        let mut speaker = Speaker::default();
        speaker.seated(1, 5);
        speaker.set_role(Some(Role::Emi));
        speaker.hold(7).expect("room");
        assert_eq!(said(&mut speaker), Some((1, 5, 7)));
        speaker.meet(1);
        assert_eq!(said(&mut speaker), None, "the same pairing");
        speaker.meet(2);
        assert_eq!(said(&mut speaker), Some((2, 5, 7)));
        assert_eq!(said(&mut speaker), None);
        assert_eq!(speaker.taken(5), Some(7));
        speaker.meet(3);
        assert_eq!(said(&mut speaker), None, "it is taken");
    }

    #[test]
    fn what_is_refused_keeps_its_place() {
        let mut speaker = Speaker::default();
        speaker.seated(1, 1);
        speaker.set_role(Some(Role::Emi));
        for line in [7, 8] {
            speaker.hold(line).expect("room");
        }
        said(&mut speaker);
        assert_eq!(speaker.refused(), Some(&7));
        assert_eq!(speaker.unsaid().copied().collect::<Vec<_>>(), [7, 8]);
        speaker.set_role(Some(Role::Emi));
        assert_eq!(said(&mut speaker), Some((1, 1, 7)));
        // Another seat: what was out comes back.
        assert_eq!(speaker.seated(4, 9), Some(7));
        assert_eq!(speaker.take_back(|line| *line == 9), None);
        assert_eq!(speaker.take_back(|_| true), Some(8));
    }

    #[test]
    fn so_many_are_held_and_no_more() {
        let mut speaker = Speaker::default();
        speaker.seated(1, 1);
        for line in 0..64 {
            speaker.hold(line).expect("room");
        }
        assert_eq!(speaker.hold(64), Err(64));
        assert_eq!(speaker.take_all().len(), 64);
    }

    proptest! {
        /// Whatever happens in between, every line is said once in each pairing it is out in, in order,
        /// with rising numbers.
        #[test]
        fn lines_are_said_in_order(steps in prop::collection::vec(0_u8..5, 1..200)) {
            let mut speaker = Speaker::default();
            speaker.seated(1, 1);
            let (mut entered, mut pairing) = (0_u32, 1);
            let (mut out, mut taken) = (None, 0_u64);
            for step in steps {
                match step {
                    0 => { speaker.set_role(Some(Role::Emi)); }
                    1 => { if speaker.hold(entered).is_ok() { entered += 1; } }
                    2 => { pairing += 1; speaker.meet(pairing); }
                    3 => if let Some((_, sequence, line)) = out.take() {
                        prop_assert_eq!(speaker.taken(sequence), Some(line));
                        taken += 1;
                    }
                    _ => { prop_assert_eq!(speaker.taken(taken), None); }
                }
                while let Some(say) = said(&mut speaker) {
                    prop_assert_eq!((say.0, say.1, u64::from(say.2)), (pairing, taken + 1, taken));
                    out = Some(say);
                }
            }
            prop_assert_eq!(speaker.unsaid().count() as u64, u64::from(entered) - taken);
        }
    }
}
