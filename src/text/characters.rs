//! Which code point is what to the sanitiser: its tables, as ranges of the Unicode Standard.
//!
//! It owns no order and no state: what may follow what is decided in `text.rs`.

use unicode_width::UnicodeWidthChar as _;

/// What a character is to the sanitiser.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Ends a line, whatever its form.
    LineEnd,
    /// The horizontal tab.
    Tab,
    /// Never let through.
    Dropped,
    /// ZWJ and ZWNJ.
    Joiner,
    /// Variation selectors.
    Selector,
    /// The tags of emoji flags.
    Tag,
    /// Takes no column of its own: stands on the base before it.
    Mark,
    /// All the rest.
    Base,
}

/// Each code point's kind; what isn't listed is a mark if it has no width, and else a base.
pub(super) fn kind(c: char) -> Kind {
    match c {
        '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Kind::LineEnd,
        '\t' => Kind::Tab,
        ' '..='~' => Kind::Base,
        '\u{200c}' | '\u{200d}' => Kind::Joiner,
        '\u{fe00}'..='\u{fe0f}'
        | '\u{e0100}'..='\u{e01ef}'
        | '\u{180b}'..='\u{180d}'
        | '\u{180f}' => Kind::Selector,
        '\u{e0020}'..='\u{e007f}' => Kind::Tag,
        _ if is_unseen(c) => Kind::Dropped,
        _ => match c.width() {
            None => Kind::Dropped,
            Some(0) => Kind::Mark,
            Some(_) => Kind::Base,
        },
    }
}

/// Characters that show nothing and are never needed to show something else.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}'
        // Bidirectional controls (UAX #9, 2) and the deprecated ones beside them.
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        // Zero-width space, word joiner, invisible operators, isolates, byte order mark.
        | '\u{200b}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        // Fillers and vowels without a shape: Hangul, Khmer, Mongolian.
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        // Interlinear annotation; format controls of shorthand and music.
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        // The special-purpose plane (its selectors and tags are judged before).
        | '\u{e0000}'..='\u{e0fff}'
        | '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Whether a variation selector can mean something after this base: the Mongolian ones after
/// Mongolian, the supplement (UTS #37) after ideographs, the others after anything but plain ASCII
/// (digits, `#` and `*` have emoji forms).
pub(super) fn selects(base: char, selector: char) -> bool {
    match selector {
        '\u{180b}'..='\u{180f}' => matches!(base, '\u{1800}'..='\u{18af}'),
        '\u{fe00}'..='\u{fe0f}' => {
            matches!(base, '0'..='9' | '#' | '*') || !(base.is_ascii() || base.is_whitespace())
        }
        _ => {
            matches!(base, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
                | '\u{20000}'..='\u{3ffff}')
        }
    }
}

/// Blocks of the emoji that take part in joined sequences; regional indicators don't.
pub(super) fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}'
        | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1f1e5}' | '\u{1f200}'..='\u{1faff}')
}

/// The modifiers of Fitzpatrick's scale (UTS #51, 2.4).
pub(super) fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

/// Letters and marks of the blocks whose scripts are cursive or form conjuncts, and so use
/// joiners: Arabic to Mandaic, the Indic scripts, Myanmar, Khmer, Mongolian and their kin.
pub(super) fn is_joining(c: char) -> bool {
    let block = matches!(c, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{18af}' | '\u{1b00}'..='\u{1bff}' | '\u{a840}'..='\u{a87f}'
        | '\u{a8e0}'..='\u{a8ff}' | '\u{a980}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}'
        | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10d00}'..='\u{10d3f}'
        | '\u{11000}'..='\u{11fff}' | '\u{1e900}'..='\u{1e95f}');
    block && (c.is_alphabetic() || c.width() == Some(0))
}

/// The viramas of the scripts of India and Sri Lanka.
pub(super) fn is_virama(c: char) -> bool {
    matches!(
        c,
        '\u{94d}'
            | '\u{9cd}'
            | '\u{a4d}'
            | '\u{acd}'
            | '\u{b4d}'
            | '\u{bcd}'
            | '\u{c4d}'
            | '\u{ccd}'
            | '\u{d4d}'
            | '\u{dca}'
    )
}
