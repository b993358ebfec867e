//! The spellings in which an answer may repeat a text: as it is, percent-encoded, as a
//! string of JSON, or as text of HTML. Encoders differ in which characters they encode, so
//! each character is compared by itself.

use std::collections::BTreeSet;

use crate::escape::html_form;

/// The shortest text that is redacted, in bytes. Shorter ones (`true`, `eu`, a port)
/// occur in ordinary words. Words of this length that a secret URL happens to contain,
/// such as `services`, are redacted as well: nobody can tell them from a token.
pub(super) const MIN_LENGTH: usize = 6;

/// The mark of a cut.
const CUT: char = '…';

/// The length of `value` at the beginning of `text`, in whatever spelling; also where a cut
/// left only its beginning.
pub(super) fn spelled(value: &str, text: &str) -> Option<usize> {
    // Where the next character may be: several places, where one that begins escapes stands
    // for itself in one spelling and not in another.
    let mut places = BTreeSet::from([0]);
    for (at, c) in value.char_indices() {
        let next: BTreeSet<usize> = places
            .iter()
            .flat_map(|place| {
                let rest = &text[*place..];
                let as_it_is = rest.starts_with(c).then_some(c.len_utf8());
                let lengths = as_it_is.into_iter().chain(escaped(c, rest));
                lengths.map(move |length| place + length)
            })
            .collect();
        if next.is_empty() && at >= MIN_LENGTH {
            let cuts = places.iter();
            return cuts
                .filter_map(|place| Some(place + to_cut(&text[*place..])?))
                .max();
        }
        places = next;
    }
    places.last().copied()
}

/// The length of what stands before the mark of a cut, if that is at most the beginning of
/// an escape.
fn to_cut(rest: &str) -> Option<usize> {
    const LONGEST: usize = 8;
    let (before, _) = rest.split_once(CUT)?;
    let is_escape = before.starts_with(['%', '\\', '&']) && before.len() <= LONGEST;
    (before.is_empty() || is_escape).then_some(before.len())
}

/// The length of `c` as an escape at the beginning of `text`.
fn escaped(c: char, text: &str) -> Option<usize> {
    match text.bytes().next()? {
        b'+' if c == ' ' => Some(1),
        b'%' => percent(c, text),
        b'\\' => json(c, text),
        b'&' => html(c, text),
        _ => None,
    }
}

fn percent(c: char, text: &str) -> Option<usize> {
    let mut utf8 = [0; 4];
    let bytes = c.encode_utf8(&mut utf8).bytes();
    let escapes = bytes.fold(String::new(), |all, byte| format!("{all}%{byte:02X}"));
    same_letters(&escapes, text)
}

fn json(c: char, text: &str) -> Option<usize> {
    let short = match c {
        '\n' => "\\n",
        '\t' => "\\t",
        '\r' => "\\r",
        '/' => "\\/",
        '"' => "\\\"",
        '\\' => "\\\\",
        '\'' => "\\'",
        _ => "",
    };
    if !short.is_empty() && text.starts_with(short) {
        return Some(short.len());
    }
    let mut utf16 = [0; 2];
    let units = c.encode_utf16(&mut utf16).iter();
    let escapes = units.fold(String::new(), |all, unit| format!("{all}\\u{unit:04x}"));
    same_letters(&escapes, text)
}

fn html(c: char, text: &str) -> Option<usize> {
    if let Some(name) = html_form(c).filter(|name| text.starts_with(name)) {
        return Some(name.len());
    }
    let (reference, _) = text.strip_prefix("&#")?.split_once(';')?;
    let code = match reference.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => reference.parse(),
    };
    (code == Ok(c.into())).then_some("&#;".len() + reference.len())
}

/// The length of `expected` at the beginning of `text`, in upper or lower case.
fn same_letters(expected: &str, text: &str) -> Option<usize> {
    let beginning = text.get(..expected.len())?;
    beginning
        .eq_ignore_ascii_case(expected)
        .then_some(expected.len())
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;
    use url::form_urlencoded::byte_serialize;

    use super::*;
    use crate::escape;

    proptest! {
        #[test]
        fn every_encoders_spelling_is_found_whole(value in "\\PC{1,30}", after in "[ ,.]{0,3}") {
            let quoted = serde_json::to_string(&value).unwrap();
            let form: String = byte_serialize(value.as_bytes()).collect();
            for spelling in [
                value.clone(),
                quoted[1..quoted.len() - 1].to_owned(),
                utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string(),
                form,
                escape::html(&value),
            ] {
                let text = format!("{spelling}{after}");
                prop_assert_eq!(spelled(&value, &text), Some(spelling.len()), "{}", text);
            }
        }

        #[test]
        fn no_text_panics(value in "[a%\\\\&é🔑…]{0,12}", text in "[a%\\\\&#ux0-9;é🔑…]{0,30}") {
            if let Some(length) = spelled(&value, &text) {
                prop_assert!(text.is_char_boundary(length));
            }
        }
    }
}
