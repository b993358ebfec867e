//! The outcome of PagerDuty's responses:
//! <https://developer.pagerduty.com/docs/events-api-v2/overview/>
//! ("Response Codes & Retry Logic").

use serde::Deserialize;
use tocsin_core::outcome::{Failure, FailureKind, Outcome, Receipt};
use tocsin_core::provider::{RequestContext, Response};
use tocsin_core::text::line;

use crate::PagerDuty;
use crate::request::dedup_key;

/// The longest id in a receipt, in characters.
const ID_LIMIT: usize = 300;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    status: Option<String>,
    dedup_key: Option<String>,
    errors: Vec<String>,
}

pub(crate) fn of_response(context: &RequestContext<'_, PagerDuty>, response: &Response) -> Outcome {
    let body = serde_json::from_slice::<Body>(&response.body).ok();
    match response.status {
        202 => accepted(context, response, body),
        // No other success is documented: a proxy has answered. The deduplication key
        // makes a repetition harmless.
        200..=299 => Outcome::not_understood(response),
        400 if is_about_the_key(body.as_ref()) => {
            Outcome::rejected(Failure::answered(FailureKind::Unauthorized, response))
        }
        // "500 or other 5XX: retry after some time".
        500..=599 => Outcome::of_failure(FailureKind::Unavailable, response.text(), response),
        _ => Outcome::from_status(response),
    }
}

/// The status alone says "accepted by PagerDuty", even if the body is unreadable. A
/// repetition after somebody resolved the alert would page again. Only a body that
/// contradicts the status leads to one.
fn accepted(
    context: &RequestContext<'_, PagerDuty>,
    response: &Response,
    body: Option<Body>,
) -> Outcome {
    let Some(body) = body else {
        return Outcome::Delivered(Receipt {
            remark: Some("accepted, but the response could not be read".to_owned()),
            ..Receipt::id(dedup_key(context.alert))
        });
    };
    if body.status.is_some_and(|status| status != "success") {
        return Outcome::not_understood(response);
    }
    let key = body.dedup_key.filter(|key| !key.trim().is_empty());
    Outcome::Delivered(Receipt::id(
        key.map_or_else(|| dedup_key(context.alert), |key| line(&key, ID_LIMIT)),
    ))
}

/// PagerDuty reports a malformed key as an invalid event whose `errors` name the
/// `routing_key`. A smaller message would not help.
fn is_about_the_key(body: Option<&Body>) -> bool {
    body.is_some_and(|body| {
        body.errors
            .iter()
            .any(|error| error.to_ascii_lowercase().contains("routing_key"))
    })
}
