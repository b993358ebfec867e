//! The details: named texts that OpsGenie's rules and templates can use.

use serde_json::{Map, Value};
use tocsin_core::alert::{Alert, Severity};
use tocsin_core::json::one_line;
use tocsin_core::text::Unit;

use super::{ContextIn, plain};

/// The longest `details`: characters of all keys and values together (alert-api:
/// 8,000), less the note about entries that were left out.
const DETAILS_LIMIT: usize = 7_900;

/// The longest value of the context, in characters.
const CONTEXT_VALUE_LIMIT: usize = 500;

/// The longest key of the context, in characters.
const CONTEXT_KEY_LIMIT: usize = 100;

/// The fields that identify the alert, then as many entries of its context as fit; and
/// where all of the context is.
pub(crate) fn details(alert: &Alert, severity: Severity) -> (Map<String, Value>, ContextIn) {
    let mut details = Map::new();
    let mut room = DETAILS_LIMIT;
    let fields = [
        ("alertId", plain(alert.alert_id.as_str(), 512)),
        ("detection", plain(&alert.detection_id, 500)),
        ("name", text(alert.name.as_deref(), 300)),
        ("severity", severity.to_string()),
        ("type", alert.alert_type.to_string()),
        ("createdAt", alert.created_at.whole_seconds()),
        ("logTypes", plain(&alert.log_types.join(", "), 500)),
        ("version", text(alert.version.as_deref(), 100)),
        // Never cut: half a link leads nowhere. Incoming links have at most 2,000 bytes.
        ("link", alert.link.clone().unwrap_or_default()),
        ("reference", text(alert.reference.as_deref(), 1_000)),
    ];
    for (key, value) in fields {
        if !value.is_empty() {
            put(&mut details, &mut room, key.to_owned(), value);
        }
    }
    let mut context_in = ContextIn::Details;
    let mut left_out = 0;
    for (key, value) in &alert.alert_context.to_map() {
        let text = match value {
            Value::String(text) => text.clone(),
            other => one_line(other),
        };
        let shown = plain(&text, CONTEXT_VALUE_LIMIT);
        if shown != text || Unit::Characters.length(key) > CONTEXT_KEY_LIMIT {
            context_in = ContextIn::Description;
        }
        left_out += usize::from(!put_context(&mut details, &mut room, key, shown));
    }
    if left_out > 0 {
        context_in = ContextIn::Description;
        let note = format!("{left_out} more entries; see the alert");
        details.insert("contextCut".to_owned(), Value::String(note));
    }
    (details, context_in)
}

fn text(text: Option<&str>, limit: usize) -> String {
    plain(text.unwrap_or_default(), limit)
}

/// Adds an entry of the context, and returns whether there was room. Values must be
/// strings. The prefix prevents an alert from overwriting the fields above.
fn put_context(
    details: &mut Map<String, Value>,
    room: &mut usize,
    key: &str,
    value: String,
) -> bool {
    let mut key = format!("context.{}", plain(key, CONTEXT_KEY_LIMIT));
    while details.contains_key(&key) {
        key.push('~');
    }
    put(details, room, key, value)
}

/// Adds an entry, and returns whether there was room.
fn put(details: &mut Map<String, Value>, room: &mut usize, key: String, value: String) -> bool {
    let takes = Unit::Characters.length(&key) + Unit::Characters.length(&value);
    let fits = takes <= *room;
    if fits {
        *room -= takes;
        details.insert(key, Value::String(value));
    }
    fits
}
