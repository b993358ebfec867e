//! Text on its way into a format that gives some characters a meaning (HTML,
//! Markdown, wiki markup). Which characters, and what to write instead, is each
//! provider's own business; keeping limits while doing so is not.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::text::{Unit, neutralise, prefix, single_line, truncate};

/// HTML's way to write a character that has a meaning in it, in text and in
/// quoted attributes alike.
#[must_use]
pub const fn html(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    }
}

/// `text` with every character for which `escape` knows another form in that form.
#[must_use]
pub fn escaped(text: &str, escape: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match escape(c) {
            Some(form) => out.push_str(form),
            None => out.push(c),
        }
    }
    out
}

/// The escaped form of `text` within `limit` units. What does not fit is cut and
/// announced as [`truncate`] does; no escaped form is ever cut in two.
#[must_use]
pub fn escaped_within(
    text: &str,
    limit: usize,
    unit: Unit,
    escape: impl Fn(char) -> Option<&'static str>,
) -> String {
    let whole = escaped(text, &escape);
    if unit.length(&whole) <= limit {
        return whole;
    }
    // The widest the marker can get: every character of the text is cut.
    let characters = text.chars().count();
    let widest = marker(characters, &escape);
    let Some(room) = limit.checked_sub(unit.length(&widest)) else {
        // Too little room for more than a sign that something is missing.
        let sign = if unit.length("…") <= limit {
            "…"
        } else {
            ""
        };
        return sign.to_owned();
    };
    let mut kept = String::new();
    let (mut used, mut taken) = (0, 0);
    for c in text.chars() {
        let form = escape(c).map_or_else(|| c.to_string(), str::to_owned);
        used += unit.length(&form);
        if used > room {
            break;
        }
        kept.push_str(&form);
        taken += 1;
    }
    kept.push_str(&marker(characters - taken, &escape));
    kept
}

fn marker(cut: usize, escape: impl Fn(char) -> Option<&'static str>) -> String {
    escaped(&format!("… ({cut} characters cut)"), escape)
}

/// One harmless line of at most `limit` characters, cut visibly.
#[must_use]
pub fn line(text: &str, limit: usize) -> String {
    let shown = single_line(&neutralise(text));
    truncate(&shown, limit, Unit::Characters).into_owned()
}

/// A JSON value whose texts and keys are all fit to show (see [`neutralise`]).
/// Keys that thereby become the same are told apart by a `~`; no entry is lost.
#[must_use]
pub fn neutralised_json(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(neutralise(text).into_owned()),
        Value::Array(items) => items.iter().map(neutralised_json).collect(),
        Value::Object(map) => Value::Object(neutralised_map(map)),
        other => other.clone(),
    }
}

/// As [`neutralised_json`], for an object.
#[must_use]
pub fn neutralised_map(map: &Map<String, Value>) -> Map<String, Value> {
    let mut shown = Map::with_capacity(map.len());
    for (key, value) in map {
        let mut key = neutralise(key).into_owned();
        while shown.contains_key(&key) {
            key.push('~');
        }
        shown.insert(key, neutralised_json(value));
    }
    shown
}

/// The entries of `map` that fit into `room` bytes of compact JSON, in their
/// order. One that does not fit leaves a note of its size in its place, or, when
/// even that is too much, is counted in the second value.
#[must_use]
pub fn map_within(map: Map<String, Value>, room: usize) -> (Map<String, Value>, usize) {
    let mut room = room.saturating_sub("{}".len());
    let mut kept = Map::new();
    let mut left_out = 0;
    for (key, value) in map {
        let size = value.to_string().len();
        // Quotes and escapes of the key, the colon, a comma.
        let overhead = Value::from(key.as_str()).to_string().len() + 2;
        let note = Value::String(format!("… ({size} bytes cut)"));
        let note_size = note.to_string().len();
        if overhead + size <= room {
            room -= overhead + size;
            kept.insert(key, value);
        } else if overhead + note_size <= room {
            room -= overhead + note_size;
            kept.insert(key, note);
        } else {
            left_out += 1;
        }
    }
    (kept, left_out)
}

/// `text`, or the part of it that is within `limit` characters, without a mark:
/// for values that nobody reads as prose (tags, class names).
#[must_use]
pub fn clipped(text: &str, limit: usize) -> Cow<'_, str> {
    let kept = prefix(text, limit, Unit::Characters);
    if kept.len() == text.len() {
        return Cow::Borrowed(text);
    }
    let room = limit.saturating_sub(Unit::Characters.length("…"));
    Cow::Owned(format!("{}…", prefix(text, room, Unit::Characters)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_cut_never_splits_an_escaped_form() {
        let text = "<".repeat(100);
        let cut = escaped_within(&text, 60, Unit::Characters, html);
        assert_eq!(
            cut,
            "&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;… (91 characters cut)"
        );
        assert_eq!(escaped_within("<b>", 9, Unit::Bytes, html), "&lt;b&gt;");
        assert_eq!(escaped_within("<b>", 8, Unit::Bytes, html), "…");
        assert_eq!(escaped_within("<b>", 2, Unit::Bytes, html), "");
    }

    #[test]
    fn json_is_made_fit_to_show_without_losing_entries() {
        let shown =
            neutralised_json(&json!({"a\u{202e}": ["x\u{7}"], "a\u{202d}": 1, "b": {"c": "d"}}));
        assert_eq!(
            shown,
            json!({"a\u{fffd}": ["x\u{fffd}"], "a\u{fffd}~": 1, "b": {"c": "d"}})
        );
    }

    #[test]
    fn entries_that_do_not_fit_say_how_large_they_were() {
        let Value::Object(map) =
            json!({"a": 1, "b": "x".repeat(100), "c": "y".repeat(100), "d": 2})
        else {
            panic!()
        };
        assert_eq!(map_within(map.clone(), 1_000), (map.clone(), 0));
        let (kept, left_out) = map_within(map, 46);
        assert_eq!(
            json!(kept),
            json!({"a": 1, "b": "… (102 bytes cut)", "d": 2})
        );
        assert_eq!(left_out, 1);
    }

    #[test]
    fn clipping_marks_the_end() {
        assert_eq!(clipped("abcdef", 6), "abcdef");
        assert_eq!(clipped("abcdefg", 6), "abcde…");
    }

    proptest! {
        #[test]
        fn escaped_cuts_keep_their_limit(
            text in "[a-z<>&\"' 🔑\n]{0,200}", limit in 0usize..120, bytes in any::<bool>()
        ) {
            let unit = if bytes { Unit::Bytes } else { Unit::Characters };
            let cut = escaped_within(&text, limit, unit, html);
            prop_assert!(unit.length(&cut) <= limit);
            let bare = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"]
                .iter()
                .fold(cut, |text, form| text.replace(form, ""));
            prop_assert!(!bare.contains(['<', '>', '&', '"', '\'']), "{}", bare);
        }

        #[test]
        fn a_map_within_is_within(keys in prop::collection::vec("\\PC{0,20}", 0..20), room in 2usize..200) {
            let map: Map<String, Value> = keys.into_iter().map(|key| (key.clone(), json!(key))).collect();
            let entries = map.len();
            let (kept, left_out) = map_within(map, room);
            prop_assert!(json!(kept).to_string().len() <= room);
            prop_assert_eq!(kept.len() + left_out, entries);
        }
    }
}
