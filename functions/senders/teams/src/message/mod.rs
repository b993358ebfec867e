//! The message: the card in the envelope that workflows accept.

mod card;
mod runs;

use card::Parts;
use serde_json::{Value, json};
use tocsin_core::message::{Message, divide};
use tocsin_core::prose::Prose;
use tocsin_core::text::{Unit, fit};

/// The largest body, in bytes. Teams accepts messages of 28 KB
/// (<https://learn.microsoft.com/en-us/connectors/teams/#limits>) and counts
/// the card as a string inside another JSON: a request of 24,453 bytes had 28,897
/// there and was too large, which only the workflow's history shows
/// (<https://github.com/MicrosoftDocs/msteams-docs/issues/11274>).
pub(crate) const BODY_LIMIT: usize = 20 * 1024;

/// The most that description and runbook take of the body, in its bytes.
const TEXT_LIMIT: usize = 6_000;

/// The body. Even as a string in another JSON it has at most [`BODY_LIMIT`] bytes.
pub(crate) fn body(message: &Message<'_>) -> String {
    let frame = envelope(&card::card(message, parts(message, [0; 3]))).to_string();
    let room = BODY_LIMIT.saturating_sub(Unit::JsonBytes.length(&frame) + TOGGLE_SIZE);
    let most = parts(message, [TEXT_LIMIT, TEXT_LIMIT, BODY_LIMIT]);
    let wanted = [&most.description, &most.runbook, &most.context].map(|part| size(part));
    let parts = parts(message, divide(room, wanted));
    envelope(&card::card(message, parts)).to_string()
}

/// The size of the button that shows the context, in bytes of the body.
const TOGGLE_SIZE: usize = 160;

/// The bytes of elements in the body as a string in another JSON.
fn size(elements: &[Value]) -> usize {
    let length = |element: &Value| Unit::JsonBytes.length(&element.to_string()) + 1;
    elements.iter().map(length).sum()
}

/// Description, runbook and context in at most so many bytes.
fn parts(message: &Message<'_>, [description, runbook, context]: [usize; 3]) -> Parts {
    Parts {
        description: prose(message.description.as_ref(), None, description),
        runbook: prose(message.runbook.as_ref(), Some("Runbook"), runbook),
        context: message.context.as_ref().map_or_else(Vec::new, |text| {
            let fits_screen = text.fits_screen();
            fitted(text.as_str(), context, |text| {
                vec![card::context(text, fits_screen)]
            })
        }),
    }
}

fn prose(text: Option<&Prose<'_>>, label: Option<&str>, room: usize) -> Vec<Value> {
    let below_label = |elements: Vec<Value>| {
        let label = label.map(card::label);
        label.into_iter().chain(elements).collect()
    };
    match text {
        Some(Prose::Link(url)) if url.len() <= card::LINE_LIMIT => {
            let elements: Vec<Value> = below_label(vec![runs::rich(&[runs::link_to(url)])]);
            if size(&elements) <= room {
                elements
            } else {
                Vec::new()
            }
        }
        Some(text) => fitted(text.as_str(), room, |text| below_label(runs::prose(text))),
        None => Vec::new(),
    }
}

/// As much of `text` as makes elements of at most `room` bytes.
fn fitted(text: &str, room: usize, elements: impl Fn(&str) -> Vec<Value>) -> Vec<Value> {
    let elements = |text: &str| {
        if text.is_empty() {
            Vec::new()
        } else {
            elements(text)
        }
    };
    fit(text, room, elements, |elements| size(elements))
}

/// <https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>
fn envelope(card: &Value) -> Value {
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card,
        }],
    })
}
