//! The outcome of OpsGenie's responses: <https://docs.opsgenie.com/docs/response> and
//! <https://docs.opsgenie.com/docs/api-rate-limiting>.

use std::time::Duration;

use serde::Deserialize;
use tocsin_core::outcome::{Failure, FailureKind, LONGEST_RETRY_AFTER, Outcome, Receipt};
use tocsin_core::provider::{RequestContext, Response};
use tocsin_core::text::line;

use crate::OpsGenie;
use crate::request::alias;

/// The longest id in a receipt, in characters.
const ID_LIMIT: usize = 200;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    request_id: String,
}

pub(crate) fn of_response(context: &RequestContext<'_, OpsGenie>, response: &Response) -> Outcome {
    match (response.status, request_id(response)) {
        (200..=299, Some(id)) => Outcome::Delivered(Receipt {
            remark: is_delayed(response).then(|| "OpsGenie throttles and delays it".to_owned()),
            ..Receipt::id(id)
        }),
        // The status says that OpsGenie accepted the alert, even if the body is
        // unreadable.
        (202, None) => Outcome::Delivered(Receipt {
            remark: Some(
                "accepted, but the response could not be read; the id is the alias".to_owned(),
            ),
            ..Receipt::id(alias(&context.alert.alert_id))
        }),
        // No other success is documented: a proxy has answered. The alias makes a
        // repetition harmless.
        (200..=299, None) => Outcome::not_understood(response),
        (429, _) => Outcome::Transient {
            failure: Failure::answered(FailureKind::Throttled, response),
            retry_after: response
                .retry_after()
                .or_else(|| rate_limit_period(response)),
        },
        _ => Outcome::from_status(response),
    }
}

fn request_id(response: &Response) -> Option<String> {
    let body: Body = serde_json::from_slice(&response.body).ok()?;
    let id = line(&body.request_id, ID_LIMIT);
    (!id.is_empty()).then_some(id)
}

/// Whether OpsGenie processes the alert later, because it exceeds the rate limit.
fn is_delayed(response: &Response) -> bool {
    response.header("x-ratelimit-state") == Some("THROTTLED")
}

/// The period over which OpsGenie counts requests.
fn rate_limit_period(response: &Response) -> Option<Duration> {
    let seconds: u64 = response
        .header("x-ratelimit-period-in-sec")?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
}
