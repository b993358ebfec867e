//! The event's payload and links.
//!
//! PagerDuty reads all of it as plain text, so nothing has to be escaped. Characters
//! that could hide or reorder text are made visible.

mod size;

use serde_json::{Map, Value, json};
pub(crate) use size::{SIZE_LIMIT, shrink};
use tocsin_core::alert::{Alert, Payload, Severity};
use tocsin_core::json::sanitized;
use tocsin_core::message::Message;
use tocsin_core::prose::Prose;
use tocsin_core::provider::{Detail, RequestContext};
use tocsin_core::text::line;

use crate::PagerDuty;
use crate::settings::NAME_LIMIT;

/// The longest `payload.summary`, in characters (trigger-events).
const SUMMARY_LIMIT: usize = 1_024;
/// The longest link, in bytes. PagerDuty documents no limit. Links of alerts have at
/// most 2,000 bytes, and may be encoded once more.
const HREF_LIMIT: usize = 6_000;

/// PagerDuty's Common Event Format: <https://support.pagerduty.com/docs/pd-cef>.
pub(crate) fn payload(context: &RequestContext<'_, PagerDuty>, message: &Message<'_>) -> Value {
    let alert = context.alert;
    let mut payload = json!({
        "summary": line(&message.headline, SUMMARY_LIMIT),
        "source": context.settings.source.as_deref().unwrap_or("Tocsin"),
        "severity": severity(context.severity),
    });
    if context.detail == Detail::Minimal {
        // As text, which PagerDuty does not check: it may have refused the links.
        if let Some(link) = &message.link {
            payload["custom_details"] = json!({"link": link});
        }
        return payload;
    }
    payload["timestamp"] = json!(alert.created_at.whole_seconds());
    payload["component"] = json!(line(&alert.detection_id, NAME_LIMIT));
    payload["class"] = json!(alert.alert_type);
    if let Some(group) = group(context) {
        payload["group"] = json!(group);
    }
    payload["custom_details"] = details(alert, context.severity);
    payload
}

fn group(context: &RequestContext<'_, PagerDuty>) -> Option<String> {
    let log_types = &context.alert.log_types;
    match &context.settings.group {
        Some(group) => Some(group.clone()),
        None => (!log_types.is_empty()).then(|| line(&log_types.join(", "), NAME_LIMIT)),
    }
}

/// The order in which the web application lists the details: what a person needs first,
/// the context last.
const DETAILS: [&str; 15] = [
    "description",
    "runbook",
    "reference",
    "name",
    "id",
    "type",
    "logTypes",
    "tags",
    "title",
    "severity",
    "createdAt",
    "version",
    "alertId",
    "link",
    "alertContext",
];

/// The keys that webhooks receive, and two more, in the order of [`DETAILS`]; those
/// without a value are left out. Event rules written for webhooks
/// (`custom_details.alertContext.ip`) work unchanged.
fn details(alert: &Alert, severity: Severity) -> Value {
    let payload = Payload::of(alert, severity);
    // A payload has only strings, numbers and maps with string keys, so this cannot
    // fail.
    let mut given = sanitized(&serde_json::to_value(payload).unwrap_or_default());
    given["createdAt"] = json!(alert.created_at.whole_seconds());
    given["reference"] = sanitized(&json!(alert.reference));
    given["logTypes"] = sanitized(&json!(alert.log_types));
    let details: Map<String, Value> = DETAILS
        .into_iter()
        .map(|key| (key.to_owned(), given[key].take()))
        .filter(|(_, value)| !is_empty(value))
        .collect();
    Value::Object(details)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// PagerDuty has four severities.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "info",
    }
}

/// The URL as a link, if it is not too long for one.
fn href(url: &str) -> Option<&str> {
    Some(url).filter(|url| url.len() <= HREF_LIMIT)
}

/// The page of the alert, for the event's `client_url`.
pub(crate) fn page<'a>(message: &'a Message<'_>) -> Option<&'a str> {
    message.link.as_deref().and_then(href)
}

/// The links of the alert: its page, and runbook and reference if they are links.
pub(crate) fn links(message: &Message<'_>) -> Value {
    let link = |text: &Option<Prose<'_>>| text.as_ref()?.link().and_then(href).map(str::to_owned);
    let links = [
        (page(message).map(str::to_owned), "Alert"),
        (link(&message.runbook), "Runbook"),
        (link(&message.reference), "Reference"),
    ];
    let links = links.into_iter();
    links
        .filter_map(|(href, text)| Some(json!({"href": href?, "text": text})))
        .collect()
}
