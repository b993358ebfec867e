//! JSON from outside, made safe to show: as text that means exactly the same, or as
//! values with sanitized texts and bounded size.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::{Map, Value};

use crate::text::{escape_hidden, sanitize};

/// `map` as indented JSON. Characters that could hide or reorder text, or break its
/// lines, are written as JSON escapes (`\u202e`).
#[must_use]
pub fn indented(map: &Map<String, Value>) -> String {
    // Only maps with other keys than strings fail to be written.
    escaped(&serde_json::to_string_pretty(map).unwrap_or_default())
}

/// `value` as JSON on one line, with the same escapes.
#[must_use]
pub fn one_line(value: &Value) -> String {
    escaped(&value.to_string())
}

/// JSON text with the same escapes. `serde_json` writes only those that JSON requires, of
/// controls below U+0020. All other characters that must not be shown are inside strings,
/// where an escape means the same.
#[must_use]
pub fn escaped(json: &str) -> String {
    let escape = |c| {
        let mut escaped = String::new();
        escape(c, &mut escaped);
        escaped
    };
    escape_hidden(json, escape).into_owned()
}

fn escape(c: char, out: &mut String) {
    let mut utf16 = [0; 2];
    for unit in c.encode_utf16(&mut utf16) {
        // Writing to a string cannot fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
}

/// JSON text that means the same, as the body of a queue message: SQS and SNS take no
/// noncharacters at the end of the basic plane (the characters of XML 1.0). In JSON they
/// can only stand in strings, where an escape means the same.
#[must_use]
pub fn for_queue(json: &str) -> Cow<'_, str> {
    const REFUSED: [char; 2] = ['\u{fffe}', '\u{ffff}'];
    if !json.contains(REFUSED) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if REFUSED.contains(&c) {
            escape(c, &mut out);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The value with all texts and keys sanitized (see [`sanitize`]). Keys that become equal
/// by that are told apart by a `~`, so that no entry is lost.
#[must_use]
pub fn sanitized(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(sanitize(text).into_owned()),
        Value::Array(items) => items.iter().map(sanitized).collect(),
        Value::Object(map) => {
            let mut shown = Map::with_capacity(map.len());
            for (key, value) in map {
                let mut key = sanitize(key).into_owned();
                while shown.contains_key(&key) {
                    key.push('~');
                }
                shown.insert(key, sanitized(value));
            }
            Value::Object(shown)
        }
        other => other.clone(),
    }
}

/// The entries of `map` that fit into `room` bytes of compact JSON, in their order. An
/// entry that does not fit is replaced by a note of its size; where not even that fits,
/// it is left out and counted in the second value.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else { panic!() };
        map
    }

    #[test]
    fn what_hides_or_breaks_is_escaped() {
        let value = json!({"a\u{202e}b": "c\u{2028}d\u{85}e\u{7f}\u{1fffe}\n\u{1b}\u{feff}é🔑"});
        assert_eq!(
            one_line(&value),
            r#"{"a\u202eb":"c\u2028d\u0085e\u007f\ud83f\udffe\n\u001b\ufeffé🔑"}"#
        );
        assert_eq!(
            indented(&map(json!({"a": ["\u{2029}"]}))),
            "{\n  \"a\": [\n    \"\\u2029\"\n  ]\n}"
        );
    }

    #[test]
    fn a_queue_takes_every_text() {
        let value = json!({"a\u{ffff}": "b\u{fffe}é🔑"});
        let json = value.to_string();
        let body = for_queue(&json);
        assert_eq!(body, r#"{"a\uffff":"b\ufffeé🔑"}"#);
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), value);
        assert!(matches!(for_queue("{}"), Cow::Borrowed("{}")));
    }

    #[test]
    fn values_are_sanitized_without_losing_entries() {
        let shown = sanitized(&json!({"a\u{202e}": ["x\u{7}"], "a\u{202d}": 1, "b": {"c": "d"}}));
        assert_eq!(
            shown,
            json!({"a\u{fffd}": ["x\u{fffd}"], "a\u{fffd}~": 1, "b": {"c": "d"}})
        );
    }

    #[test]
    fn entries_that_do_not_fit_say_how_large_they_were() {
        let entries = map(json!({"a": 1, "b": "x".repeat(100), "c": "y".repeat(100), "d": 2}));
        assert_eq!(map_within(entries.clone(), 1_000), (entries.clone(), 0));
        let (kept, left_out) = map_within(entries, 46);
        assert_eq!(
            json!(kept),
            json!({"a": 1, "b": "… (102 bytes cut)", "d": 2})
        );
        assert_eq!(left_out, 1);
    }

    proptest! {
        #[test]
        fn a_map_within_is_within(keys in prop::collection::vec("\\PC{0,20}", 0..20), room in 2usize..200) {
            let map: Map<String, Value> = keys.into_iter().map(|key| (key.clone(), json!(key))).collect();
            let entries = map.len();
            let (kept, left_out) = map_within(map, room);
            prop_assert!(json!(kept).to_string().len() <= room);
            prop_assert_eq!(kept.len() + left_out, entries);
        }

        #[test]
        fn shown_json_means_the_same_and_is_sanitized(key in any::<String>(), text in any::<String>()) {
            let value = json!({key: [text]});
            for shown in [one_line(&value), indented(&map(value.clone()))] {
                prop_assert_eq!(&serde_json::from_str::<Value>(&shown).unwrap(), &value);
                let same = sanitize(&shown).into_owned();
                prop_assert_eq!(same, shown);
            }
        }
    }
}
