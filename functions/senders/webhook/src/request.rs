//! The request: Panther's payload as it is, with Standard Webhooks' headers.
//!
//! The body is not wrapped into that specification's recommended envelope: the
//! receivers that this product has to work with read the flat fields.

use tocsin_core::alert::Payload;
use tocsin_core::provider::{Address, Detail, FieldError, Header, Request, RequestContext};

use crate::Webhook;
use crate::signature::Key;

pub(crate) fn build(context: &RequestContext<'_, Webhook>) -> Result<Request, FieldError> {
    let body = body(context);
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
    for (name, value) in &context.settings.headers {
        request = request.header(name, Header::Plain(value.clone()));
    }
    for (name, value) in &context.secret.headers {
        request = request.header(name, Header::Secret(value.clone()));
    }
    Ok(request)
}

/// The whole payload; after a refusal, the same keys with the long ones emptied.
fn body(context: &RequestContext<'_, Webhook>) -> String {
    match context.detail {
        Detail::Full => Payload::of(context.alert, context.severity).to_json(),
        Detail::Minimal => Payload::minimal(context.alert, context.severity).to_json(),
    }
}

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
            signatures.push(Key::read(field, key)?.sign(id, timestamp, body));
        }
    }
    Ok((!signatures.is_empty()).then(|| signatures.join(" ")))
}
