//! Opens something on this machine's desktop: the page in its browser, a folder in its file manager.
//!
//! Owns nothing of it but the start; whatever is started goes on by itself and says nothing here.

use std::ffi::OsString;
use tokio::task::spawn_blocking;

/// Opens an address or a whole path.
///
/// # Errors
/// A sentence, if there is nothing on this machine to open it with.
pub(crate) async fn open(what: impl Into<OsString>) -> Result<(), String> {
    let what = what.into();
    let opened = spawn_blocking(move || open::that_detached(what)).await;
    // Why not is about programs that most have never heard of.
    match opened {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => {
            Err("this machine's desktop doesn't open it; open it yourself".to_owned())
        }
    }
}
