//! The one sanitiser for anything that is shown on a screen: a peer's words, nicks, the relay's
//! texts, file names.
//!
//! It owns the answer to "what may a stranger's text do to my terminal?" (nothing but show), and
//! how wide a text is. It doesn't own wrapping, colours or links (the faces do), nor which file
//! names are lawful (`path.rs` does, and asks here whether a name shows as what it is).
//!
//! What comes out of [`message`] and [`line()`] has, for any input:
//! - no control character but LF (and not even that from [`line()`]): escape sequences of ECMA-48
//!   and their 8-bit forms are removed whole, so that no `[31m` stays behind;
//! - none of UAX #9's bidirectional controls, and nothing that draws nothing: the default-ignorable
//!   code points of the Unicode Standard (5.21), Hangul fillers, noncharacters;
//! - joiners, variation selectors and tags only where a font can use them, combining marks only on
//!   a base and at most [`MAX_MARKS`] deep;
//! - everything else as it came. Cleaning twice changes nothing.
//!
//! Each rule looks only at what was already let through, never at what was dropped, and no
//! introducer of a sequence is ever let through; that is why removing one thing can't assemble
//! another.

use std::str::Chars;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr;

mod characters;

use characters::{Kind, is_emoji, is_joining, is_skin_tone, is_virama, kind, selects};

/// How many combining marks (or skin tones) may stand on one base. Living scripts need at most
/// four in ordinary text; "zalgo" needs dozens, and paints over the lines above and below.
pub const MAX_MARKS: u8 = 4;

/// How many zero-width joiners one emoji sequence may hold. Recommended sequences (UTS #51) need
/// three; a terminal that doesn't know a sequence shows its parts side by side, so that a long one
/// would be far wider than it was counted.
pub const MAX_EMOJI_JOINS: u8 = 4;

/// How many characters of a control string (OSC, DCS, SOS, PM, APC) without an end are removed
/// with it. See [`message`].
pub const MAX_UNENDED_CHARS: usize = 256;

/// Columns from one tab stop to the next.
pub const TAB_COLUMNS: usize = 4;

/// What stands at the end of a text that was cut.
pub const ELLIPSIS: char = '…';

/// The text, safe to show on a screen with many lines, in at most `max_bytes` bytes of UTF-8.
///
/// - Line ends (CR LF, CR, VT, FF, NEL, U+2028, U+2029) become LF; tabs become spaces up to the
///   next of the stops every [`TAB_COLUMNS`] columns.
/// - A text that is too long is cut between two grapheme clusters (UAX #29) and ends in
///   [`ELLIPSIS`]; where not even that fits (`max_bytes` under 3), it is only cut.
/// - A control string is removed up to its BEL or ST (ECMA-48, 5.6), however long: no terminal
///   would show it. One that isn't ended before its line, or before the next escape, is probably
///   the torn half of an honest paste: no more than [`MAX_UNENDED_CHARS`] characters of it are
///   removed, and the rest is shown as the harmless text it now is.
///
/// ```
/// use couplet::text::message;
/// assert_eq!(message("\x1b[31mred\x1b[0m\r\nalert", 100), "red\nalert");
/// assert_eq!(message("a long story", 9), "a long…");
/// ```
#[must_use]
pub fn message(input: &str, max_bytes: usize) -> String {
    if is_plain(input) {
        let mut text = input.get(..max_bytes.saturating_add(1)).unwrap_or(input).to_owned();
        cut_to_bytes(&mut text, max_bytes);
        return text;
    }
    let mut writer = Writer::default();
    let mut chars = input.chars();
    while writer.out.len() <= max_bytes {
        let Some(c) = chars.next() else { break };
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_control_sequence(&mut chars),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut chars),
            '\r' if chars.as_str().starts_with('\n') => {}
            _ => writer.put(c),
        }
    }
    cut_to_bytes(&mut writer.out, max_bytes);
    writer.out
}

/// The text, safe to show on one line of at most `max_columns` columns: as [`message`], then each
/// run of line ends becomes one space (none at either end), and what is too wide is cut between
/// two grapheme clusters and ends in [`ELLIPSIS`]. With 0 columns nothing is left.
///
/// ```
/// use couplet::text::line;
/// assert_eq!(line("one\r\n\r\ntwo\n", 20), "one two");
/// assert_eq!(line("日本語", 5), "日本…");
/// ```
#[must_use]
pub fn line(input: &str, max_columns: usize) -> String {
    let lines = message(input, usize::MAX);
    let mut text = String::with_capacity(lines.len());
    for part in lines.split('\n').filter(|part| !part.is_empty()) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(part);
    }
    if columns(&text) <= max_columns {
        return text;
    }
    let Some(budget) = max_columns.checked_sub(1) else { return String::new() };
    let mut used = 0;
    let kept = text
        .grapheme_indices(true)
        .find(|(_, cluster)| {
            used += cluster.width();
            used > budget
        })
        .map_or(text.len(), |(at, _)| at);
    cut_at(&mut text, kept);
    text.push(ELLIPSIS);
    text
}

