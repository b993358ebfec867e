//! Hostile texts for tests, and what must not be in any output.

use anyhow::Context;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

/// An alert whose id forges a line, and whose context controls the terminal.
pub(crate) const ALERT: &str = include_str!("cases/forged-terminal-line.json");

/// All that a terminal could obey, or show as something else. Written apart from the code
/// that escapes, so that the two are compared.
const FORBIDDEN: &[char] = &[
    '\u{ad}',
    '\u{34f}',
    '\u{61c}',
    '\u{115f}',
    '\u{180e}',
    '\u{200b}',
    '\u{200e}',
    '\u{200f}',
    '\u{2028}',
    '\u{2029}',
    '\u{202a}',
    '\u{202b}',
    '\u{202c}',
    '\u{202d}',
    '\u{202e}',
    '\u{2060}',
    '\u{2066}',
    '\u{2067}',
    '\u{2068}',
    '\u{2069}',
    '\u{206a}',
    '\u{2800}',
    '\u{3164}',
    '\u{fdd0}',
    '\u{feff}',
    '\u{ffa0}',
    '\u{fff9}',
    '\u{fffe}',
    '\u{ffff}',
    '\u{1fffe}',
    '\u{e0001}',
    '\u{e0041}',
    '\u{10ffff}',
];

/// Whether the only controls are newline and tab, and nothing hides or reorders text.
pub(crate) fn is_safe(text: &str) -> bool {
    let is_safe = |c: char| matches!(c, '\n' | '\t') || !(c.is_control() || FORBIDDEN.contains(&c));
    text.chars().all(is_safe)
}

/// Texts in which controls, invisible characters, joiners and the marks of JSON and YAML
/// are as frequent as letters.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let c = prop_oneof![
        any::<char>(),
        (0..0xa0_u8).prop_map(char::from),
        select(FORBIDDEN),
        select(vec![
            '\u{200d}', '\u{200c}', '\u{fe0f}', '👩', 'م', '\n', '\r', '"', '\\', ':', ' ', 'a'
        ]),
    ];
    proptest::collection::vec(c, 0..16).prop_map(String::from_iter)
}

/// The value with the hostile texts of the alert in all its texts that say `FORGED`.
pub(crate) fn forged<T: serde::de::DeserializeOwned>(mut value: Value) -> T {
    replace(&mut value, &texts());
    let json = value.to_string();
    let read = serde_json::from_value(value).context(json);
    read.unwrap_or_else(|error| panic!("{error:#}"))
}

/// The id and the texts of the context, in one text.
fn texts() -> String {
    let alert: Value = serde_json::from_str(ALERT).unwrap_or_default();
    let parts = [
        &alert["id"],
        &alert["alertContext"]["c1"],
        &alert["alertContext"]["rlo"],
    ];
    parts.map(|one| one.as_str().unwrap_or_default()).join(" ")
}

fn replace(value: &mut Value, hostile: &str) {
    match value {
        Value::String(text) => *text = text.replace("FORGED", hostile),
        Value::Array(items) => items.iter_mut().for_each(|one| replace(one, hostile)),
        Value::Object(map) => map.values_mut().for_each(|one| replace(one, hostile)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
