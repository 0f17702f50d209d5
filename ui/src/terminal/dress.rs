//! What the user wants of the face's looks and calls, as the face holds it.
//!
//! Owns the way there from the options and the environment, which are read once, at the start.

use super::app::Calls;
use super::outcry::Way;
use super::theme::{Palette, Theme};
use crate::config::{Looks, Timestamps};
use std::env::VarError;

/// The looks and the calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dress {
    pub(super) theme: Theme,
    pub(super) timestamps: Timestamps,
    pub(super) calls: Calls,
    /// How the desktop is told, if it is.
    pub(super) way: Option<Way>,
    pub(super) mouse: bool,
}

impl Dress {
    /// What `looks` ask for where the environment is as `variable` tells.
    pub(super) fn new(
        looks: &Looks,
        variable: impl Fn(&str) -> Result<String, VarError> + Copy,
    ) -> Self {
        let palette = looks.palette.or_else(|| Palette::named(Palette::DEFAULT));
        let theme = match palette {
            Some(palette) => Theme::chosen(palette, looks.symbols, variable),
            None => Theme::new(false, false),
        };
        let way = Way::chosen(looks.notify, variable).filter(|_| !looks.quiet);
        let calls = Calls {
            bell: looks.bell.is_on() && !looks.quiet,
            notice: way.is_some(),
            // What a console without windows would make of it is letters on its screen.
            title: looks.title.is_on() && variable("TERM").is_ok_and(|term| term != "linux"),
        };
        let (timestamps, mouse) = (looks.timestamps, looks.mouse.is_on());
        Self { theme, timestamps, calls, way, mouse }
    }
}