/// Whether [`message`] would leave the text as it is, apart from its length.
#[must_use]
pub fn is_clean(input: &str) -> bool {
    is_plain(input) || message(input, usize::MAX) == input
}

/// How many terminal columns one line of text takes: the sum over its grapheme clusters, which is
/// how a screen of cells draws it. Ambiguous widths (UAX #11) count as one. A single cluster may be
/// wider than two columns (conjuncts, spacing marks), so whoever wraps must not wait for it to fit.
#[must_use]
pub fn columns(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.graphemes(true).map(UnicodeWidthStr::width).sum()
    }
}

/// Printable ASCII and LF: nothing to do, whatever the context.
fn is_plain(input: &str) -> bool {
    input.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~'))
}

fn cut_to_bytes(text: &mut String, max_bytes: usize) {
    if text.len() <= max_bytes {
        return;
    }
    let room = max_bytes.checked_sub(ELLIPSIS.len_utf8());
    let budget = room.unwrap_or(max_bytes);
    let kept = text
        .grapheme_indices(true)
        .map(|(at, _)| at)
        .take_while(|&at| at <= budget)
        .last()
        .unwrap_or_default();
    cut_at(text, kept);
    if room.is_some() {
        text.push(ELLIPSIS);
    }
}

/// Cuts at a cluster boundary. A joiner that has lost its right-hand neighbour goes too: it would
/// not be let through a second time.
fn cut_at(text: &mut String, at: usize) {
    text.truncate(at);
    let joined = text.trim_end_matches(['\u{200c}', '\u{200d}']).len();
    text.truncate(joined);
}

// --- Escape sequences (ECMA-48; the string ends and ignored controls as in xterm) ---

/// After ESC: the rest of whatever sequence it starts.
fn skip_escape(chars: &mut Chars<'_>) {
    skip_while(chars, is_passed_over);
    match chars.clone().next() {
        Some('[') => {
            chars.next();
            skip_control_sequence(chars);
        }
        // OSC, DCS, SOS, PM, APC, and the title string of screen and tmux.
        Some(']' | 'P' | 'X' | '^' | '_' | 'k') => {
            chars.next();
            skip_string(chars);
        }
        Some(' '..='/') => {
            skip_while(chars, |c| matches!(c, ' '..='/') || is_passed_over(c));
            skip_one(chars, |c| matches!(c, '0'..='~'));
        }
        _ => skip_one(chars, |c| matches!(c, '0'..='~')),
    }
}

/// After CSI: parameters, intermediates and the final byte.
fn skip_control_sequence(chars: &mut Chars<'_>) {
    skip_while(chars, |c| matches!(c, ' '..='?') || is_passed_over(c));
    skip_one(chars, |c| matches!(c, '@'..='~'));
}

/// After the introducer of a control string: its content and its end.
fn skip_string(chars: &mut Chars<'_>) {
    let mut rest = chars.clone();
    let mut length = 0_usize;
    let ended = loop {
        let before = rest.clone();
        match rest.next() {
            Some('\u{07}' | '\u{9c}') => break true,
            Some('\u{1b}') if rest.as_str().starts_with('\\') => {
                rest.next();
                break true;
            }
            // CAN, SUB, ESC and C1 break it off, as in a terminal; so does the line's end.
            None
            | Some(
                '\n'..='\r'
                | '\u{18}'
                | '\u{1a}'
                | '\u{1b}'
                | '\u{80}'..='\u{9f}'
                | '\u{2028}'
                | '\u{2029}',
            ) => {
                rest = before;
                break false;
            }
            Some(_) => length += 1,
        }
    };
    if ended || length <= MAX_UNENDED_CHARS {
        *chars = rest;
    } else {
        chars.nth(MAX_UNENDED_CHARS - 1);
    }
}

/// The controls a terminal obeys or ignores inside a sequence without ending it.
fn is_passed_over(c: char) -> bool {
    matches!(c, '\0'..='\t' | '\u{0e}'..='\u{17}' | '\u{19}' | '\u{1c}'..='\u{1f}' | '\u{7f}')
}

fn skip_while(chars: &mut Chars<'_>, wanted: impl Fn(char) -> bool) {
    *chars = chars.as_str().trim_start_matches(wanted).chars();
}

fn skip_one(chars: &mut Chars<'_>, wanted: impl Fn(char) -> bool) {
    if chars.clone().next().is_some_and(wanted) {
        chars.next();
    }
}

// --- What is left of the text, one character at a time ---

