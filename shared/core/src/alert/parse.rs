//! From the body of a queue message to an [`Alert`].

use serde_json::{Map, Value};

use super::fields::{Bound, Fields, excerpt};
use super::{
    Alert, AlertId, AlertType, Note, RoutingHints, Severity, community, envelope, limits,
    surrogates,
};
use crate::Timestamp;
use crate::text::{Unit, single_line};
use crate::timestamp::TimestampError;

pub(super) const TITLE: Bound = Bound(limits::TITLE, Unit::Characters);
pub(super) const LONG: Bound = Bound(limits::LONG_TEXT, Unit::Bytes);
pub(super) const SHORT: Bound = Bound(limits::SHORT_TEXT, Unit::Bytes);

/// Why a queue message is no alert, and never will be. Each says which field
/// is wrong and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlertError {
    /// The body is not JSON.
    #[error("the message is not JSON: {detail}")]
    NotJson {
        /// Where and why reading stopped.
        detail: String,
    },
    /// The body is JSON, but no object.
    #[error("expected an alert as a JSON object, found {found}")]
    NotObject {
        /// What it is instead.
        found: &'static str,
    },
    /// An SNS message that carries no notification.
    #[error(
        "an SNS message of type {kind:?} is no alert; subscribe the queue with `aws sns subscribe`, which needs no confirmation by message"
    )]
    NotANotification {
        /// The SNS message's own `Type`.
        kind: String,
    },
    /// A required field is absent, null or empty.
    #[error("the required field `{field}` is missing or empty")]
    Missing {
        /// Which field.
        field: &'static str,
    },
    /// A required field holds something of another kind.
    #[error("`{field}` must be {expected}, found {found}")]
    WrongKind {
        /// Which field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A field that takes one of a few names holds another.
    #[error("`{field}` is {value:?}, which is none of {allowed}")]
    UnknownValue {
        /// Which field.
        field: &'static str,
        /// The beginning of what it holds.
        value: String,
        /// What it may hold.
        allowed: String,
    },
    /// `createdAt` is no AWSDateTime.
    #[error("`createdAt` is {value:?}: {problem}")]
    CreatedAt {
        /// The beginning of what it holds.
        value: String,
        /// What is wrong with it.
        problem: TimestampError,
    },
}

impl AlertError {
    /// A short name for metrics and message attributes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "NotJson",
            Self::NotObject { .. } => "NotObject",
            Self::NotANotification { .. } => "NotANotification",
            Self::Missing { .. } => "MissingField",
            Self::WrongKind { .. } => "WrongKind",
            Self::UnknownValue { .. } => "UnknownValue",
            Self::CreatedAt { .. } => "BadTimestamp",
        }
    }
}

/// Reads the body of a queue message.
///
/// Any text comes to an alert or an error; none panics. The cost is linear in
/// the length of the text, also for nesting, which is never followed deeper
/// than serde_json's 128 levels.
///
/// # Errors
///
/// When the text is no JSON object, or one of the required fields (`id`,
/// `createdAt`, `severity`, `type`) is unusable.
pub fn parse(body: &str) -> Result<Alert, AlertError> {
    let mended = surrogates::mended(body);
    let inner = envelope::message(&mended)?;
    let inner = inner.as_deref().map(surrogates::mended);
    let body_changed = matches!(mended, std::borrow::Cow::Owned(_));
    let inner_changed = matches!(inner, Some(std::borrow::Cow::Owned(_)));

    let mut alert = read(inner.as_deref().unwrap_or(&mended))?;
    if body_changed || inner_changed {
        alert.notes.push(Note::LoneSurrogates);
    }
    Ok(alert)
}

fn read(json: &str) -> Result<Alert, AlertError> {
    let fields = Fields::of(json)?;
    if community::recognises(&fields) {
        community::read(fields)
    } else {
        read_own(fields)
    }
}

fn read_own(mut fields: Fields<'_>) -> Result<Alert, AlertError> {
    let detection_id = fields.required_text("id", Bound(limits::DETECTION_ID, Unit::Characters))?;
    let routing = read_routing(&mut fields);
    let common = Common {
        detection_id,
        name: fields.text("name", TITLE),
        description: fields.text("description", LONG),
        alert_context: fields.context("alertContext"),
        reference: fields.text("reference", SHORT),
        routing,
    };
    common.complete(fields)
}

fn read_routing(fields: &mut Fields<'_>) -> RoutingHints {
    let mut routing = fields.object("routing", "routing.");
    let hints = RoutingHints {
        destinations: routing.list("destinations", limits::ROUTING_LIST),
        destination_override: routing.list("destinationOverride", limits::ROUTING_LIST),
        severity: routing.text("severity", Bound(limits::TAG, Unit::Bytes)),
    };
    fields.notes.append(&mut routing.notes);
    hints
}

/// What the two forms of an alert name differently.
pub(super) struct Common {
    pub(super) detection_id: String,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) alert_context: Map<String, Value>,
    pub(super) routing: RoutingHints,
}

impl Common {
    /// Reads what both forms name alike and puts the alert together.
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
            // Replaced just below, once there is something to take the hash of.
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
        Ok(alert)
    }
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
    T: std::str::FromStr<Err = super::UnknownName>,
{
    let text = fields.required(field)?;
    text.trim()
        .parse()
        .map_err(|unknown: super::UnknownName| AlertError::UnknownValue {
            field,
            value: excerpt(&text),
            allowed: unknown.allowed,
        })
}

/// A link that a person may follow: anything but http and https is set aside.
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
            fields.set_aside("link", format!("it is no URL: {error}"));
            None
        }
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
