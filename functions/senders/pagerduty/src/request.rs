//! The event: <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>.
//!
//! All of it is plain text to PagerDuty, so nothing has to be escaped; what
//! could hide or reorder text is made visible all the same.

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use tocsin_core::alert::{Alert, AlertId, Payload, Severity};
use tocsin_core::json::sanitized;
use tocsin_core::link::web_url;
use tocsin_core::message::Message;
use tocsin_core::provider::{Address, Detail, FieldError, Request, RequestContext, api_url};
use tocsin_core::text::line;
use url::Url;

use crate::PagerDuty;
use crate::fit;
use crate::settings::NAME;

/// `payload.summary`, characters (trigger-events).
const SUMMARY: usize = 1_024;
/// `dedup_key`, characters (trigger-events).
const DEDUP_KEY: usize = 255;
/// One link, bytes. No limit is documented. Alerts' links have at most 2,000 and
/// may be encoded once more.
const HREF: usize = 6_000;

pub(crate) fn build(
    context: &RequestContext<'_, PagerDuty>,
    base_url: Option<&Url>,
) -> Result<Request, FieldError> {
    let url = api_url(context.settings.region.base(), base_url, "v2/enqueue")?;
    let mut event = event(context);
    if context.detail == Detail::Full {
        fit::shrink(&mut event, fit::BUDGET);
    }
    let request = Request::post_json(Address::Public(url), event.to_string());
    // The credential travels in the body.
    Ok(request.hiding(context.secret.routing_key.clone()))
}

/// The key under which PagerDuty keeps repetitions of this alert together. It is
/// the alert's, not the delivery's: several destinations have several routing
/// keys, and a key counts only within its routing key.
pub(crate) fn dedup_key(alert: &AlertId) -> String {
    alert.key(DEDUP_KEY, |_| true).into_owned()
}

fn event(context: &RequestContext<'_, PagerDuty>) -> Value {
    let message = Message::of(context);
    let link = message.link.and_then(href);
    let mut event = json!({
        "routing_key": context.secret.routing_key.expose_secret(),
        "event_action": "trigger",
        "dedup_key": dedup_key(&context.alert.alert_id),
        "client": "Tocsin",
        "payload": payload(context, &message),
        "links": links(link.as_deref(), &message),
    });
    if let Some(link) = link {
        event["client_url"] = json!(link);
    }
    event
}

/// PagerDuty's Common Event Format: <https://support.pagerduty.com/docs/pd-cef>.
fn payload(context: &RequestContext<'_, PagerDuty>, message: &Message<'_>) -> Value {
    let alert = context.alert;
    let mut payload = json!({
        "summary": line(&message.headline, SUMMARY),
        "source": context.settings.source.as_deref().unwrap_or("Tocsin"),
        "severity": severity(context.severity),
    });
    if context.detail == Detail::Minimal {
        return payload;
    }
    payload["timestamp"] = json!(alert.created_at);
    payload["component"] = json!(line(&alert.detection_id, NAME));
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
        None => (!log_types.is_empty()).then(|| line(&log_types.join(", "), NAME)),
    }
}

/// The same keys that webhooks receive, so that event rules written for them
/// (`custom_details.alertContext.ip`) find what they look for, and two more.
fn details(alert: &Alert, severity: Severity) -> Value {
    let payload = Payload::of(alert, severity);
    // Strings, numbers and maps with string keys: there is nothing to fail on.
    let mut details = sanitized(&serde_json::to_value(payload).unwrap_or_default());
    details["reference"] = sanitized(&json!(alert.reference));
    details["logTypes"] = sanitized(&json!(alert.log_types));
    details
}

/// PagerDuty knows four severities.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "info",
    }
}

fn href(text: &str) -> Option<String> {
    web_url(text).filter(|url| url.len() <= HREF)
}

/// Of runbook and reference, those that are nothing but a URL.
fn links(link: Option<&str>, message: &Message<'_>) -> Value {
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
