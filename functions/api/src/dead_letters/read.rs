//! What a dead letter holds, and what becomes of it when it is put back.

use std::io::Read;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;
use tocsin_aws::{Message, ReceivedMessage};
use tocsin_core::Timestamp;
use tocsin_core::alert;
use tocsin_core::delivery::{DeliveryBatch, PriorAttempt, Retry};
use tocsin_core::retry_queue::RetryQueueMessage;
use tocsin_core::text::{Unit, line, sanitize, truncate};

use crate::messages::{Content, DeadLetterQueue, FailedDelivery};

/// Bytes of a body that are shown.
const SHOWN: usize = 16 * 1024;

/// Characters of a reason that are shown.
const REASON: usize = 500;

/// The largest body, unpacked: what SQS takes as one message.
const UNPACKED: u64 = 1024 * 1024;

/// What Lambda says of an asynchronous invoke that failed for good:
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InvokeRecord {
    #[serde(default)]
    request_context: RequestContext,
    request_payload: DeliveryBatch,
    #[serde(default)]
    response_payload: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RequestContext {
    condition: Option<String>,
}

/// Why it was put aside: a word and a sentence.
pub(super) fn why(
    queue: DeadLetterQueue,
    letter: &ReceivedMessage,
) -> (Option<String>, Option<String>) {
    let attribute = |name: &str| letter.attributes.get(name).map(|text| line(text, REASON));
    match queue {
        DeadLetterQueue::Alerts | DeadLetterQueue::Retries => {
            (attribute("tocsinReason"), attribute("tocsinDetail"))
        }
        DeadLetterQueue::HandOvers => match record(letter) {
            Ok(record) => {
                let said = record.response_payload["errorMessage"].as_str();
                let condition = record.request_context.condition;
                (
                    condition.map(|text| line(&text, REASON)),
                    said.map(|text| line(text, REASON)),
                )
            }
            Err(_) => (None, None),
        },
    }
}

/// What it holds, or why that cannot be said.
pub(super) fn content(queue: DeadLetterQueue, letter: &ReceivedMessage) -> Result<Content, String> {
    match queue {
        DeadLetterQueue::Alerts => {
            let body = body(letter)?;
            let alert = alert::parse(&body).ok();
            Ok(Content::Message {
                alert_id: alert.as_ref().map(|alert| alert.alert_id.clone()),
                title: alert.map(|alert| alert.title),
                body: beginning(&body),
            })
        }
        DeadLetterQueue::Retries => Ok(match note(letter)? {
            RetryQueueMessage::Retry(retry) => Content::Retry(*retry),
            RetryQueueMessage::Failing { failing } => Content::Report(*failing),
        }),
        DeadLetterQueue::HandOvers => {
            let hand_over = record(letter)?.request_payload;
            let deliveries = hand_over.alerts.iter().flat_map(|entry| {
                entry.deliveries.iter().map(|delivery| FailedDelivery {
                    alert_id: entry.alert.alert_id.clone(),
                    destination_id: delivery.destination_id,
                    display_name: delivery.display_name.clone(),
                    attempt: delivery.attempt,
                })
            });
            Ok(Content::DeliveryBatch {
                deliveries: deliveries.collect(),
            })
        }
    }
}

/// The messages that put it back on its way, or why there are none.
pub(super) fn onward(
    queue: DeadLetterQueue,
    letter: &ReceivedMessage,
    now: Timestamp,
) -> Result<Vec<Message>, String> {
    match queue {
        DeadLetterQueue::Alerts => {
            let body = body(letter)?;
            if body.is_empty() {
                return Err("it is empty, which SQS does not take".to_owned());
            }
            Ok(vec![Message {
                body,
                attributes: Vec::new(),
                delay: Duration::ZERO,
            }])
        }
        DeadLetterQueue::Retries => Ok(vec![match note(letter)? {
            RetryQueueMessage::Retry(retry) => Message::retry(&retry, now),
            RetryQueueMessage::Failing { failing } => Message::failing(*failing),
        }]),
        DeadLetterQueue::HandOvers => {
            let hand_over = record(letter)?.request_payload;
            let retries = hand_over.alerts.iter().flat_map(|entry| {
                entry.deliveries.iter().map(|delivery| Retry {
                    alert_id: entry.alert.alert_id.clone(),
                    destination_id: delivery.destination_id,
                    attempt: delivery.attempt,
                    began_at: delivery.began_at,
                    unrecorded: delivery.unrecorded.clone(),
                    fallback_for: delivery.fallback_for,
                    // The sender may have sent it before it failed.
                    prior_attempt: PriorAttempt::MaybeDelivered,
                    due: now,
                })
            });
            let retries: Vec<_> = retries.map(|retry| Message::retry(&retry, now)).collect();
            if retries.is_empty() {
                return Err(
                    "there is no delivery in this hand-over: nothing was put back".to_owned(),
                );
            }
            Ok(retries)
        }
    }
}

/// The beginning of a body, harmless, with a cut marked.
pub(super) fn beginning(body: &str) -> String {
    truncate(&sanitize(body), SHOWN, Unit::Bytes).into_owned()
}

/// The body as it came to the router.
fn body(letter: &ReceivedMessage) -> Result<String, String> {
    if letter.attributes.get("tocsinEncoding").map(String::as_str) != Some("gzip+base64") {
        return Ok(letter.body.clone());
    }
    let packed = STANDARD
        .decode(&letter.body)
        .map_err(|_| "it is not the base64 that its attribute promises".to_owned())?;
    let mut unpacked = String::new();
    GzDecoder::new(&packed[..])
        // A byte more shows what is too large.
        .take(UNPACKED + 1)
        .read_to_string(&mut unpacked)
        .map_err(|_| "it is not the compressed text that its attribute promises".to_owned())?;
    if unpacked.len() as u64 > UNPACKED {
        return Err("it is larger than any message can be".to_owned());
    }
    Ok(unpacked)
}

fn note(letter: &ReceivedMessage) -> Result<RetryQueueMessage, String> {
    serde_json::from_str(&body(letter)?).map_err(|_| "it is no sender's note".to_owned())
}

fn record(letter: &ReceivedMessage) -> Result<InvokeRecord, String> {
    serde_json::from_str(&letter.body)
        .map_err(|error| format!("it is no record of a failed hand-over: {error}"))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
