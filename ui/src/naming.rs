//! What is offered and how much it is, in words that all faces share.

use couplet::transfer::offer::Form;
use couplet::{text, units};

/// The longest name in a line, in columns.
const MAX_NAME: usize = 60;

/// What something is called: `photo.png`, `site/`, `a.txt and more`.
pub(crate) fn thing(name: &str, form: Form) -> String {
    let name = text::line(name, MAX_NAME);
    match form {
        Form::File => name,
        Form::Folder => format!("{name}/"),
        Form::Several => format!("{name} and more"),
        Form::Stream => "a stream".to_owned(),
        Form::Text => "a text".to_owned(),
    }
}

/// How much it is: `412 MiB`, `412 MiB, 200 items`, `size unknown`.
pub(crate) fn extent(form: Form, size: Option<u64>, entries: u64) -> String {
    let size = size.map_or_else(|| "size unknown".to_owned(), units::bytes);
    match form {
        Form::Folder | Form::Several => format!("{size}, {}", items(entries)),
        Form::File | Form::Stream | Form::Text => size,
    }
}

/// `1 item`, `200,000 items`: files, folders and links.
pub(crate) fn items(entries: u64) -> String {
    if entries == 1 { "1 item".to_owned() } else { format!("{} items", units::grouped(entries)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_says_how_many_items_it_has() {
        assert_eq!(thing("site\u{1b}[2J", Form::Folder), "site/");
        assert_eq!(extent(Form::Folder, Some(412 << 20), 200_000), "412 MiB, 200,000 items");
        assert_eq!(extent(Form::Several, Some(1), 1), "1 B, 1 item");
        assert_eq!(extent(Form::Stream, None, 1), "size unknown");
        assert_eq!(thing("a.txt", Form::Several), "a.txt and more");
    }
}
