//! Files that nobody else may read.
//!
//! Owns how they are made: with their rights from the first moment on, and as the directory's
//! owner's, whoever makes them.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Makes the directory, and those above it, if there is none.
pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// The file, readable by its owner only; one that others could read is the owner's alone from now.
pub(super) fn open(dir: &Path, name: &str) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(dir.join(name))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
    }
    hand_over(&file, dir);
    Ok(file)
}

/// Gives a file to the owner of its directory: a command that root runs must not leave a file that
/// the relay, which runs as somebody else, can't read.
pub(super) fn hand_over(file: &File, dir: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if let (Ok(dir), Ok(file_is)) = (fs::metadata(dir), file.metadata())
            && dir.uid() != file_is.uid()
        {
            // Only root may, and nobody else needs to.
            let _ = std::os::unix::fs::fchown(file, Some(dir.uid()), Some(dir.gid()));
        }
    }
    #[cfg(not(unix))]
    let _ = (file, dir);
}
