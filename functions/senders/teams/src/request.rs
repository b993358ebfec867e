//! The request: the card, posted to the workflow's URL.

use tocsin_core::message::Message;
use tocsin_core::provider::{Address, Request, RequestContext};

use crate::{Teams, message};

pub(crate) fn build(context: &RequestContext<'_, Teams>) -> Request {
    // The URL must not change: its query is signed.
    let address = Address::Secret(context.secret.webhook_url.expose().clone());
    Request::post_json(address, message::body(&Message::of(context)))
}
