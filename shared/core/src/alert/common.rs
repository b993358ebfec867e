//! What Tocsin's own form of an alert and that of Panther Community Edition have in
//! common.

use super::context::Context;
use super::error::AlertError;
use super::fields::{Bound, Fields, excerpt, size};
use super::id::AlertId;
use super::kinds::{AlertType, Severity};
use super::lenient;
use super::limits;
use super::model::{Alert, RoutingHints};
use super::note::Note;
use crate::Timestamp;
use crate::text::{Unit, single_line};

pub(super) const TITLE: Bound = Bound(limits::TITLE, Unit::Characters);
pub(super) const LONG: Bound = Bound(limits::LONG_TEXT, Unit::Bytes);
pub(super) const SHORT: Bound = Bound(limits::SHORT_TEXT, Unit::Bytes);

/// The fields whose names differ between the two forms.
pub(super) struct Common {
    pub(super) detection_id: String,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) alert_context: Context,
    pub(super) routing: RoutingHints,
}

impl Common {
    /// Reads the fields whose names both forms share, and builds the alert. It was sent
    /// at that time, if that is known.
    pub(super) fn complete(
        self,
        mut fields: Fields<'_>,
        sent_at: Option<Timestamp>,
    ) -> Result<Alert, AlertError> {
        let severity = severity(&mut fields)?;
        let alert_type = alert_type(&mut fields)?;
        let created_at = created_at(&mut fields, sent_at)?;
        let title = fields
            .text("title", TITLE)
            .or_else(|| self.name.clone())
            .unwrap_or_else(|| self.detection_id.clone());
        let given_id = fields.text("alertId", Bound(usize::MAX, Unit::Bytes));
        let mut alert = Alert {
            // Replaced below: a derived id is a digest of the other fields.
            alert_id: AlertId(String::new()),
            detection_id: self.detection_id,
            created_at,
            severity,
            alert_type,
            title: single_line(&title),
            name: self.name.as_deref().map(single_line),
            link: link(&mut fields),
            description: self.description,
            runbook: fields.text("runbook", LONG),
            reference: self.reference,
            version: fields.text("version", SHORT),
            tags: fields.list("tags", limits::TAGS).unwrap_or_default(),
            log_types: fields.list("logTypes", limits::TAGS).unwrap_or_default(),
            alert_context: self.alert_context,
            routing: self.routing,
            notes: Vec::new(),
        };
        let id = given_id.as_deref().and_then(|given| {
            let id = AlertId::new(given);
            if id.is_none() {
                fields.set_aside(
                    "alertId",
                    format!(
                        "it must be at most {} bytes without control characters",
                        limits::ALERT_ID
                    ),
                );
            }
            id
        });
        alert.alert_id = id.unwrap_or_else(|| AlertId(alert.fingerprint()));
        alert.notes = fields.notes;
        fit(&mut alert);
        Ok(alert)
    }
}

/// Cuts the context of an alert whose parts keep their limits and together are too
/// large.
fn fit(alert: &mut Alert) {
    /// Room for the note and the marker that the cut adds.
    const RESERVE: usize = 200;
    let excess = size(alert).saturating_sub(limits::ALERT);
    if excess == 0 {
        return;
    }
    let was = alert.alert_context.as_json().len();
    let room = was.saturating_sub(excess + RESERVE);
    alert.alert_context = alert.alert_context.within(room);
    alert.notes.push(Note::Cut {
        field: "alertContext".to_owned(),
        was,
        kept: alert.alert_context.as_json().len(),
    });
}

/// When the alert was raised: in our form, in one that can be understood, or else when
/// it was sent.
fn created_at(
    fields: &mut Fields<'_>,
    sent_at: Option<Timestamp>,
) -> Result<Timestamp, AlertError> {
    const FIELD: &str = "createdAt";
    let given = fields.scalar(FIELD);
    let text = given.as_deref().unwrap_or_default();
    let problem = match text.trim().parse() {
        Ok(time) => return Ok(time),
        Err(problem) => problem,
    };
    let (time, read_as) = match (lenient::time(text), sent_at) {
        (Some(time), _) => (time, time.to_string()),
        (None, Some(sent_at)) => (sent_at, format!("{sent_at}, the time it was sent")),
        (None, None) if fields.json(FIELD).is_none() => {
            return Err(AlertError::Missing { field: FIELD });
        }
        (None, None) => {
            return Err(AlertError::CreatedAt {
                value: excerpt(
                    given
                        .as_deref()
                        .unwrap_or_else(|| fields.json(FIELD).unwrap_or_default()),
                ),
                problem,
            });
        }
    };
    let was = fields.json(FIELD).unwrap_or("missing");
    fields.note_read_as(FIELD, given.as_deref().unwrap_or(was), read_as);
    Ok(time)
}

/// Of a severity that nobody knows, an alert is HIGH: it must be seen.
fn severity(fields: &mut Fields<'_>) -> Result<Severity, AlertError> {
    const FIELD: &str = "severity";
    let text = fields.label(FIELD)?;
    if let Ok(severity) = text.trim().parse() {
        return Ok(severity);
    }
    let severity = lenient::severity(&text).unwrap_or(Severity::High);
    fields.note_read_as(FIELD, &text, severity.to_string());
    Ok(severity)
}

/// Of a type that nobody knows, an alert is that of a rule, as most are.
fn alert_type(fields: &mut Fields<'_>) -> Result<AlertType, AlertError> {
    const FIELD: &str = "type";
    let text = fields.label(FIELD)?;
    if let Ok(alert_type) = text.trim().parse() {
        return Ok(alert_type);
    }
    let alert_type = lenient::alert_type(&text).unwrap_or(AlertType::Rule);
    fields.note_read_as(FIELD, &text, alert_type.to_string());
    Ok(alert_type)
}

/// A link that a person may follow; one of another scheme than http and https is left
/// out.
fn link(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.text("link", Bound(usize::MAX, Unit::Bytes))?;
    match url::Url::parse(text.trim()) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            fields.set_aside("link", "it is neither an http nor an https URL".to_owned());
            None
        }
        Ok(url) if url.as_str().len() > limits::LINK => {
            fields.set_aside("link", format!("it is longer than {} bytes", limits::LINK));
            None
        }
        Ok(mut url) => {
            // `https://console.aws.amazon.com@evil.example/` leads to evil.example.
            if !url.username().is_empty() || url.password().is_some() {
                // Only URLs without a host refuse it: not these schemes.
                let _ = url.set_username("").and_then(|()| url.set_password(None));
                fields.note_read_as(
                    "link",
                    &text,
                    format!("{url}, without user name and password"),
                );
            }
            Some(url.into())
        }
        Err(error) => {
            fields.set_aside("link", format!("it is not a URL: {error}"));
            None
        }
    }
}
