//! The one sanitiser: whatever a stranger writes, nothing but text comes out.
//!
//! The rules are those of the property tests in `src/text/tests.rs`.

use arbitrary::{Arbitrary as _, Unstructured};
use couplet::text;

/// Runs one input.
pub fn run(data: &[u8]) {
    let Ok(input) = <(u8, &[u8])>::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let (max, bytes) = input;
    let max = usize::from(max);
    // As a shell would read it; most bytes of other inputs would be thrown away here.
    let input = String::from_utf8_lossy(bytes);

    let whole = text::message(&input, usize::MAX);
    assert!(!whole.contains(is_forbidden), "{whole:?}");
    assert!(text::is_clean(&whole), "cleaning again would change {whole:?}");
    assert_eq!(text::message(&whole, usize::MAX), whole);
    assert_eq!(text::is_clean(&input), whole == input);

    let cut = text::message(&input, max);
    assert!(cut.len() <= max);
    assert!(text::is_clean(&cut), "cut to {max} it is unclean: {cut:?}");
    assert_eq!(text::message(&cut, max), cut);

    let line = text::line(&input, max);
    assert!(!line.contains('\n') && !line.contains(is_forbidden), "{line:?}");
    assert!(text::columns(&line) <= max, "{line:?} is wider than {max}");
    assert!(text::is_clean(&line), "{line:?}");
    assert_eq!(text::line(&line, max), line);
}

/// Controls, and the bidirectional and invisible characters that lie about what is there.
fn is_forbidden(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
