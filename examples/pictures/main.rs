//! Makes the pictures in `docs/pictures`: what real clients show while they talk through a real relay
//! and pass files.
//!
//! ```text
//! cargo build --release && cargo run --release --example pictures
//! ```
//!
//! The programs are those of the same profile as this one. It takes about a minute and writes some
//! GiB into the directory for temporary files meanwhile, and leaves nothing there. The relay listens
//! on its default port, or on any if that one is taken. Names of pictures as arguments make only
//! those.

mod draw;
mod scenes;
mod shapes;
mod stage;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use vt100::Screen;

/// What one screen becomes.
struct Picture {
    /// The file's, without its ending.
    name: &'static str,
    /// In the window's title bar: what was typed to start the client.
    window: &'static str,
    /// For who can't see it.
    says: &'static str,
    screen: Screen,
}

fn main() -> io::Result<()> {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    fs::create_dir_all(&dir)?;
    for (names, scene) in scenes::SCENES {
        if !chosen.is_empty() && !names.iter().any(|name| chosen.iter().any(|one| one == name)) {
            continue;
        }
        for picture in scene()? {
            let svg = draw::drawn(&picture);
            fs::write(dir.join(picture.name).with_extension("svg"), &svg)?;
            writeln!(io::stdout(), "{}.svg: {} bytes", picture.name, svg.len())?;
        }
    }
    Ok(())
}