/// What was last let through.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    #[default]
    LineStart,
    Base,
    Extension,
    Joiner,
}

/// Lets characters through, or not, by what it has let through before.
#[derive(Default)]
struct Writer {
    out: String,
    last: Last,
    /// What marks, selectors and joiners would now attach to; nothing at the start of a line.
    base: Option<char>,
    marks: u8,
    joins: u8,
    /// A joiner that waits for its right-hand neighbour.
    joiner: Option<char>,
    /// The tags after a black flag, until the one that ends them.
    tags: String,
    /// Up to where in `out`, and to which column of the line, the width was counted.
    counted: (usize, usize),
}

impl Writer {
    fn put(&mut self, c: char) {
        match kind(c) {
            Kind::Dropped => {}
            Kind::LineEnd => {
                let mut out = std::mem::take(&mut self.out);
                out.push('\n');
                *self = Self { counted: (out.len(), 0), out, ..Self::default() };
            }
            Kind::Tab => self.put_tab(),
            Kind::Joiner => self.put_joiner(c),
            Kind::Tag => self.put_tag(c),
            Kind::Selector => {
                if self.last == Last::Base && self.base.is_some_and(|base| selects(base, c)) {
                    self.push(c, Last::Extension);
                }
            }
            Kind::Mark => self.put_mark(c),
            // A skin tone extends an emoji (UAX #29 too says so); elsewhere it is a colour swatch.
            Kind::Base if is_skin_tone(c) && self.base.is_some_and(is_emoji) => self.put_mark(c),
            Kind::Base => self.put_base(c),
        }
    }

    fn put_base(&mut self, c: char) {
        if !self.push(c, Last::Base) {
            self.joins = 0;
        }
        self.base = Some(c);
        self.marks = 0;
    }

    fn put_mark(&mut self, c: char) {
        if self.base.is_some() && self.marks < MAX_MARKS {
            self.push(c, Last::Extension);
            self.marks += 1;
        }
    }

    fn put_tab(&mut self) {
        let (from, column) = self.counted;
        let column = column + columns(self.out.get(from..).unwrap_or_default());
        let spaces = TAB_COLUMNS - column % TAB_COLUMNS;
        for _ in 0..spaces {
            self.put_base(' ');
        }
        self.counted = (self.out.len(), column + spaces);
    }

    /// A joiner stays directly after a virama, where it chooses the form of what is before it
    /// (RFC 5892, A.1 and A.2; old Malayalam ends words so), and else between two neighbours that
    /// can join: see [`Writer::can_join`].
    fn put_joiner(&mut self, c: char) {
        self.tags.clear();
        if self.last == Last::Extension && self.out.ends_with(is_virama) {
            self.out.push(c);
            self.last = Last::Joiner;
        } else if self.base.is_some() && self.last != Last::Joiner {
            self.joiner.get_or_insert(c);
        }
    }

    /// Tags stay only in a subdivision flag (UTS #51, ED-14a): black flag, three to six tag
    /// letters or digits, the cancel tag. Anywhere else they are a way to write unseen.
    fn put_tag(&mut self, c: char) {
        const SPEC: std::ops::RangeInclusive<usize> = 3..=6;
        if self.last != Last::Base || self.base != Some('\u{1f3f4}') || self.joiner.is_some() {
            return;
        }
        let held = self.tags.chars().count();
        if c != '\u{e007f}' {
            // One too many is remembered, so that the cancel tag finds them too long.
            if held <= *SPEC.end() {
                self.tags.push(c);
            }
            return;
        }
        let tags = std::mem::take(&mut self.tags);
        let lawful = |c| matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}');
        if SPEC.contains(&held) && tags.chars().all(lawful) {
            self.out.push_str(&tags);
            self.push(c, Last::Extension);
        }
    }

    /// Lets a character through, and the waiting joiner before it if the two agree. True if joined.
    fn push(&mut self, c: char, last: Last) -> bool {
        self.tags.clear();
        let joiner = self.joiner.take().filter(|&joiner| self.can_join(joiner, c));
        self.out.extend(joiner);
        self.out.push(c);
        self.last = last;
        if joiner.is_some() {
            self.joins = self.joins.saturating_add(1);
        }
        joiner.is_some()
    }

    /// The simple rule for joiners: both kinds between two letters (or marks) of scripts that
    /// join or form conjuncts, ZWJ also between two emoji.
    fn can_join(&self, joiner: char, next: char) -> bool {
        self.base.is_some_and(|base| {
            let emoji = joiner == '\u{200d}' && is_emoji(base) && is_emoji(next);
            (emoji && self.joins < MAX_EMOJI_JOINS) || (is_joining(base) && is_joining(next))
        })
    }
}

#[cfg(test)]
mod tests;
