//! What Tocsin's own form of an alert and that of Panther Community Edition have in
//! common.

use super::context::Context;
use super::error::AlertError;
use super::fields::{Bound, Fields, excerpt, size};
use super::id::AlertId;
use super::kinds::{AlertType, Severity, UnknownName};
use super::limits;
use super::model::{Alert, RoutingHints};
use super::note::Note;
use crate::Timestamp;
use crate::json::map_within;
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
    /// Reads the fields whose names both forms share, and builds the alert.
    pub(super) fn complete(self, mut fields: Fields<'_>) -> Result<Alert, AlertError> {
        let created_at = created_at(&mut fields)?;
        let severity: Severity = one_of(&mut fields, "severity")?;
        let alert_type: AlertType = one_of(&mut fields, "type")?;
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
            name: self.name,
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
    let was = size(&alert.alert_context);
    let room = was.saturating_sub(excess + RESERVE);
    let (mut kept, without_marker) = map_within(alert.alert_context.to_map(), room);
    if without_marker > 0 {
        let marker = format!("… ({without_marker} more entries cut)");
        kept.insert("_truncated".to_owned(), marker.into());
    }
    alert.notes.push(Note::Cut {
        field: "alertContext".to_owned(),
        was,
        kept: size(&kept),
    });
    alert.alert_context = kept.into();
}

fn created_at(fields: &mut Fields<'_>) -> Result<Timestamp, AlertError> {
    let text = fields.required("createdAt")?;
    text.trim()
        .parse()
        .map_err(|problem| AlertError::CreatedAt {
            value: excerpt(&text),
            problem,
        })
}

fn one_of<T>(fields: &mut Fields<'_>, field: &'static str) -> Result<T, AlertError>
where
    T: std::str::FromStr<Err = UnknownName>,
{
    let text = fields.required(field)?;
    text.trim()
        .parse()
        .map_err(|unknown: UnknownName| AlertError::UnknownValue {
            field,
            value: excerpt(&text),
            allowed: unknown.allowed,
        })
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
        Ok(url) => Some(url.into()),
        Err(error) => {
            fields.set_aside("link", format!("it is not a URL: {error}"));
            None
        }
    }
}
