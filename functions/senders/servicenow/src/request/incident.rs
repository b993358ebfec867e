//! The body and URL of an incident:
//! <https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html>.

use serde_json::{Value, json};
use tocsin_core::alert::{Alert, Severity};
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
/// Separates the finding from the delivery in `correlation_display`.
const LATEST: char = '~';
/// The longest `correlation_id`, in characters.
const CORRELATION_ID_LIMIT: usize = 100;

/// The given id of the alert, or its hash if a character has a meaning in ServiceNow's
/// query language: `^` begins another condition, and a value that begins with
/// `javascript:` is executed.
pub(crate) fn correlation_id(alert: &Alert) -> String {
    alert
        .deduplication_key(CORRELATION_ID_LIMIT, |c| {
            c.is_ascii_alphanumeric() || "._-".contains(c)
        })
        .into_owned()
}

/// What the incidents of one finding have in common, of one destination: two may share an
/// instance.
pub(crate) fn finding(context: &RequestContext<'_, ServiceNow>) -> String {
    format!("Tocsin:{}", context.first_delivery)
}

/// The finding and the delivery that was the last to write into the incident. That of the
/// finding's first alert is left out, as version 0.1.0 did.
pub(crate) fn correlation_display(context: &RequestContext<'_, ServiceNow>) -> String {
    let finding = finding(context);
    if context.delivery == context.first_delivery {
        finding
    } else {
        format!("{finding}{}{}", LATEST, context.delivery)
    }
}

/// Whether the incident with this correlation display belongs to the finding.
pub(crate) fn is_of_finding(context: &RequestContext<'_, ServiceNow>, display: &str) -> bool {
    display
        .strip_prefix(&finding(context))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(LATEST))
}

/// The URL that writes an incident and returns only the fields that the receipt needs.
pub(super) fn writing_url(mut url: Url) -> Url {
    url.query_pairs_mut()
        .append_pair("sysparm_fields", "sys_id,number")
        .append_pair("sysparm_exclude_reference_link", "true")
        .append_pair("sysparm_input_display_value", "false");
    url
}

pub(super) fn body(context: &RequestContext<'_, ServiceNow>) -> Value {
    let message = Message::of(context);
    let Weight { impact, urgency } = weight(context.severity);
    let mut incident = json!({
        "short_description": line(&without_markup(&message.headline), SHORT_DESCRIPTION_LIMIT),
        "description": description(&message, DESCRIPTION_LIMIT),
        "impact": impact,
        "urgency": urgency,
        "correlation_id": correlation_id(context.alert),
        "correlation_display": correlation_display(context),
    });
    if let Some(context) = message.context_excerpt() {
        let note = format!("Alert context\n{}", without_markup(&context));
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

/// What ServiceNow computes the priority of an incident from: 1 is the highest.
#[derive(Clone, Copy)]
pub(crate) struct Weight<'a> {
    pub(crate) impact: &'a str,
    pub(crate) urgency: &'a str,
}

/// The body that adds an alert to the incident of an earlier one with the same id. The
/// texts of the incident are people's by then, so all of the alert is a work note. What
/// the alert makes more urgent is raised; nothing is lowered.
pub(super) fn update(context: &RequestContext<'_, ServiceNow>, present: Weight<'_>) -> Value {
    let message = Message::of(context);
    let mut note = format!(
        "The alert was raised again: {}\n{}",
        without_markup(&message.headline),
        description(&message, DESCRIPTION_LIMIT / 2)
    );
    if let Some(context) = message.context_excerpt() {
        note = format!("{note}\n\nAlert context\n{}", without_markup(&context));
    }
    let mut update = json!({
        "work_notes": truncate(&note, WORK_NOTES_LIMIT, Unit::Characters),
        "correlation_display": correlation_display(context),
    });
    let weight = weight(context.severity);
    for (column, value, new) in [
        ("impact", present.impact, weight.impact),
        ("urgency", present.urgency, weight.urgency),
    ] {
        // Of a value that cannot be read nothing is known.
        if !value.is_empty() && new < value {
            update[column] = json!(new);
        }
    }
    update
}

const fn weight(severity: Severity) -> Weight<'static> {
    let (impact, urgency) = match severity {
        Severity::Critical => ("1", "1"),
        Severity::High => ("2", "1"),
        Severity::Medium => ("2", "2"),
        Severity::Low => ("3", "2"),
        Severity::Info => ("3", "3"),
    };
    Weight { impact, urgency }
}
