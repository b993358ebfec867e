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

#[derive(Deserialize)]
struct ResultBody {
    data: ProcessingResult,
}

/// What came of a request.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ProcessingResult {
    success: Option<bool>,
    is_success: Option<bool>,
    status: String,
    alert_id: String,
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
            ..Receipt::id(alias(context.alert))
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

/// The request whose result can be asked for. One that OpsGenie delays is not processed
/// yet.
pub(crate) fn request_to_confirm(response: &Response) -> Option<String> {
    let is_part_of_a_path =
        |id: &String| id.len() <= 100 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let id = request_id(response).filter(is_part_of_a_path)?;
    (!is_delayed(response)).then_some(id)
}

/// The outcome of an accepted alert, by the result of its request. Without a result (the
/// request is not processed, the key may not read) the alert stays delivered. An answer
/// about an alert that exists is not a failure, whatever else it says.
pub(crate) fn confirmed(receipt: Receipt, response: &Response) -> Outcome {
    let body = serde_json::from_slice::<ResultBody>(&response.body).ok();
    let Some(ResultBody { data }) = body.filter(|_| response.status == 200) else {
        return Outcome::Delivered(receipt);
    };
    let alert = line(&data.alert_id, ID_LIMIT);
    if !alert.is_empty() {
        return Outcome::Delivered(Receipt {
            id: Some(alert),
            ..receipt
        });
    }
    if data.is_success.or(data.success) != Some(false) {
        return Outcome::Delivered(receipt);
    }
    let detail = format!("accepted, but not created: {}", data.status);
    // With its status, so that it is told apart from a text of our own.
    Outcome::of_failure(FailureKind::Refused, detail, response)
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
