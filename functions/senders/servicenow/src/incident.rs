//! Incidents: <https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html>.

use serde_json::{Value, json};
use tocsin_core::alert::{AlertId, Severity};
use tocsin_core::message::Message;
use tocsin_core::provider::RequestContext;
use tocsin_core::text::{Unit, line, truncate};
use url::Url;

use crate::ServiceNow;
use crate::layout::{description, without_code};

/// `short_description`, characters, of an instance that has not changed it.
const SHORT_DESCRIPTION: usize = 160;
/// `description`, characters, likewise.
const DESCRIPTION: usize = 4_000;
/// `work_notes`, characters; no limit is documented, so the same.
const WORK_NOTES: usize = 4_000;
/// `correlation_id`, characters.
const CORRELATION_ID: usize = 100;

/// The alert's id where ServiceNow's query language gives none of its characters
/// a meaning, otherwise its hash: `^` begins another condition, and what begins
/// with `javascript:`, which a colon is enough for, runs.
pub(crate) fn correlation_id(alert: &AlertId) -> String {
    alert
        .key(CORRELATION_ID, |c| {
            c.is_ascii_alphanumeric() || "._-".contains(c)
        })
        .into_owned()
}

/// Tells deliveries of one alert apart: two destinations may share an instance.
pub(crate) fn correlation_display(context: &RequestContext<'_, ServiceNow>) -> String {
    format!("Tocsin:{}", context.delivery)
}

/// The address that creates, and answers with no more than is needed.
pub(crate) fn creating(mut url: Url) -> Url {
    url.query_pairs_mut()
        .append_pair("sysparm_fields", "sys_id,number")
        .append_pair("sysparm_exclude_reference_link", "true")
        .append_pair("sysparm_input_display_value", "false");
    url
}

/// The address that finds what an earlier attempt of this delivery created,
/// closed or not. The two fields are asked for to be compared: an instance
/// ignores conditions on fields that it does not let the user see, and then
/// answers with any incident (`glide.invalid_query.returns_no_rows`).
pub(crate) fn looking_up(mut url: Url, context: &RequestContext<'_, ServiceNow>) -> Url {
    let query = format!(
        "correlation_id={}^correlation_display={}",
        correlation_id(&context.alert.alert_id),
        correlation_display(context)
    );
    url.query_pairs_mut()
        .append_pair("sysparm_query", &query)
        .append_pair(
            "sysparm_fields",
            "sys_id,number,correlation_id,correlation_display",
        )
        .append_pair("sysparm_exclude_reference_link", "true")
        .append_pair("sysparm_limit", "10");
    url
}

pub(crate) fn of(context: &RequestContext<'_, ServiceNow>) -> Value {
    let message = Message::of(context);
    let (impact, urgency) = weight(context.severity);
    let mut incident = json!({
        "short_description": line(&without_code(&message.headline), SHORT_DESCRIPTION),
        "description": description(&message, DESCRIPTION),
        "impact": impact,
        "urgency": urgency,
        "correlation_id": correlation_id(&context.alert.alert_id),
        "correlation_display": correlation_display(context),
    });
    if let Some(context) = &message.context {
        let note = format!("Alert context\n{}", without_code(context));
        incident["work_notes"] = json!(truncate(&note, WORK_NOTES, Unit::Characters));
    }
    let settings = context.settings;
    // These stay in the minimal form: a data policy may insist on them.
    for (column, value) in [
        ("assignment_group", &settings.assignment_group),
        ("caller_id", &settings.caller_id),
        ("category", &settings.category),
        ("contact_type", &settings.contact_type),
    ] {
        if let Some(value) = value {
            incident[column] = json!(value);
        }
    }
    for (column, value) in &settings.fields {
        incident[column.as_str()] = json!(value);
    }
    incident
}

/// Impact and urgency, from which ServiceNow computes the priority.
const fn weight(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Critical => ("1", "1"),
        Severity::High => ("2", "1"),
        Severity::Medium => ("2", "2"),
        Severity::Low => ("3", "2"),
        Severity::Info => ("3", "3"),
    }
}
