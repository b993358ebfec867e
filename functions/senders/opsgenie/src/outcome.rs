//! Answers: <https://docs.opsgenie.com/docs/response> and
//! <https://docs.opsgenie.com/docs/api-rate-limiting>.

use std::time::Duration;

use serde::Deserialize;
use tocsin_core::outcome::{Failure, FailureKind, LONGEST_RETRY_AFTER, Outcome, Receipt};
use tocsin_core::provider::{RequestContext, Response};
use tocsin_core::text::line;

use crate::OpsGenie;
use crate::request::alias;

/// How much of a text of OpsGenie's goes into a receipt.
const SHOWN: usize = 200;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    request_id: String,
}

pub(crate) fn read(context: &RequestContext<'_, OpsGenie>, response: &Response) -> Outcome {
    match (response.status, request_id(response)) {
        (200..=299, Some(id)) => Outcome::Delivered(Receipt {
            remark: delayed(response).then(|| "OpsGenie throttles and delays it".to_owned()),
            ..Receipt::id(id)
        }),
        // The status says that it was taken; what cannot be read does not undo that.
        (202, None) => Outcome::Delivered(Receipt {
            remark: Some(
                "accepted, with an answer that could not be read; the id is the alias".to_owned(),
            ),
            ..Receipt::id(alias(&context.alert.alert_id))
        }),
        // No other success is documented: something in between has answered. The
        // alias makes a repetition harmless.
        (200..=299, None) => Outcome::not_understood(response),
        (429, _) => Outcome::Transient {
            failure: Failure::answered(FailureKind::Throttled, response),
            retry_after: response.retry_after().or_else(|| period(response)),
        },
        _ => Outcome::from_status(response),
    }
}

fn request_id(response: &Response) -> Option<String> {
    let answer: Answer = serde_json::from_slice(&response.body).ok()?;
    let id = line(&answer.request_id, SHOWN);
    (!id.is_empty()).then_some(id)
}

/// Alerts over the limit are taken and worked on later.
fn delayed(response: &Response) -> bool {
    response.header("x-ratelimit-state") == Some("THROTTLED")
}

/// The period over which requests are counted: after it there is room again.
fn period(response: &Response) -> Option<Duration> {
    let seconds: u64 = response
        .header("x-ratelimit-period-in-sec")?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
}
