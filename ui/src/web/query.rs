//! What stands behind the question mark of an address.
//!
//! Owns its decoding, to bytes and not to text: what isn't UTF-8 must be refused by whoever reads it, and
//! not become another name.

/// The value of `name`, decoded, if it is there once and well formed.
///
/// `+` is a blank, as browsers' `URLSearchParams` writes it.
pub(super) fn value(query: Option<&str>, name: &str) -> Result<Option<Vec<u8>>, Malformed> {
    let mut found = None;
    for pair in query.unwrap_or_default().split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key != name {
            continue;
        }
        if found.is_some() {
            return Err(Malformed);
        }
        found = Some(decoded(value.as_bytes())?);
    }
    Ok(found)
}

/// It can't be told what is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address has something twice, or a broken %-sequence")]
pub(super) struct Malformed;

fn decoded(text: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(*digit).to_digit(16));
                let (high, low) = (digit().ok_or(Malformed)?, digit().ok_or(Malformed)?);
                u8::try_from(high * 16 + low).map_err(|_| Malformed)?
            }
            b'+' => b' ',
            other => *other,
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_once() {
        let path = |query| value(Some(query), "path");
        assert_eq!(path("path=a%2fb+c%20d&modified=1"), Ok(Some(b"a/b c d".to_vec())));
        assert_eq!(path("path=%252e"), Ok(Some(b"%2e".to_vec())));
        assert_eq!(path("path=%ff%00"), Ok(Some(vec![0xff, 0])));
        assert_eq!(path("path="), Ok(Some(Vec::new())));
        assert_eq!(path("path"), Ok(Some(Vec::new())));
        assert_eq!(path("Path=a&%70ath=b"), Ok(None));
        assert_eq!(value(None, "path"), Ok(None));
        for broken in ["path=%", "path=%a", "path=%+1", "path=%zz", "path=a&path=b"] {
            assert_eq!(path(broken), Err(Malformed), "{broken}");
        }
    }
}
