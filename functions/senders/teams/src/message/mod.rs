//! The message: the card in the envelope that workflows accept.

mod card;

use serde_json::{Value, json};
use tocsin_core::message::{Message, Texts};
use tocsin_core::text::Unit;

/// The largest body, in bytes. Teams accepts messages of 28 KB
/// (<https://learn.microsoft.com/en-us/connectors/teams/#limits>) and counts
/// the card as a string inside another JSON: a request of 24,453 bytes had 28,897
/// there and was too large, which only the workflow's history shows
/// (<https://github.com/MicrosoftDocs/msteams-docs/issues/11274>).
pub(crate) const BODY_LIMIT: usize = 20 * 1024;

/// The longest description and runbook, in [`Unit::NestedJsonBytes`].
const TEXT_LIMIT: usize = 6_000;

/// The body. Even as a string in another JSON it has at most [`BODY_LIMIT`] bytes.
pub(crate) fn body(message: &Message<'_>) -> String {
    let whole = card::inert_texts(Texts::of(message));
    let frame = envelope(&card::card(message, &whole.least())).to_string();
    let room = BODY_LIMIT.saturating_sub(Unit::JsonBytes.length(&frame) + card::LINKS_SIZE);
    let texts = whole.fit(room, TEXT_LIMIT, Unit::NestedJsonBytes);
    envelope(&card::card(message, &texts)).to_string()
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
