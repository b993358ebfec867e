//! The details: names and texts that OpsGenie's rules and templates can use.

use serde_json::{Map, Value};
use tocsin_core::alert::{Alert, Severity};
use tocsin_core::json::one_line;
use tocsin_core::text::Unit;

use crate::request::plain;

/// `details`, characters of all keys and values together (alert-api: 8,000), less
/// what the note about left-out entries needs.
const ROOM: usize = 7_900;

/// One value of the context, characters.
const CONTEXT_VALUE: usize = 500;

/// One key of the context, characters.
const CONTEXT_KEY: usize = 100;

/// What identifies the alert, then the entries of its context while there is room.
pub(crate) fn of(alert: &Alert, severity: Severity) -> Map<String, Value> {
    let mut details = Map::new();
    let mut room = ROOM;
    let own = [
        ("alertId", plain(alert.alert_id.as_str(), 512)),
        ("detection", plain(&alert.detection_id, 500)),
        ("name", text(alert.name.as_deref(), 300)),
        ("severity", severity.to_string()),
        ("type", alert.alert_type.to_string()),
        ("createdAt", alert.created_at.to_string()),
        ("logTypes", plain(&alert.log_types.join(", "), 500)),
        ("version", text(alert.version.as_deref(), 100)),
        // Never cut: half a link leads nowhere. At most 2,000 as it comes in.
        ("link", alert.link.clone().unwrap_or_default()),
        ("reference", text(alert.reference.as_deref(), 1_000)),
    ];
    for (key, value) in own {
        if !value.is_empty() {
            put(&mut details, &mut room, key.to_owned(), value);
        }
    }
    let left_out = alert
        .alert_context
        .iter()
        .filter(|(key, value)| !put_context(&mut details, &mut room, key, value))
        .count();
    if left_out > 0 {
        let note = format!("{left_out} more entries; see the alert");
        details.insert("contextCut".to_owned(), Value::String(note));
    }
    details
}

fn text(text: Option<&str>, limit: usize) -> String {
    plain(text.unwrap_or_default(), limit)
}

/// Values must be strings: texts go as they are, all else as JSON. The prefix
/// keeps an alert from taking the place of the names above.
fn put_context(
    details: &mut Map<String, Value>,
    room: &mut usize,
    key: &str,
    value: &Value,
) -> bool {
    let mut key = format!("context.{}", plain(key, CONTEXT_KEY));
    while details.contains_key(&key) {
        key.push('~');
    }
    let value = match value {
        Value::String(text) => plain(text, CONTEXT_VALUE),
        other => plain(&one_line(other), CONTEXT_VALUE),
    };
    put(details, room, key, value)
}

/// Whether there was room.
fn put(details: &mut Map<String, Value>, room: &mut usize, key: String, value: String) -> bool {
    let takes = Unit::Characters.length(&key) + Unit::Characters.length(&value);
    let fits = takes <= *room;
    if fits {
        *room -= takes;
        details.insert(key, Value::String(value));
    }
    fits
}
