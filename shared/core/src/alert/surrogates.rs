//! Lone surrogates in JSON escapes.
//!
//! Python's `json.dumps` writes a text with a lone surrogate as `"\ud800"`: JSON
//! by its grammar, but no Unicode text, and refused by strict readers. An
//! attacker who can put such a character into a log line must not be able to
//! make the alert about it unreadable, so it becomes U+FFFD before parsing.

use std::borrow::Cow;

/// `json` with every lone surrogate escape replaced by `\ufffd`; borrowed when
/// there is none.
pub(super) fn normalized(json: &str) -> Cow<'_, str> {
    let mut normalized: Option<String> = None;
    let mut copied = 0;
    let mut at = 0;
    let bytes = json.as_bytes();
    while let Some(offset) = memchr::memchr(b'\\', &bytes[at..]) {
        let start = at + offset;
        at = match Escape::read(bytes, start) {
            Escape::Leading if matches!(Escape::read(bytes, start + 6), Escape::Trailing) => {
                start + 12
            }
            Escape::Leading | Escape::Trailing => {
                let text = normalized.get_or_insert_with(|| String::with_capacity(json.len()));
                text.push_str(&json[copied..start]);
                text.push_str("\\ufffd");
                copied = start + 6;
                copied
            }
            // A backslash and what it escapes, which may itself be a backslash.
            Escape::Other => start + 2,
        };
        if at >= bytes.len() {
            break;
        }
    }
    match normalized {
        None => Cow::Borrowed(json),
        Some(mut text) => {
            text.push_str(&json[copied..]);
            Cow::Owned(text)
        }
    }
}

enum Escape {
    Leading,
    Trailing,
    Other,
}

impl Escape {
    fn read(bytes: &[u8], start: usize) -> Self {
        let unit = bytes
            .get(start..start + 6)
            .and_then(|escape| escape.strip_prefix(b"\\u"))
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u16::from_str_radix(digits, 16).ok());
        match unit {
            Some(0xd800..=0xdbff) => Self::Leading,
            Some(0xdc00..=0xdfff) => Self::Trailing,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lone_halves_are_replaced_and_pairs_kept() {
        for (given, expected) in [
            (r#""\ud83d\udd11""#, r#""\ud83d\udd11""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (
                r#""a\uDD11b\ud83d\ud83d\udd11""#,
                r#""a\ufffdb\ufffd\ud83d\udd11""#,
            ),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#""\ud8"#, r#""\ud8"#),
            ("\"é\\", "\"é\\"),
        ] {
            assert_eq!(normalized(given), expected, "{given}");
        }
    }

    proptest! {
        #[test]
        fn normalizing_twice_changes_nothing_more(text in r#"[\\ud8c9f0"a é🔑]{0,60}"#) {
            let once = normalized(&text).into_owned();
            prop_assert_eq!(normalized(&once).into_owned(), once);
        }

        #[test]
        fn json_without_lone_surrogates_stays_as_it_is(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(normalized(&json), json.as_str());
        }
    }
}
