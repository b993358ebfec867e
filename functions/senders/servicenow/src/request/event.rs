//! The body of an event of Event Management:
//! <https://www.servicenow.com/docs/r/it-operations-management/event-management/send-events-via-web-service.html>.

use serde_json::{Map, Value, json};
use tocsin_core::alert::{Alert, Severity};
use tocsin_core::message::Message;
use tocsin_core::provider::{Detail, RequestContext};
use tocsin_core::text::{Unit, line, truncate};

use super::correlation_id;
use crate::ServiceNow;
use crate::message::{description, without_markup};

/// The longest `description`, in characters (`em_event`).
const DESCRIPTION_LIMIT: usize = 4_000;
/// The longest `source`, `node`, `type`, `resource` and `metric_name`, in characters
/// (`em_event`).
const NAME_LIMIT: usize = 100;
/// The longest value of `additional_info`, in characters: below the 4,000 that alerts
/// keep.
const INFO_LIMIT: usize = 3_900;

/// The key by which ServiceNow deduplicates this alert. It may have 1,024 characters;
/// the shorter key of incidents serves both.
pub(crate) fn message_key(alert: &Alert) -> String {
    correlation_id(alert)
}

pub(super) fn body(context: &RequestContext<'_, ServiceNow>) -> Value {
    let alert = context.alert;
    let mut event = json!({
        "source": context.settings.source.as_deref().unwrap_or("Tocsin"),
        // Required for an event without a node.
        "event_class": "Tocsin",
        "type": alert.alert_type,
        "metric_name": line(&without_markup(&alert.detection_id), NAME_LIMIT),
        "message_key": message_key(alert),
        "severity": severity(context.severity),
        "description": text(context),
        "time_of_event": time(alert),
        "resolution_state": "New",
    });
    if let Some(node) = &context.settings.node {
        event["node"] = json!(node);
    }
    if context.detail == Detail::Full {
        if !alert.log_types.is_empty() {
            event["resource"] = json!(line(
                &without_markup(&alert.log_types.join(", ")),
                NAME_LIMIT
            ));
        }
        event["additional_info"] = json!(additional_info(context).to_string());
    }
    json!({ "records": [event] })
}

/// The description. Events have no title, so the headline is its first line.
fn text(context: &RequestContext<'_, ServiceNow>) -> String {
    let message = Message::of(context);
    let headline = without_markup(&message.headline);
    let room = DESCRIPTION_LIMIT.saturating_sub(Unit::Characters.length(&headline) + 1);
    format!("{headline}\n{}", description(&message, room))
}

/// 1 is the most severe. 5 ("OK") still creates an alert; 0 would close one.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "1",
        Severity::High => "2",
        Severity::Medium => "3",
        Severity::Low => "4",
        Severity::Info => "5",
    }
}

/// The time of the alert as `yyyy-MM-dd HH:mm:ss` in GMT. Alerts have RFC 3339 in UTC.
fn time(alert: &Alert) -> String {
    let time = alert.created_at.to_string();
    time.get(..19).unwrap_or(&time).replace('T', " ")
}

/// Further values, all of them strings. ServiceNow binds configuration items and fills
/// columns by these names, so no name comes from an alert: its context is one text.
fn additional_info(context: &RequestContext<'_, ServiceNow>) -> Value {
    let alert = context.alert;
    let message = Message::of(context);
    let values = [
        ("tocsin_severity", Some(context.severity.to_string())),
        ("tocsin_alert_id", Some(alert.alert_id.to_string())),
        ("tocsin_detection", Some(alert.detection_id.clone())),
        ("tocsin_detection_name", alert.name.clone()),
        ("tocsin_detection_version", alert.version.clone()),
        ("tocsin_link", message.link.clone()),
        ("tocsin_tags", message.tag_line()),
        (
            "tocsin_context",
            message.context.map(|context| context.as_str().to_owned()),
        ),
    ];
    let shown: Map<String, Value> = values
        .into_iter()
        .filter_map(|(name, value)| {
            let value = without_markup(&value?);
            let value = truncate(&value, INFO_LIMIT, Unit::Characters).into_owned();
            Some((name.to_owned(), Value::String(value)))
        })
        .collect();
    Value::Object(shown)
}
