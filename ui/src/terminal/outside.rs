//! The user's own editor, for a message that wants more than the composer.
//!
//! Owns the editor's process and the file that it writes: private, in a directory of its own (so that
//! swap files are private, too), and removed unless it holds something that no message can.

use super::quoting;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::Sleep;

/// How long an editor may take to end when it is told to.
const END_LIMIT: Duration = Duration::from_millis(800);

/// What names the user's editor, in this order.
const VARIABLES: [&str; 2] = ["VISUAL", "EDITOR"];

/// An editor that runs.
#[derive(Debug)]
pub(super) struct Outside {
    name: String,
    directory: TempDir,
    path: PathBuf,
    child: Child,
    /// Runs out when it must have ended.
    limit: Option<Pin<Box<Sleep>>>,
}

/// The user's editor, as words of a command.
///
/// # Errors
/// What to do, if there is none.
pub(super) fn chosen(
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<(String, Vec<String>), String> {
    let set = VARIABLES.into_iter().filter_map(variable).find(|value| !value.is_empty());
    let Some(command) = set.and_then(|value| value.into_string().ok()) else {
        let advice = "no editor is set; leave with fin, type export EDITOR=nano (or what you like), \
                      and start couplet again";
        return Err(advice.to_owned());
    };
    let mut words = quoting::words(&command).into_iter().map(|word| word.text);
    match words.next() {
        Some(program) => Ok((program, words.collect())),
        None => Err("VISUAL or EDITOR names no program".to_owned()),
    }
}

impl Outside {
    /// Starts the editor with `draft`. The terminal must be free for it.
    ///
    /// # Errors
    /// A sentence about what can't be done.
    pub(super) fn start(
        (program, arguments): (String, Vec<String>),
        draft: &str,
    ) -> Result<Self, String> {
        let file = Path::new(&program).file_name().unwrap_or_default();
        let name = couplet::text::line(&file.to_string_lossy(), 60);
        let shown = couplet::text::line(&program, 200);
        let unwritten = |error| format!("no file can be written for the editor: {error}");
        let mut builder = tempfile::Builder::new();
        builder.prefix("couplet-").permissions(Permissions::from_mode(0o700));
        let directory = builder.tempdir().map_err(unwritten)?;
        let path = directory.path().join("message.txt");
        write(&path, draft).map_err(unwritten)?;
        let child =
            Command::new(&program).args(arguments).arg(&path).kill_on_drop(true).spawn().map_err(
                |error| format!("the editor {shown} (VISUAL or EDITOR) can't be started: {error}"),
            )?;
        Ok(Self { name, directory, path, child, limit: None })
    }

    /// Tells the editor to end soon, whatever is written in it.
    pub(super) fn stop(&mut self) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let (Some(pid), None) = (pid, &self.limit) {
            let _ = kill_process(pid, Signal::TERM);
            self.limit = Some(Box::pin(tokio::time::sleep(END_LIMIT)));
        }
    }

    /// Waits for its end and gives what it has written, of at most `most` bytes, or what went wrong.
    /// Dropping the future loses nothing.
    pub(super) async fn ended(outside: &mut Option<Self>, most: usize) -> Result<String, String> {
        let Some(editor) = outside else { return std::future::pending().await };
        let status = loop {
            tokio::select! {
                status = editor.child.wait() => break status,
                () = out_of(&mut editor.limit) => {
                    let _ = editor.child.start_kill();
                    editor.limit = None;
                }
            }
        };
        let name = &editor.name;
        let unchanged = "the message is as it was";
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(format!("{name} ended with {status}; {unchanged}")),
            Err(error) => return Err(format!("{name} is lost ({error}); {unchanged}")),
        }
        let bytes = read(&editor.path, most)
            .map_err(|error| format!("what {name} wrote can't be read ({error}); {unchanged}"))?;
        let too_much = bytes.len() > most;
        match String::from_utf8(bytes) {
            Ok(text) if !too_much => Ok(text),
            other => {
                let what = if other.is_ok() || too_much { "too long for" } else { "no text for" };
                // It may be an hour's work.
                editor.directory.disable_cleanup(true);
                let path = couplet::text::line(&editor.path.to_string_lossy(), 200);
                Err(format!("that is {what} a message; it is kept in {path}, /send sends it"))
            }
        }
    }
}

