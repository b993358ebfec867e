//! The request: Panther's payload as it is, with Standard Webhooks' headers.
//!
//! The body is not wrapped into that specification's recommended envelope: the
//! receivers that this product has to work with read the flat fields.

use tocsin_core::alert::Payload;
use tocsin_core::provider::{Address, FieldError, Form, Header, Job, Request};

use crate::Webhook;
use crate::signature::Key;

pub(crate) fn build(job: &Job<'_, Webhook>) -> Result<Request, FieldError> {
    let body = body(job);
    let id = job.delivery.as_str();
    let timestamp = job.now.unix_seconds();
    let address = Address::Secret(job.secret.url.expose().clone());
    let mut request = Request::post_json(address, body)
        .header("accept", Header::Plain("application/json".to_owned()))
        .header("webhook-id", Header::Plain(id.to_owned()))
        .header("webhook-timestamp", Header::Plain(timestamp.to_string()));
    if let Some(signatures) = signatures(job, id, timestamp, &request.body)? {
        request = request.header("webhook-signature", Header::Plain(signatures));
    }
    for (name, value) in &job.settings.headers {
        request = request.header(name, Header::Plain(value.clone()));
    }
    for (name, value) in &job.secret.headers {
        request = request.header(name, Header::Secret(value.clone()));
    }
    Ok(request)
}

/// The whole payload; after a refusal, the same keys with the long ones emptied.
fn body(job: &Job<'_, Webhook>) -> String {
    match job.form {
        Form::Full => Payload::of(job.alert, job.severity).to_json(),
        Form::Minimal => Payload::minimal(job.alert, job.severity).to_json(),
    }
}

fn signatures(
    job: &Job<'_, Webhook>,
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> Result<Option<String>, FieldError> {
    let mut signatures = Vec::new();
    for (field, key) in [
        ("secret.signingKey", &job.secret.signing_key),
        (
            "secret.previousSigningKey",
            &job.secret.previous_signing_key,
        ),
    ] {
        if let Some(key) = key {
            signatures.push(Key::read(field, key)?.sign(id, timestamp, body));
        }
    }
    Ok((!signatures.is_empty()).then(|| signatures.join(" ")))
}
