//! The body and URL of an incident:
//! <https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html>.

use serde_json::{Value, json};
use tocsin_core::alert::{AlertId, Severity};
use tocsin_core::message::Message;
use tocsin_core::provider::RequestContext;
use tocsin_core::text::{Unit, line, truncate};
use url::Url;

use crate::ServiceNow;
use crate::message::{description, without_markup};

/// The longest `short_description`, in characters, unless the instance changed it.
const SHORT_DESCRIPTION_LIMIT: usize = 160;
/// The longest `description`, in characters, unless the instance changed it.
const DESCRIPTION_LIMIT: usize = 4_000;
/// The longest `work_notes`, in characters. No limit is documented.
const WORK_NOTES_LIMIT: usize = 4_000;
/// The longest `correlation_id`, in characters.
const CORRELATION_ID_LIMIT: usize = 100;

/// The alert's id, or its hash if a character has a meaning in ServiceNow's query
/// language: `^` begins another condition, and a value that begins with `javascript:`
/// is executed.
pub(crate) fn correlation_id(alert: &AlertId) -> String {
    alert
        .key(CORRELATION_ID_LIMIT, |c| {
            c.is_ascii_alphanumeric() || "._-".contains(c)
        })
        .into_owned()
}

/// Distinguishes the deliveries of one alert: two destinations may share an instance.
pub(crate) fn correlation_display(context: &RequestContext<'_, ServiceNow>) -> String {
    format!("Tocsin:{}", context.delivery)
}

/// The URL that creates an incident and returns only the fields that the receipt needs.
pub(super) fn creation_url(mut url: Url) -> Url {
    url.query_pairs_mut()
        .append_pair("sysparm_fields", "sys_id,number")
        .append_pair("sysparm_exclude_reference_link", "true")
        .append_pair("sysparm_input_display_value", "false");
    url
}

pub(super) fn body(context: &RequestContext<'_, ServiceNow>) -> Value {
    let message = Message::of(context);
    let (impact, urgency) = impact_and_urgency(context.severity);
    let mut incident = json!({
        "short_description": line(&without_markup(&message.headline), SHORT_DESCRIPTION_LIMIT),
        "description": description(&message, DESCRIPTION_LIMIT),
        "impact": impact,
        "urgency": urgency,
        "correlation_id": correlation_id(&context.alert.alert_id),
        "correlation_display": correlation_display(context),
    });
    if let Some(context) = &message.context {
        let note = format!("Alert context\n{}", without_markup(context));
        incident["work_notes"] = json!(truncate(&note, WORK_NOTES_LIMIT, Unit::Characters));
    }
    let settings = context.settings;
    // The minimal form keeps these: a data policy may require them.
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

/// ServiceNow computes the priority from impact and urgency.
const fn impact_and_urgency(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Critical => ("1", "1"),
        Severity::High => ("2", "1"),
        Severity::Medium => ("2", "2"),
        Severity::Low => ("3", "2"),
        Severity::Info => ("3", "3"),
    }
}
