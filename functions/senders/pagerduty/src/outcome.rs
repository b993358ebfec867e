//! Answers: <https://developer.pagerduty.com/docs/events-api-v2/overview/>
//! ("Response Codes & Retry Logic").

use serde::Deserialize;
use tocsin_core::outcome::{Failure, FailureKind, Outcome, Receipt};
use tocsin_core::provider::{RequestContext, Response};
use tocsin_core::text::line;

use crate::PagerDuty;
use crate::request::dedup_key;

/// How much of a text of PagerDuty's goes into a receipt.
const SHOWN: usize = 300;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    status: Option<String>,
    dedup_key: Option<String>,
    errors: Vec<String>,
}

pub(crate) fn read(context: &RequestContext<'_, PagerDuty>, response: &Response) -> Outcome {
    let answer = serde_json::from_slice::<Answer>(&response.body).ok();
    match response.status {
        202 => accepted(context, response, answer),
        // No other success is documented: something in between has answered. The
        // deduplication key makes a repetition harmless.
        200..=299 => Outcome::not_understood(response),
        400 if about_the_key(answer.as_ref()) => {
            Outcome::permanent(Failure::answered(FailureKind::Unauthorized, response))
        }
        // "500 or other 5XX: retry after some time".
        500..=599 => Outcome::Transient {
            failure: Failure::answered(FailureKind::Unavailable, response),
            retry_after: response.retry_after(),
        },
        _ => Outcome::from_status(response),
    }
}

/// The status alone says "accepted by PagerDuty"; a body that cannot be read does
/// not undo that, and a repetition after somebody resolved the alert would page
/// again. Only a body that contradicts does.
fn accepted(
    context: &RequestContext<'_, PagerDuty>,
    response: &Response,
    answer: Option<Answer>,
) -> Outcome {
    let Some(answer) = answer else {
        return Outcome::Delivered(Receipt {
            remark: Some("accepted, with an answer that could not be read".to_owned()),
            ..Receipt::id(dedup_key(&context.alert.alert_id))
        });
    };
    if answer.status.is_some_and(|status| status != "success") {
        return Outcome::not_understood(response);
    }
    let key = answer.dedup_key.filter(|key| !key.trim().is_empty());
    Outcome::Delivered(Receipt::id(key.map_or_else(
        || dedup_key(&context.alert.alert_id),
        |key| line(&key, SHOWN),
    )))
}

/// A key of the wrong form is answered as an invalid event whose `errors` name
/// the `routing_key`. A smaller message would not mend that.
fn about_the_key(answer: Option<&Answer>) -> bool {
    answer.is_some_and(|answer| {
        answer
            .errors
            .iter()
            .any(|error| error.to_ascii_lowercase().contains("routing_key"))
    })
}
