//! Tests that mount file systems.
//!
//! Each runs itself once more in a mount namespace of its own, with what it wants mounted there. Where
//! the system doesn't allow that, it says so and is passed over.

use std::process::Command;

/// Set for a copy of this program that may mount.
const MOUNTS: &str = "COUPLET_TEST_MOUNTS";

/// Runs the test that this is called from once more, where it may mount. True in there.
#[expect(clippy::print_stderr, reason = "that it was passed over must be seen")]
pub fn may_mount() -> bool {
    if std::env::var_os(MOUNTS).is_some() {
        return true;
    }
    let name = std::thread::current().name().map(str::to_owned).expect("the test's name");
    // That a disk can be mounted is tried first: an answer of its own tells that it can't.
    let script =
        "mount -t tmpfs none /tmp || exit 99; umount /tmp; exec \"$0\" --exact \"$1\" --nocapture";
    let ran = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(std::env::current_exe().expect("this program"))
        .arg(name)
        .env(MOUNTS, "1")
        .output();
    match ran {
        Ok(ran) if ran.status.code() == Some(99) => eprintln!("skipped: nothing can be mounted"),
        Ok(ran) if ran.stdout.is_empty() => {
            eprintln!("skipped: no namespace: {}", String::from_utf8_lossy(&ran.stderr));
        }
        Ok(ran) => {
            let told =
                [ran.stdout, ran.stderr].map(|out| String::from_utf8_lossy(&out).into_owned());
            assert!(ran.status.success(), "{}{}", told[0], told[1]);
        }
        Err(error) => eprintln!("skipped: no unshare: {error}"),
    }
    false
}

/// Mounts, with these arguments.
pub fn mount(args: &[&str]) {
    let status = Command::new("mount").args(args).status().expect("mount");
    assert!(status.success(), "mount {args:?}");
}
