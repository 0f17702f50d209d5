//! Codes as people type them, or are tricked into pasting.
//!
//! What is read is written in one way and read again as the same; what isn't is told in clean text;
//! completing leads to words that there are.

use arbitrary::{Arbitrary as _, Unstructured};
use couplet::code::{Code, Words, complete};
use couplet::text;

/// Runs one input.
pub fn run(data: &[u8]) {
    let Ok(input) = <([u8; 33], &str)>::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let (entropy, typed) = input;
    match Code::parse(typed) {
        Ok(code) => assert_eq!(Code::parse(&code.to_string()), Ok(code)),
        Err(error) => assert!(text::is_clean(&error.to_string()), "{error}"),
    }
    let completion = complete(typed);
    assert!(completion.candidates.len() <= 8);
    if let Some(rest) = completion.rest {
        let completed = complete(&format!("{typed}{rest}"));
        assert_eq!(completed.rest, None, "it could have gone further");
        assert_eq!(completed.candidates, completion.candidates);
    }

    // A code that was chosen survives what was typed around it, if that only separates.
    let [count, entropy @ ..] = entropy;
    let words = Words::choose(usize::from(count % 10), &entropy);
    let code =
        Code::new(u32::from_be_bytes([entropy[0], entropy[1], entropy[2], entropy[3]]), words);
    let spelled = code.to_string();
    assert_eq!(Code::parse(&spelled), Ok(code));
    if let Ok(read) = Code::parse(&format!("{spelled}{typed}")) {
        assert!(read.to_string().starts_with(spelled.trim_end_matches(char::is_alphabetic)));
    }
}
