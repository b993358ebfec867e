//! From the body of a queue message to an [`Alert`].

use std::borrow::Cow;

use crate::Timestamp;
use crate::alert::common::{Common, LONG, SHORT, TITLE};
use crate::alert::error::AlertError;
use crate::alert::fields::{Bound, Fields};
use crate::alert::model::{Alert, Resent, RoutingHints};
use crate::alert::note::Note;
use crate::alert::repair::repaired;
use crate::alert::{Severity, community, envelope, lenient, limits, surrogates};
use crate::text::{Unit, single_line};

/// Reads the body of a queue message that was sent at that time.
///
/// Every text gives an alert or an error; none panics. The cost is linear in
/// the length of the text, also for nesting, which is never followed deeper
/// than [`limits::CONTEXT_DEPTH`].
///
/// # Errors
///
/// When the text is not a JSON object, or one of the required fields (`id`, `severity`,
/// `type`) is missing. What a required field holds is never a reason: it is read as the
/// next best, with a note.
pub fn parse_sent(body: &str, sent_at: Timestamp) -> Result<Alert, AlertError> {
    parse_message(body, Some(sent_at))
}

/// Reads an alert that was not sent yet.
///
/// # Errors
///
/// As [`parse_sent()`], and when `createdAt` is missing or unreadable.
pub fn parse(body: &str) -> Result<Alert, AlertError> {
    parse_message(body, None)
}

fn parse_message(body: &str, sent_at: Option<Timestamp>) -> Result<Alert, AlertError> {
    let mut notes = Vec::new();
    let body = normalized(body, &mut notes);
    let inner = envelope::message(&body)?;
    let inner = inner.as_deref().map(|inner| normalized(inner, &mut notes));

    let mut alert = read(inner.as_deref().unwrap_or(&body), sent_at)?;
    alert.notes.append(&mut notes);
    Ok(alert)
}

/// The text without what encoders write although JSON readers refuse it.
fn normalized<'a>(text: &'a str, notes: &mut Vec<Note>) -> Cow<'a, str> {
    let json = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut note = |note: Note| {
        if !notes.contains(&note) {
            notes.push(note);
        }
    };
    if json.len() < text.len() {
        note(Note::Repaired {
            what: "a byte-order mark before it".to_owned(),
        });
    }
    let json = surrogates::normalized(json);
    if matches!(json, Cow::Owned(_)) {
        note(Note::LoneSurrogates);
    }
    let (json, what) = repaired(json);
    if let Some(what) = what {
        note(Note::Repaired { what });
    }
    json
}

fn read(json: &str, sent_at: Option<Timestamp>) -> Result<Alert, AlertError> {
    let fields = Fields::of(json)?;
    if community::recognises(&fields) {
        community::read(fields, sent_at)
    } else {
        read_own(fields, sent_at)
    }
}

fn read_own(mut fields: Fields<'_>, sent_at: Option<Timestamp>) -> Result<Alert, AlertError> {
    let detection_id = fields.required_text("id", Bound(limits::DETECTION_ID, Unit::Characters))?;
    let routing = read_routing(&mut fields);
    let common = Common {
        detection_id: single_line(&detection_id),
        name: fields.text("name", TITLE),
        description: fields.text("description", LONG),
        alert_context: fields.context("alertContext"),
        reference: fields.text("reference", SHORT),
        routing,
    };
    common.complete(fields, sent_at)
}

fn read_routing(fields: &mut Fields<'_>) -> RoutingHints {
    let mut routing = fields.object("routing", "routing.");
    let resent = read_resent(&mut routing);
    let hints = RoutingHints {
        destinations: routing.list("destinations", limits::ROUTING_LIST),
        destination_override: routing.list("destinationOverride", limits::ROUTING_LIST),
        severity: generated_severity(&mut routing),
        resent,
    };
    fields.notes.append(&mut routing.notes);
    hints
}

/// A severity of another source as the one that it means. A text that means none is kept:
/// routing warns about it.
fn generated_severity(routing: &mut Fields<'_>) -> Option<String> {
    const FIELD: &str = "severity";
    let text = routing.text(FIELD, Bound(limits::TAG, Unit::Bytes))?;
    if text.trim().parse::<Severity>().is_ok() {
        return Some(text);
    }
    let Some(severity) = lenient::severity(&text) else {
        return Some(text);
    };
    routing.note_read_as(FIELD, &text, severity.to_string());
    Some(severity.to_string())
}

/// `None` unless both are given.
fn read_resent(routing: &mut Fields<'_>) -> Option<Resent> {
    let mut resent = routing.object("resent", "routing.resent.");
    let of = resent.text("of", Bound(limits::ALERT_ID, Unit::Bytes));
    let by = resent.text("by", Bound(limits::TAG, Unit::Bytes));
    routing.notes.append(&mut resent.notes);
    let by = single_line(&by?);
    of.map(|of| Resent { of, by })
}

#[cfg(test)]
mod tests;
