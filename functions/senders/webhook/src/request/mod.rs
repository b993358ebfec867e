//! The request: the payload with the headers of Standard Webhooks.

mod signature;

pub(crate) use signature::Key;
use tocsin_core::provider::{Address, FieldError, Header, Request, RequestContext};

use crate::{Webhook, message};

pub(crate) fn build(context: &RequestContext<'_, Webhook>) -> Result<Request, FieldError> {
    let body = message::body(context);
    let id = context.delivery.as_str();
    let timestamp = context.now.unix_seconds();
    let address = Address::Secret(context.secret.url.expose().clone());
    let mut request = Request::post_json(address, body)
        .header("accept", Header::Plain("application/json".to_owned()))
        .header("webhook-id", Header::Plain(id.to_owned()))
        .header("webhook-timestamp", Header::Plain(timestamp.to_string()));
    if let Some(signatures) = signatures(context, id, timestamp, &request.body)? {
        request = request.header("webhook-signature", Header::Plain(signatures));
    }
    if let Some(bearer) = context.bearer()? {
        request = request.header("authorization", bearer);
    }
    for (name, value) in &context.settings.headers {
        request = request.header(name, Header::Plain(value.clone()));
    }
    for (name, value) in &context.secret.headers {
        request = request.header(name, Header::Secret(value.clone()));
    }
    request.identity = context.secret.identity()?;
    request.time_limit = Some(context.settings.time_limit());
    Ok(request)
}

/// The signatures with the current and the previous key, if there are keys.
fn signatures(
    context: &RequestContext<'_, Webhook>,
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> Result<Option<String>, FieldError> {
    let mut signatures = Vec::new();
    for (field, key) in [
        ("secret.signingKey", &context.secret.signing_key),
        (
            "secret.previousSigningKey",
            &context.secret.previous_signing_key,
        ),
    ] {
        if let Some(key) = key {
            signatures.push(Key::parse(field, key)?.sign(id, timestamp, body));
        }
    }
    Ok((!signatures.is_empty()).then(|| signatures.join(" ")))
}