async fn out_of(limit: &mut Option<Pin<Box<Sleep>>>) {
    match limit {
        Some(limit) => limit.await,
        None => std::future::pending().await,
    }
}

fn write(path: &Path, draft: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(draft.as_bytes())
}

/// At most one byte more than `most`: a longer file is none to take.
fn read(path: &Path, most: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of this shell script as the editor, and where its file was.
    async fn edited(script: &str, draft: &str) -> (Result<String, String>, PathBuf) {
        let command = vec!["-c".to_owned(), script.to_owned(), "editor".to_owned()];
        let outside = Outside::start(("sh".to_owned(), command), draft).expect("it starts");
        let path = outside.path.clone();
        let mut outside = Some(outside);
        let text = Outside::ended(&mut outside, 100).await;
        drop(outside);
        (text, path)
    }

    #[tokio::test]
    async fn what_it_writes_comes_back_and_nothing_is_left() {
        let (text, path) = edited(
            "cat \"$1\" > \"$1.new\"; echo more >> \"$1.new\"; mv \"$1.new\" \"$1\"",
            "dräft\n",
        )
        .await;
        assert_eq!(text, Ok("dräft\nmore\n".to_owned()));
        assert!(!path.exists() && !path.parent().expect("a directory").exists());
    }

    #[tokio::test]
    async fn nobody_else_may_look_at_it() {
        let script = "modes=$(stat -c %a \"$1\" \"${1%/*}\"); echo \"$modes\" > \"$1\"";
        let (text, _) = edited(script, "draft").await;
        assert_eq!(text, Ok("600\n700\n".to_owned()));
    }

    #[tokio::test]
    async fn a_failure_is_told_and_leaves_nothing() {
        for script in ["echo x > \"$1\"; exit 3", "kill -9 $$", "rm \"$1\""] {
            let (text, path) = edited(script, "draft").await;
            let told = text.expect_err(script);
            assert!(told.ends_with("the message is as it was"), "{told}");
            assert!(!path.exists());
        }
    }

    #[tokio::test]
    async fn what_no_message_holds_is_kept() {
        for script in ["printf '\\377' > \"$1\"", "yes | head -c 300 > \"$1\""] {
            let (text, path) = edited(script, "draft").await;
            let told = text.expect_err(script);
            assert!(told.contains(&*path.to_string_lossy()), "{told}");
            assert!(path.exists());
            std::fs::remove_dir_all(path.parent().expect("a directory")).expect("it goes");
        }
    }

    #[tokio::test]
    async fn one_that_wont_end_is_ended() {
        let command = vec!["-c".to_owned(), "kill -STOP $$".to_owned()];
        let mut outside = Some(Outside::start(("sh".to_owned(), command), "").expect("it starts"));
        if let Some(outside) = &mut outside {
            outside.stop();
        }
        let told = Outside::ended(&mut outside, 100).await.expect_err("an end");
        assert!(told.contains("signal"), "{told}");
    }

    #[tokio::test]
    async fn visual_comes_first_and_has_arguments() {
        let of = |visual: &str, editor: &str| {
            let (visual, editor) = (visual.to_owned(), editor.to_owned());
            chosen(|name| Some(if name == "VISUAL" { &visual } else { &editor }.into()))
        };
        let words = |program: &str, rest: &[&str]| {
            Ok((program.to_owned(), rest.iter().map(|word| (*word).to_owned()).collect()))
        };
        assert_eq!(of("emacs -nw", "vi"), words("emacs", &["-nw"]));
        assert_eq!(of("", "'/opt/my editor' --wait"), words("/opt/my editor", &["--wait"]));
        assert!(chosen(|_| None).expect_err("none").contains("EDITOR=nano"));
        let start = Outside::start(("/no/such".to_owned(), Vec::new()), "");
        let told = start.expect_err("none");
        assert!(told.starts_with("the editor /no/such (VISUAL or EDITOR) can't be"), "{told}");
    }
}
