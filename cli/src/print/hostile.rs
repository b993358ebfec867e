//! Hostile texts for tests, and what must not be in any output.

use proptest::prelude::*;
use proptest::sample::select;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Layout, Text, View, set, yaml};

/// An alert whose id forges a line, and whose context controls the terminal.
const ALERT: &str = include_str!("cases/forged-terminal-line.json");

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

/// The id and the texts of the context, in one text.
fn forged() -> String {
    let alert: Value = serde_json::from_str(ALERT).unwrap();
    let context = &alert["alertContext"];
    let parts = [&alert["id"], &context["c1"], &context["rlo"]];
    parts.map(|one| one.as_str().unwrap()).join(" ")
}

/// The alert, in an answer of an API that did not sanitize it.
pub(crate) fn alert() -> Value {
    let mut alert: Value = serde_json::from_str(ALERT).unwrap();
    let fields = json!({
        "title": forged(), "name": forged(), "tags": [forged()], "logTypes": [],
        "notes": [{"note": "cut", "field": forged(), "was": 9, "kept": 8}],
    });
    for (key, value) in fields.as_object().unwrap() {
        alert[key] = value.clone();
    }
    alert
}

/// A routing of that alert to a destination with such a name.
pub(crate) fn routing() -> Value {
    json!({
        "disposition": "ROUTED", "severity": "CRITICAL", "passedOver": [],
        "targets": [{
            "destinationId": "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11", "displayName": forged(),
            "provider": "slack", "reason": "severity", "step": "staticSeverity",
            "severity": "CRITICAL",
        }],
        "warnings": [{"warning": "unknownName", "step": "generatedList", "name": forged()}],
    })
}

/// A delivery of that alert, with such an answer.
pub(crate) fn delivery() -> Value {
    json!({
        "destinationId": "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11", "displayName": forged(),
        "provider": "slack", "deliveryId": "x", "state": "FAILED", "attempt": 1,
        "attempts": [{
            "number": 1, "at": "2026-03-02T22:41:10Z", "durationMs": 12, "result": "failed",
            "kind": "refused", "status": 400, "detail": forged(),
        }],
        "beganAt": "2026-03-02T22:41:10Z", "updatedAt": "2026-03-02T22:41:10Z",
    })
}

/// A value of these fields: an answer of the API.
pub(crate) fn read<T: DeserializeOwned>(fields: &Value) -> T {
    let read = serde_json::from_value(fields.clone());
    read.unwrap_or_else(|error| panic!("{error}: {fields}"))
}

/// Everything that a person or a program sees of a value, checked: on terminals, piped,
/// as JSON and as YAML.
pub(crate) fn seen<T: Serialize>(value: &T, render: impl Fn(&T) -> Text) -> String {
    let mut seen = Vec::new();
    for (reader, layout) in [
        ("120 columns", Layout::Width(120)),
        ("wide", Layout::Whole),
        ("piped", Layout::Rows),
    ] {
        set(View { layout, now: None });
        let drawn = render(value);
        let drawn = anstream::adapter::strip_str(drawn.as_str()).to_string();
        let forged = drawn.lines().any(|line| line.starts_with("DELIVERED"));
        assert!(is_safe(&drawn) && !forged, "{drawn}");
        seen.push(format!("{reader}:\n{drawn}"));
    }
    let json = Text::json(&serde_json::to_string_pretty(value).unwrap());
    let yaml = yaml(value).unwrap();
    let wanted = serde_json::to_value(value).unwrap();
    let from_json: Value = serde_json::from_str(json.as_str()).unwrap();
    let from_yaml: Value = serde_saphyr::from_str(yaml.as_str()).unwrap();
    for (language, text, read) in [("JSON", json, from_json), ("YAML", yaml, from_yaml)] {
        assert!(is_safe(text.as_str()), "{}", text.as_str());
        assert_eq!(read, wanted, "{}", text.as_str());
        seen.push(format!("{language}:\n{}", text.as_str()));
    }
    seen.join("\n\n")
}
