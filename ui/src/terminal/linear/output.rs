//! Standard output, in whole lines that are there at once.
//!
//! Owns the thread that writes, so that a reader who doesn't read holds nothing up but what is to be
//! read.

use std::io::{self, Write as _};
use tokio::sync::mpsc;

/// What may wait for the reader before nothing more is taken in.
const MOST_WAITING: usize = 256 * 1024;

/// What is to be written.
#[derive(Debug)]
pub(super) struct Output {
    texts: mpsc::Sender<String>,
    done: mpsc::UnboundedReceiver<io::Result<()>>,
    waiting: String,
    /// What everything that waits brings the reader up to.
    waiting_up_to: usize,
    /// The same for what is being written, while anything is.
    writing_up_to: Option<usize>,
}

impl Output {
    /// Writes to standard output from here on.
    pub(super) fn begin() -> io::Result<Self> {
        let (texts, mut coming) = mpsc::channel::<String>(1);
        let (tell, done) = mpsc::unbounded_channel();
        std::thread::Builder::new().name("couplet-output".to_owned()).spawn(move || {
            while let Some(text) = coming.blocking_recv() {
                let mut out = io::stdout().lock();
                let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
                drop(out);
                if tell.send(written).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { texts, done, waiting: String::new(), waiting_up_to: 0, writing_up_to: None })
    }

    /// Has this written; with it everything before the entry `up_to` is.
    pub(super) fn put(&mut self, text: &str, up_to: usize) {
        self.waiting.push_str(text);
        self.waiting_up_to = up_to;
        self.go_on();
    }

    /// Whether so much waits for the reader that nothing more is to be taken in.
    pub(super) const fn is_full(&self) -> bool {
        self.waiting.len() > MOST_WAITING
    }

    /// Whether everything is written.
    pub(super) const fn is_idle(&self) -> bool {
        self.writing_up_to.is_none()
    }

    /// Waits until something is written; gives the number of the entry before which all is. Nothing is
    /// lost if the wait is given up.
    pub(super) async fn written(&mut self) -> io::Result<usize> {
        if self.writing_up_to.is_none() {
            return std::future::pending().await;
        }
        let gone = || io::Error::other("the writer is gone");
        let written = self.done.recv().await.unwrap_or_else(|| Err(gone()));
        let up_to = self.writing_up_to.take().unwrap_or_default();
        match written {
            Ok(()) => self.go_on(),
            // Nobody reads what waits, either.
            Err(_) => self.waiting.clear(),
        }
        written.map(|()| up_to)
    }

    fn go_on(&mut self) {
        if self.writing_up_to.is_some() || self.waiting.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.waiting);
        if self.texts.try_send(text).is_ok() {
            self.writing_up_to = Some(self.waiting_up_to);
        }
    }
}
