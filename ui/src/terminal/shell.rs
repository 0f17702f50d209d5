//! The terminal as the face's loops hold it: its modes, keys, signals and frames.
//!
//! Owns what every screen of the face has in common, so that one can follow another without the
//! terminal being given back in between. A frame is drawn when something has changed and the
//! [`Pacer`] allows it, never otherwise.

use super::FaceError;
use super::app::{Did, Mouse};
use super::canvas::Canvas;
use super::clock::Clock;
use super::dress::Dress;
use super::guard::{Guard, Lent};
use super::outcry::{self, Way};
use super::pacer::Pacer;
use crate::config::exit;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use couplet::time::Moment;
use crossterm::event::{
    Event as TerminalEvent, EventStream, KeyEvent, MouseButton, MouseEvent, MouseEventKind,
};
use futures::{FutureExt as _, StreamExt};
use ratatui::layout::Position;
use ratatui::{Frame, Terminal};
use rustix::process::{Signal as SignalNumber, getpid, kill_process};
use std::io::{self, Stdout};
use tokio::signal::unix::{Signal, SignalKind, signal};

type Screen = Terminal<Canvas<Stdout>>;

/// What came from the terminal, or from whoever may signal this process.
#[derive(Debug)]
pub(super) enum Happened {
    /// A key.
    Key(KeyEvent),
    /// Pasted text.
    Paste(String),
    /// The mouse, if it was asked for.
    Mouse(Mouse),
    /// The terminal got the focus, or lost it.
    Focus(bool),
    /// The screen has another size, or was somebody else's for a while.
    Redraw,
    /// The program is asked to end, or the terminal is gone.
    Hangup,
}

/// The terminal, taken.
pub(super) struct Shell {
    /// The exit status of a program that was ended from outside, once it was.
    pub(super) ended_by: Option<u8>,
    /// The time.
    pub(super) clock: Clock,
    /// Whether the screen should be drawn again.
    pub(super) changed: bool,
    // Fields are dropped in this order: what the screen still holds is out before the guard goes.
    screen: Screen,
    guard: Guard,
    /// Somebody else has the terminal.
    lent: Option<Lent>,
    pacer: Pacer,
    keys: Option<EventStream>,
    signals: Signals,
    /// How the desktop is told, if it is.
    way: Option<Way>,
    /// What the title says, once it says something of the face.
    title: Option<String>,
}

impl Shell {
    /// Takes the terminal.
    pub(super) fn open(dress: &Dress) -> Result<Self, FaceError> {
        let signals = Signals::new()?;
        let guard = Guard::new()?;
        let mut shell = Self {
            ended_by: None,
            clock: Clock::new(),
            changed: true,
            screen: Terminal::new(Canvas::new(io::stdout()))?,
            guard,
            lent: None,
            pacer: Pacer::default(),
            keys: Some(EventStream::new()),
            signals,
            way: dress.way,
            title: None,
        };
        shell.mouse(dress.mouse)?;
        // Whatever was on the screen before isn't ours to draw around.
        shell.clear()?;
        Ok(shell)
    }

    /// Waits for the next key or signal. Nothing is lost if the wait is given up.
    pub(super) async fn next(&mut self) -> Result<Happened, FaceError> {
        let signalled = tokio::select! {
            event = next_key(&mut self.keys) => {
                let Some(Ok(event)) = event else {
                    // The terminal is gone.
                    self.keys = None;
                    self.ended_by = Some(exit::HANGUP);
                    return Ok(Happened::Hangup);
                };
                return self.sort(event);
            }
            signalled = self.signals.next() => signalled,
        };
        match signalled {
            // Keys of the terminal, meant for whoever has it.
            Signalled::End(exit::INTERRUPTED) | Signalled::Resume if self.lent.is_some() => {}
            Signalled::Stop if self.lent.is_some() => {
                kill_process(getpid(), SignalNumber::STOP).map_err(io::Error::from)?;
            }
            Signalled::End(status) => {
                self.ended_by = Some(status);
                return Ok(Happened::Hangup);
            }
            Signalled::Stop => self.suspend()?,
            Signalled::Resume => {
                self.guard.retake()?;
                self.come_back()?;
            }
        }
        Ok(Happened::Redraw)
    }

    /// When the next frame may be drawn, if one is due.
    pub(super) fn frame_at(&self) -> Option<Moment> {
        (self.changed && self.lent.is_none()).then(|| self.pacer.ready_at())
    }

