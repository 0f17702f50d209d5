//! The terminal's modes: taken at the start, given back on every way out.
//!
//! Owns raw mode, the alternate screen, bracketed paste, focus reports, the mouse, the title and the
//! cursor. They are
//! given back when the guard is dropped (so on every return and every error), before a panic's
//! message is printed, and while the program is suspended. `ratatui::restore` isn't enough: it
//! leaves paste and focus reports on.

use super::outcry::{REMEMBER_TITLE, RESTORE_TITLE};
use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange,
};
use crossterm::style::ResetColor;
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use std::cell::Cell;
use std::io::{self, Write as _};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the terminal is in the face's modes. One for the process, as is the terminal.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether the mouse is wanted.
static MOUSE: AtomicBool = AtomicBool::new(false);
/// Whether the title was remembered, to be given back.
static TITLED: AtomicBool = AtomicBool::new(false);

/// Buttons and the wheel, not every motion; with figures that fit any screen.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

thread_local! {
    /// Whether a panic on this thread is an answer, and not the end.
    static APART: Cell<bool> = const { Cell::new(false) };
}

type Hook = Arc<dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync>;

/// The modes in which the terminal was lent.
pub(crate) struct Lent(Option<Termios>);

/// Holds the terminal in the face's modes.
pub(crate) struct Guard {
    previous_hook: Hook,
}

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    /// What the terminal answered; it is then as it was before.
    pub(crate) fn new() -> io::Result<Self> {
        let previous_hook: Hook = Arc::from(panic::take_hook());
        let chained = Arc::clone(&previous_hook);
        panic::set_hook(Box::new(move |info| {
            if APART.get() {
                return;
            }
            give_back();
            chained(info);
        }));
        // From here on a failure drops the guard, which puts everything back.
        let guard = Self { previous_hook };
        take()?;
        Ok(guard)
    }

    /// Whether the terminal is still held. It isn't after a panic anywhere in the program.
    pub(crate) fn holds() -> bool {
        TAKEN.load(Ordering::SeqCst)
    }

    /// Hears of the mouse from now on, or no longer.
    ///
    /// # Errors
    /// What the terminal answered.
    #[expect(clippy::unused_self, reason = "only who holds the terminal may do this")]
    pub(crate) fn mouse(&self, on: bool) -> io::Result<()> {
        if MOUSE.swap(on, Ordering::SeqCst) == on || !Self::holds() {
            return Ok(());
        }
        say(if on { MOUSE_ON } else { MOUSE_OFF })
    }

    /// The title is about to be the face's: the terminal remembers the one it has.
    ///
    /// # Errors
    /// What the terminal answered.
    #[expect(clippy::unused_self, reason = "only who holds the terminal may do this")]
    pub(crate) fn entitle(&self) -> io::Result<()> {
        if TITLED.swap(true, Ordering::SeqCst) { Ok(()) } else { say(REMEMBER_TITLE) }
    }

    /// Gives the terminal back, stops this process as Ctrl-Z would, and takes the terminal again
    /// once the shell has continued it.
    ///
    /// # Errors
    /// What the terminal answered.
    #[expect(clippy::unused_self, reason = "only who holds the terminal may do this")]
    pub(crate) fn suspend(&self) -> io::Result<()> {
        give_back();
        kill_process(getpid(), Signal::STOP)?;
        take()
    }

    /// Gives the terminal to a program that this one starts; what is given is to be handed to
    /// [`Self::reclaim`].
    #[expect(clippy::unused_self, reason = "only who holds the terminal may do this")]
    pub(crate) fn lend(&self) -> Lent {
        give_back();
        Lent(tcgetattr(io::stdin()).ok())
    }

    /// Takes the terminal again when that program has ended, however it left it.
    ///
    /// # Errors
    /// What the terminal answered.
    #[expect(clippy::unused_self, reason = "only who holds the terminal may do this")]
    pub(crate) fn reclaim(&self, lent: &Lent) -> io::Result<()> {
        if let Lent(Some(modes)) = lent {
            // Else what a program that was killed left would be taken for the user's own.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, modes);
        }
        take()
    }

    /// Takes the terminal again after somebody else has stopped and continued this process, and
    /// may have used the terminal meanwhile.
    ///
    /// # Errors
    /// What the terminal answered.
    #[expect(clippy::unused_self, reason = "only who holds the terminal may do this")]
    pub(crate) fn retake(&self) -> io::Result<()> {
        // Otherwise crossterm believes that raw mode is still on.
        disable_raw_mode()?;
        take()
    }
}

/// Does something that may panic over a stranger's bytes: the terminal stays the face's, nothing is
/// printed, and there is no answer. It must leave nothing half done behind that others see.
pub(crate) fn apart<T>(work: impl FnOnce() -> T) -> Option<T> {
    let before = APART.replace(true);
    let done = panic::catch_unwind(panic::AssertUnwindSafe(work));
    APART.set(before);
    done.ok()
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
        if !std::thread::panicking() {
            let previous = Arc::clone(&self.previous_hook);
            panic::set_hook(Box::new(move |info| previous(info)));
        }
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    crossterm::execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        EnableFocusChange
    )?;
    if MOUSE.load(Ordering::SeqCst) { say(MOUSE_ON) } else { Ok(()) }
}

fn say(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(bytes)?;
    out.flush()
}

/// Errors are passed over: there is nobody left to tell, and each step is worth trying.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        if MOUSE.load(Ordering::SeqCst) {
            let _ = say(MOUSE_OFF);
        }
        if TITLED.swap(false, Ordering::SeqCst) {
            let _ = say(RESTORE_TITLE);
        }
        let _ = crossterm::execute!(
            io::stdout(),
            EndSynchronizedUpdate,
            DisableFocusChange,
            DisableBracketedPaste,
            ResetColor,
            LeaveAlternateScreen,
            Show
        );
        let _ = disable_raw_mode();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_apart_is_no_answer_and_not_the_end() {
        assert_eq!(apart(|| 7), Some(7));
        assert_eq!(apart(|| apart(|| panic!("over a stranger's bytes")).unwrap_or(3)), Some(3));
        assert_eq!(apart(|| -> u8 { panic!("again") }), None);
        assert!(!APART.get(), "a panic after it is one as ever");
    }
}
