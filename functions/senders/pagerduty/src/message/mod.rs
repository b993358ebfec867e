//! The event's payload and links.
//!
//! PagerDuty reads all of it as plain text, so nothing has to be escaped. Characters
//! that could hide or reorder text are made visible.

mod size;

use serde_json::{Map, Value, json};
pub(crate) use size::{SIZE_LIMIT, shrink};
use tocsin_core::alert::{Alert, Payload, Severity};
use tocsin_core::json::sanitized;
use tocsin_core::link::web_url;
use tocsin_core::message::Message;
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
        return payload;
    }
    payload["timestamp"] = json!(alert.created_at);
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

/// The keys that webhooks receive, and two more. Event rules written for webhooks
/// (`custom_details.alertContext.ip`) work unchanged.
fn details(alert: &Alert, severity: Severity) -> Value {
    let payload = Payload::of(alert, severity);
    // A payload has only strings, numbers and maps with string keys, so this cannot
    // fail.
    let mut details = sanitized(&serde_json::to_value(payload).unwrap_or_default());
    details["reference"] = sanitized(&json!(alert.reference));
    details["logTypes"] = sanitized(&json!(alert.log_types));
    details
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

pub(crate) fn href(text: &str) -> Option<String> {
    web_url(text).filter(|url| url.len() <= HREF_LIMIT)
}

/// The links of the alert. Runbook and reference are links if they are only a URL.
pub(crate) fn links(link: Option<&str>, message: &Message<'_>) -> Value {
    let links = [
        (link.map(str::to_owned), "Alert"),
        (message.runbook.and_then(href), "Runbook"),
        (message.reference.and_then(href), "Reference"),
    ];
    links
        .into_iter()
        .filter_map(|(href, text)| {
            let href = href?;
            Some(Value::Object(Map::from_iter([
                ("href".to_owned(), Value::String(href)),
                ("text".to_owned(), Value::String(text.to_owned())),
            ])))
        })
        .collect()
}
