//! From the body of a queue message to an [`Alert`].

use std::borrow::Cow;

use crate::alert::common::{Common, LONG, SHORT, TITLE};
use crate::alert::error::AlertError;
use crate::alert::fields::{Bound, Fields};
use crate::alert::model::{Alert, RoutingHints};
use crate::alert::note::Note;
use crate::alert::{community, envelope, limits, surrogates};
use crate::text::Unit;

/// Reads the body of a queue message.
///
/// Every text gives an alert or an error; none panics. The cost is linear in
/// the length of the text, also for nesting, which is never followed deeper
/// than serde_json's 128 levels.
///
/// # Errors
///
/// When the text is not a JSON object, or one of the required fields (`id`,
/// `createdAt`, `severity`, `type`) is unusable.
pub fn parse(body: &str) -> Result<Alert, AlertError> {
    let body = surrogates::normalized(body);
    let inner = envelope::message(&body)?;
    let inner = inner.as_deref().map(surrogates::normalized);
    let body_changed = matches!(body, Cow::Owned(_));
    let inner_changed = matches!(inner, Some(Cow::Owned(_)));

    let mut alert = read(inner.as_deref().unwrap_or(&body))?;
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
        alert_context: fields.context("alertContext").into(),
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

#[cfg(test)]
mod tests;