    /// Draws a frame if one is due and may be drawn, and gives what `draw` has given.
    pub(super) fn draw<T>(
        &mut self,
        draw: impl FnOnce(&mut Frame<'_>) -> T,
    ) -> Result<Option<T>, FaceError> {
        if self.lent.is_some() {
            return Ok(None);
        }
        if !Guard::holds() {
            // A panic somewhere has printed its message; drawing over it would hide it.
            return Err(FaceError::EngineGone);
        }
        let now = self.clock.now().moment;
        if self.frame_at().is_none_or(|ready| ready > now) {
            return Ok(None);
        }
        let mut drawn = None;
        self.screen.draw(|frame| drawn = Some(draw(frame)))?;
        self.changed = false;
        self.pacer.drawn(now);
        Ok(drawn)
    }

    /// Calls for the user.
    pub(super) fn bell(&mut self) -> Result<(), FaceError> {
        Ok(self.screen.backend_mut().between(b"\x07")?)
    }

    /// Has the desktop show this, where the terminal can ask it to.
    pub(super) fn notice(&mut self, text: &str) -> Result<(), FaceError> {
        let Some(way) = self.way else { return Ok(()) };
        Ok(self.screen.backend_mut().between(&way.notice(text))?)
    }

    /// Gives the terminal this title.
    pub(super) fn title(&mut self, text: String) -> Result<(), FaceError> {
        self.title = Some(text);
        self.retitle()
    }

    fn retitle(&mut self) -> Result<(), FaceError> {
        // Whoever has the terminal now has its title, too.
        let Some(title) = self.title.as_ref().filter(|_| self.lent.is_none()) else {
            return Ok(());
        };
        self.guard.entitle()?;
        Ok(self.screen.backend_mut().between(&outcry::title(title))?)
    }

    /// Hears of the mouse from now on, or no longer.
    pub(super) fn mouse(&mut self, on: bool) -> Result<(), FaceError> {
        Ok(self.guard.mouse(on)?)
    }

    /// The terminal was somebody else's for a while.
    fn come_back(&mut self) -> Result<(), FaceError> {
        self.retitle()?;
        self.clear()
    }

    /// Asks the terminal to put `text` on its clipboard (OSC 52). It never answers.
    pub(super) fn copy(&mut self, text: &str) -> Result<(), FaceError> {
        let asked = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
        Ok(self.screen.backend_mut().between(asked.as_bytes())?)
    }

    /// Gives the terminal to whoever started this process until it is continued.
    pub(super) fn suspend(&mut self) -> Result<(), FaceError> {
        self.guard.suspend()?;
        self.come_back()
    }

    /// Gives the terminal to a program that is about to be started: until it is reclaimed nothing is
    /// drawn, and no key is read.
    pub(super) fn lend(&mut self) {
        // Dropping it ends its reading.
        self.keys = None;
        self.lent = Some(self.guard.lend());
    }

    /// Takes the terminal again that was lent.
    pub(super) fn reclaim(&mut self) -> Result<(), FaceError> {
        if let Some(lent) = self.lent.take() {
            self.guard.reclaim(&lent)?;
            // A Ctrl-C that ended whoever had it was for them, even if it is heard of only now.
            self.signals.forget_interrupts();
            self.keys = Some(EventStream::new());
            self.come_back()?;
        }
        Ok(())
    }

    /// Draws everything anew with the next frame.
    pub(super) fn clear(&mut self) -> Result<(), FaceError> {
        // Not `clear`, which asks the terminal for the cursor and gets no answer past the key reader.
        let size = self.screen.size()?;
        self.screen.backend_mut().forget();
        self.screen.resize(size.into())?;
        self.changed = true;
        Ok(())
    }

    fn sort(&mut self, event: TerminalEvent) -> Result<Happened, FaceError> {
        Ok(match event {
            TerminalEvent::Key(key) => Happened::Key(key),
            TerminalEvent::Paste(text) => Happened::Paste(text),
            TerminalEvent::FocusGained => Happened::Focus(true),
            TerminalEvent::FocusLost => Happened::Focus(false),
            TerminalEvent::Resize(..) => {
                // What the terminal made of the old screen is anybody's guess, even at the old size.
                self.clear()?;
                Happened::Redraw
            }
            TerminalEvent::Mouse(event) => moused(event).map_or(Happened::Redraw, Happened::Mouse),
        })
    }
}

impl std::fmt::Debug for Shell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shell")
    }
}

/// What of the mouse means something.
const fn moused(event: MouseEvent) -> Option<Mouse> {
    let did = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Did::Click,
        MouseEventKind::ScrollUp => Did::WheelUp,
        MouseEventKind::ScrollDown => Did::WheelDown,
        MouseEventKind::Down(_)
        | MouseEventKind::Up(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => return None,
    };
    Some(Mouse { at: Position { x: event.column, y: event.row }, did })
}

async fn next_key(keys: &mut Option<EventStream>) -> Option<io::Result<TerminalEvent>> {
    match keys {
        Some(keys) => keys.next().await,
        None => std::future::pending().await,
    }
}

/// The signals that the face answers.
struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    stop: Signal,
    resume: Signal,
}

/// A signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signalled {
    /// To end, with this exit status.
    End(u8),
    Stop,
    Resume,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let kind = |number: SignalNumber| signal(SignalKind::from_raw(number.as_raw()));
        Ok(Self {
            terminate: kind(SignalNumber::TERM)?,
            hang_up: kind(SignalNumber::HUP)?,
            interrupt: kind(SignalNumber::INT)?,
            stop: kind(SignalNumber::TSTP)?,
            resume: kind(SignalNumber::CONT)?,
        })
    }

    /// Those that have come already end nothing.
    fn forget_interrupts(&mut self) {
        while self.interrupt.recv().now_or_never().is_some() {}
    }

    async fn next(&mut self) -> Signalled {
        tokio::select! {
            _ = self.terminate.recv() => Signalled::End(exit::TERMINATED),
            _ = self.hang_up.recv() => Signalled::End(exit::HANGUP),
            _ = self.interrupt.recv() => Signalled::End(exit::INTERRUPTED),
            _ = self.stop.recv() => Signalled::Stop,
            _ = self.resume.recv() => Signalled::Resume,
        }
    }
}
