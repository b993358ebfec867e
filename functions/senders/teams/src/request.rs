//! The request: the card, posted to the workflow's URL.

use tocsin_core::message::Message;
use tocsin_core::provider::{Address, FieldError, Request, RequestContext};

use crate::{Teams, message};

pub(crate) fn build(context: &RequestContext<'_, Teams>) -> Result<Request, FieldError> {
    // The URL must not change: its query is signed.
    let address = Address::Secret(context.secret.webhook_url.expose().clone());
    let request = Request::post_json(address, message::body(&Message::of(context)));
    Ok(match context.bearer()? {
        Some(bearer) => request.header("authorization", bearer),
        None => request,
    })
}
