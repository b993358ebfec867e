//! The request: the card in the envelope that workflows take, and how much of
//! the alert fits into it.

use serde_json::{Value, json};
use tocsin_core::message::{Message, Texts};
use tocsin_core::provider::{Address, Request, RequestContext};
use tocsin_core::text::Unit;

use crate::Teams;
use crate::card;

/// The most that a request's body may be, bytes. Teams takes messages of 28 KB
/// (<https://learn.microsoft.com/en-us/connectors/teams/#limits>) and counts
/// the card as a string inside another JSON, with more around it: a request of
/// 24,453 bytes was 28,897 there, and too large, which only the workflow's
/// history tells (<https://github.com/MicrosoftDocs/msteams-docs/issues/11274>).
pub(crate) const MOST: usize = 20 * 1024;

/// Description and runbook, each, in [`Unit::NestedJsonBytes`].
const TEXT: usize = 6_000;

pub(crate) fn build(context: &RequestContext<'_, Teams>) -> Request {
    // The URL goes out as it is: its query is signed.
    let address = Address::Secret(context.secret.webhook_url.expose().clone());
    Request::post_json(address, body(&Message::of(context)))
}

/// The body, cut so that even as a string in another JSON it has at most
/// [`MOST`] bytes.
fn body(message: &Message<'_>) -> String {
    let whole = card::inert_texts(Texts::of(message));
    let frame = envelope(&card::of(message, &whole.least())).to_string();
    let room = MOST.saturating_sub(Unit::JsonBytes.length(&frame) + card::LINKS);
    let texts = whole.fit(room, TEXT, Unit::NestedJsonBytes);
    envelope(&card::of(message, &texts)).to_string()
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
