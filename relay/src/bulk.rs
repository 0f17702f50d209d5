//! The threads that copy what goes through pipes.
//!
//! Owns a runtime apart from the one that serves conversations, so that a word never waits behind
//! megabytes: neither for a worker (one poll of a busy pipe copies for milliseconds) nor, where the
//! operating system has a say, for a processor, since these threads stand back. And the memory that
//! they copy through.

use crate::pipe::Buffers;
use std::future::Future;
use std::io;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

/// How far these threads stand back. On Linux niceness is a thread's own; elsewhere it would be the
/// whole relay's.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// The runtime for pipes.
#[derive(Debug)]
pub(crate) struct Bulk {
    /// Taken out only when this is dropped.
    runtime: Option<Runtime>,
    buffers: Arc<Buffers>,
}

impl Bulk {
    /// Starts the threads.
    ///
    /// # Errors
    /// If the operating system has none to give.
    pub(crate) fn start(workers: Option<usize>) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.enable_all().thread_name("pipes");
        if let Some(workers) = workers {
            builder.worker_threads(workers);
        }
        #[cfg(target_os = "linux")]
        builder.on_thread_start(|| {
            // Refused or not, bytes move.
            let _ = rustix::process::nice(NICENESS);
        });
        Ok(Self { runtime: Some(builder.build()?), buffers: Arc::default() })
    }

    /// The memory to copy through.
    pub(crate) const fn buffers(&self) -> &Arc<Buffers> {
        &self.buffers
    }

    /// Runs `copying` to its end on these threads; it is dropped if the caller is.
    pub(crate) async fn run<F>(&self, copying: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if let Some(runtime) = &self.runtime {
            // A set ends what is in it when it is dropped.
            let mut tasks = JoinSet::new();
            tasks.spawn_on(copying, runtime.handle());
            // A panic in there is its own end; the pipe is gone with it.
            let _ = tasks.join_next().await;
        }
    }
}

impl Drop for Bulk {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting for threads isn't allowed where this may be dropped, and nothing is left.
            runtime.shutdown_background();
        }
    }
}
