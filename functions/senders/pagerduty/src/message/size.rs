//! Keeps an event within PagerDuty's size limit.

use serde_json::{Map, Value, json};
use tocsin_core::json::map_within;
use tocsin_core::text::{Unit, truncate};

/// The largest event, in bytes. "Events API payloads are limited to 512 KB"
/// (events-api-v2/overview) may mean 512,000 or 524,288 bytes; this is below both.
pub(crate) const SIZE_LIMIT: usize = 500_000;

/// The longest description and runbook, in characters, if cutting the context was not
/// enough.
const LONG_TEXT_LIMIT: usize = 4_000;

/// Cuts the details of `event` to `limit` bytes: first the context, entry by entry,
/// then the long texts. The first detail is a notice about it.
pub(crate) fn shrink(event: &mut Value, limit: usize) {
    if size(event) <= limit {
        return;
    }
    let Some(details) = event["payload"]["custom_details"].as_object_mut() else {
        return;
    };
    let context = take_object(details, "alertContext");
    let entries = context.len();
    put_notice(
        details,
        "alertContext was cut to fit PagerDuty's size limit",
    );
    let room = limit.saturating_sub(size(event));
    let (kept, left_out) = map_within(context, room);
    event["payload"]["custom_details"]["alertContext"] = Value::Object(kept);
    if left_out > 0 {
        // This notice is not longer than the one that it replaces.
        let notice = format!("alertContext: {left_out} of {entries} entries cut");
        event["payload"]["custom_details"]["_notice"] = Value::String(notice);
    }
    if size(event) > limit {
        cut_texts(event);
    }
}

fn cut_texts(event: &mut Value) {
    let details = &mut event["payload"]["custom_details"];
    for field in ["description", "runbook"] {
        if let Some(text) = details[field].as_str() {
            details[field] = json!(truncate(text, LONG_TEXT_LIMIT, Unit::Characters));
        }
    }
    if let Some(details) = details.as_object_mut() {
        details.shift_remove("tags");
    }
    details["_notice"] = json!("details were cut to fit PagerDuty's size limit");
}

fn take_object(details: &mut Map<String, Value>, field: &str) -> Map<String, Value> {
    match details.get_mut(field).map(Value::take) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// Inserts the notice as the first detail: PagerDuty keeps their order.
fn put_notice(details: &mut Map<String, Value>, notice: &str) {
    let rest = std::mem::take(details);
    details.insert("_notice".to_owned(), json!(notice));
    details.extend(rest);
}

fn size(event: &Value) -> usize {
    event.to_string().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Value {
        json!({"payload": {"summary": "s", "custom_details": {
            "title": "t",
            "description": "d".repeat(8_000),
            "tags": ["x"],
            "alertContext": {"small": 1, "large": "x".repeat(5_000), "last": 2},
        }}})
    }

    #[test]
    fn an_event_that_fits_is_unchanged() {
        let mut shrunk = event();
        shrink(&mut shrunk, size(&event()));
        assert_eq!(shrunk, event());
    }

    #[test]
    fn the_context_is_cut_first_with_a_notice() {
        let mut shrunk = event();
        shrink(&mut shrunk, 10_000);
        let details = &shrunk["payload"]["custom_details"];
        assert_eq!(
            details["alertContext"],
            json!({"small": 1, "large": "… (5002 bytes cut)", "last": 2})
        );
        assert_eq!(
            details["description"],
            event()["payload"]["custom_details"]["description"]
        );
        let first = details.as_object().unwrap().iter().next().unwrap();
        assert_eq!(first.0, "_notice");
        assert!(size(&shrunk) <= 10_000);
    }

    #[test]
    fn long_texts_are_cut_next() {
        let mut shrunk = event();
        shrink(&mut shrunk, 5_000);
        assert!(size(&shrunk) <= 5_000, "{}", size(&shrunk));
        let details = &shrunk["payload"]["custom_details"];
        assert_eq!(details["alertContext"], json!({}));
        assert!(
            details["description"]
                .as_str()
                .unwrap()
                .ends_with("characters cut)")
        );
        assert_eq!(
            details["_notice"],
            "details were cut to fit PagerDuty's size limit"
        );
    }
}
