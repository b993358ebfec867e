//! The content of a dead letter, and the messages that put it back.

use std::io::Read;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;
use tocsin_api_types::{Content, DeadLetterQueue, FailedDelivery};
use tocsin_aws::{Message, Origin, ReceivedMessage};
use tocsin_core::Timestamp;
use tocsin_core::alert;
use tocsin_core::delivery::{DeliveryBatch, PriorAttempt};
use tocsin_core::retry_queue::{Retry, RetryQueueMessage};
use tocsin_core::text::{Unit, line, sanitize, truncate};

/// The largest part of a body that is shown, in bytes.
const SHOWN: usize = 16 * 1024;

/// The largest part of a reason that is shown, in characters.
const REASON: usize = 500;

/// The largest decompressed body in bytes: SQS's limit for a message.
const UNPACKED: u64 = 1024 * 1024;

/// The reason of a message that SQS moved, which nobody rejected.
const MOVED: (&str, &str) = (
    "ReceivedTooOften",
    "the router could not finish it in five attempts; its log says why. Put it back when that is fixed",
);

/// The record that Lambda makes of an asynchronous invocation that failed:
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InvokeRecord {
    #[serde(default)]
    request_context: InvokeContext,
    request_payload: DeliveryBatch,
    #[serde(default)]
    response_payload: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InvokeContext {
    condition: Option<String>,
}

/// Why the message was rejected: a word and a sentence.
pub(super) fn reason(
    queue: DeadLetterQueue,
    dead_letter: &ReceivedMessage,
) -> (Option<String>, Option<String>) {
    match queue {
        DeadLetterQueue::Alerts | DeadLetterQueue::Retries => match &dead_letter.origin {
            Origin::Sent(attributes) => {
                let attribute = |name| attributes.get(name).map(|text| line(text, REASON));
                (attribute("tocsinReason"), attribute("tocsinDetail"))
            }
            Origin::Moved => (Some(MOVED.0.to_owned()), Some(MOVED.1.to_owned())),
        },
        DeadLetterQueue::FailedDispatches => match record(dead_letter) {
            Ok(record) => {
                let message = record.response_payload["errorMessage"].as_str();
                let condition = record.request_context.condition;
                (
                    condition.map(|text| line(&text, REASON)),
                    message.map(|text| line(text, REASON)),
                )
            }
            Err(_) => (None, None),
        },
    }
}

/// The content of the message, or why it cannot be read.
pub(super) fn content(
    queue: DeadLetterQueue,
    dead_letter: &ReceivedMessage,
) -> Result<Content, String> {
    match queue {
        DeadLetterQueue::Alerts => {
            let body = body(dead_letter)?;
            let sent_at = dead_letter.sent_at.unwrap_or_else(Timestamp::now);
            let alert = alert::parse_sent(&body, sent_at).ok();
            Ok(Content::Message {
                alert_id: alert.as_ref().map(|alert| alert.alert_id.clone()),
                title: alert.map(|alert| alert.title),
                body: beginning(&body),
            })
        }
        DeadLetterQueue::Retries => Ok(match retry_message(dead_letter)? {
            RetryQueueMessage::WakeUp(wake_up) => Content::WakeUp {
                destination_id: wake_up.destination_id,
            },
            RetryQueueMessage::Sweep(_) => Content::Sweep,
            RetryQueueMessage::Failing { failing } => Content::Report(*failing),
            RetryQueueMessage::Unrecorded { unrecorded } => Content::Unrecorded(*unrecorded),
            RetryQueueMessage::Retry(retry) => Content::Retry(*retry),
        }),
        DeadLetterQueue::FailedDispatches => {
            let batch = record(dead_letter)?.request_payload;
            let deliveries = batch.alerts.iter().flat_map(|entry| {
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

/// The messages that put it back, or why it cannot be put back.
pub(super) fn redriven(
    queue: DeadLetterQueue,
    dead_letter: &ReceivedMessage,
    now: Timestamp,
) -> Result<Vec<Message>, String> {
    match queue {
        DeadLetterQueue::Alerts => {
            let body = body(dead_letter)?;
            if body.is_empty() {
                return Err("the message is empty, which SQS does not accept".to_owned());
            }
            Ok(vec![plain(body)])
        }
        DeadLetterQueue::Retries => {
            // Only what the router can read goes back, unchanged.
            retry_message(dead_letter)?;
            Ok(vec![plain(body(dead_letter)?)])
        }
        DeadLetterQueue::FailedDispatches => {
            let batch = record(dead_letter)?.request_payload;
            let retries = batch.alerts.iter().flat_map(|entry| {
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
            let retries = retries.map(|retry| serde_json::to_string(&retry).map(plain));
            let retries: Vec<_> = retries
                .collect::<Result<_, _>>()
                .map_err(|error| format!("a delivery could not be written: {error}"))?;
            if retries.is_empty() {
                return Err(
                    "there is no delivery in this dispatch: nothing was put back".to_owned(),
                );
            }
            Ok(retries)
        }
    }
}

fn plain(body: String) -> Message {
    Message {
        body,
        attributes: Vec::new(),
        delay: Duration::ZERO,
    }
}

/// The beginning of a body, sanitized, with a mark where it is cut.
pub(super) fn beginning(body: &str) -> String {
    truncate(&sanitize(body), SHOWN, Unit::Bytes).into_owned()
}

/// The body as the router received it.
fn body(dead_letter: &ReceivedMessage) -> Result<String, String> {
    let Origin::Sent(attributes) = &dead_letter.origin else {
        return Ok(dead_letter.body.clone());
    };
    if attributes.get("tocsinEncoding").map(String::as_str) != Some("gzip+base64") {
        return Ok(dead_letter.body.clone());
    }
    let packed = STANDARD
        .decode(&dead_letter.body)
        .map_err(|_| "the body is not base64, as its attribute says".to_owned())?;
    let mut unpacked = String::new();
    GzDecoder::new(&packed[..])
        // One byte more shows that a body is too large.
        .take(UNPACKED + 1)
        .read_to_string(&mut unpacked)
        .map_err(|_| "the body is not compressed text, as its attribute says".to_owned())?;
    if unpacked.len() as u64 > UNPACKED {
        return Err("the body is larger than SQS allows".to_owned());
    }
    Ok(unpacked)
}

fn retry_message(dead_letter: &ReceivedMessage) -> Result<RetryQueueMessage, String> {
    serde_json::from_str(&body(dead_letter)?).map_err(|_| {
        "the message is none of those that the router reads from its retry queue".to_owned()
    })
}

fn record(dead_letter: &ReceivedMessage) -> Result<InvokeRecord, String> {
    serde_json::from_str(&dead_letter.body)
        .map_err(|error| format!("the message is not the record of a failed dispatch: {error}"))
}

#[cfg(test)]
mod tests;
