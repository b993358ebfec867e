//! Queues: sending in batches of ten, each message answered for alone, and taking
//! out what waits for a person.

mod take;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use futures::future::join_all;
use tocsin_core::Timestamp;
use tocsin_core::delivery::Retry;
use tocsin_core::retry_queue::RetryQueueMessage;
use tocsin_core::system_alert::DestinationFailing;

pub use take::{Depth, ReceivedMessage};

use crate::{AwsError, Clients};

/// The largest message, bytes, attributes included: SQS's own limit since August 2025.
pub const MESSAGE_LIMIT: usize = 1024 * 1024;

/// The longest delay of a message: SQS's `DelaySeconds` ends at 900.
const LONGEST_DELAY: Duration = Duration::from_mins(15);

/// What one call carries: SQS's own limits.
const BATCH_ENTRIES: usize = 10;

/// One queue. Offline, it only says in the log what it would have sent.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
    offline: bool,
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The body.
    pub body: String,
    /// Attributes, as strings.
    pub attributes: Vec<(&'static str, String)>,
    /// Not visible before this has passed; cut at SQS's 15 minutes.
    pub delay: Duration,
}

impl Message {
    /// Bytes that count towards [`MESSAGE_LIMIT`].
    #[must_use]
    pub fn size(&self) -> usize {
        let attributes: usize = self
            .attributes
            .iter()
            // An attribute's type counts as well.
            .map(|(name, value)| name.len() + value.len() + "String".len())
            .sum();
        self.body.len() + attributes
    }

    /// The message that asks for another attempt. What is due later than SQS can
    /// delay arrives early, and the router sends it round again.
    #[must_use]
    pub fn retry(retry: &Retry, now: Timestamp) -> Self {
        Self {
            // A struct of strings and numbers: there is nothing to fail on.
            body: serde_json::to_string(retry).unwrap_or_default(),
            attributes: Vec::new(),
            delay: retry.due.since(now),
        }
    }

    /// The message that has the router raise an alert about a destination.
    #[must_use]
    pub fn failing(failing: DestinationFailing) -> Self {
        let note = RetryQueueMessage::Failing {
            failing: Box::new(failing),
        };
        Self {
            body: serde_json::to_string(&note).unwrap_or_default(),
            attributes: Vec::new(),
            delay: Duration::ZERO,
        }
    }
}

impl Queue {
    /// The queue at `url`.
    #[must_use]
    pub fn new(clients: &Clients, url: impl Into<String>) -> Self {
        Self {
            client: clients.sqs.clone(),
            url: url.into(),
            offline: clients.offline.is_some(),
        }
    }

    /// Sends all messages; the answers are in their order.
    pub async fn send(&self, messages: &[Message]) -> Vec<Result<(), AwsError>> {
        if self.offline {
            for message in messages {
                tracing::info!(
                    queue = self.url,
                    body = message.body,
                    attributes = ?message.attributes,
                    delay_s = message.delay.as_secs(),
                    "offline: this message would have been sent"
                );
            }
            return vec![Ok(()); messages.len()];
        }
        let batches = batches(messages).map(|batch| self.send_batch(batch));
        join_all(batches).await.into_iter().flatten().collect()
    }

    async fn send_batch(&self, messages: &[Message]) -> Vec<Result<(), AwsError>> {
        const ACTION: &str = "sending to the queue";
        let entries = match messages.iter().enumerate().map(entry).collect() {
            Ok(entries) => entries,
            Err(error) => return vec![Err(error); messages.len()],
        };
        let sent = self
            .client
            .send_message_batch()
            .queue_url(&self.url)
            .set_entries(Some(entries))
            .send()
            .await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) => return vec![Err(AwsError::new(ACTION, &error)); messages.len()],
        };
        let failed: HashMap<&str, AwsError> = answer
            .failed()
            .iter()
            .map(|failure| {
                let said = failure.message().unwrap_or("no message");
                let error = AwsError {
                    action: ACTION,
                    code: Some(failure.code().to_owned()),
                    message: format!("{}: {said}", failure.code()),
                };
                (failure.id(), error)
            })
            .collect();
        (0..messages.len())
            .map(|at| {
                failed
                    .get(at.to_string().as_str())
                    .cloned()
                    .map_or(Ok(()), Err)
            })
            .collect()
    }
}

/// Splits by count and by total size, which SQS limits to that of one message.
fn batches(messages: &[Message]) -> impl Iterator<Item = &[Message]> {
    let mut rest = messages;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut size = 0;
        let fitting = rest
            .iter()
            .take(BATCH_ENTRIES)
            .take_while(|message| {
                size += message.size();
                size <= MESSAGE_LIMIT
            })
            .count();
        // One that is too large alone is sent alone, and refused alone.
        let (batch, later) = rest.split_at(fitting.max(1));
        rest = later;
        Some(batch)
    })
}

fn entry((at, message): (usize, &Message)) -> Result<SendMessageBatchRequestEntry, AwsError> {
    let incomplete = |error: aws_sdk_sqs::error::BuildError| {
        AwsError::unexpected("building a message", error.to_string())
    };
    let mut attributes = HashMap::new();
    for (name, value) in &message.attributes {
        let value = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(value)
            .build()
            .map_err(incomplete)?;
        attributes.insert((*name).to_owned(), value);
    }
    SendMessageBatchRequestEntry::builder()
        .id(at.to_string())
        .message_body(&message.body)
        .delay_seconds(delay_seconds(message.delay))
        .set_message_attributes((!attributes.is_empty()).then_some(attributes))
        .build()
        .map_err(incomplete)
}

/// Whole seconds, rounded up, so that nothing comes back too early.
fn delay_seconds(delay: Duration) -> i32 {
    let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    seconds.min(LONGEST_DELAY.as_secs()) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(size: usize) -> Message {
        Message {
            body: "x".repeat(size),
            attributes: Vec::new(),
            delay: Duration::ZERO,
        }
    }

    #[test]
    fn batches_keep_both_limits_and_the_order() {
        let sizes = |given: &[usize]| {
            let messages: Vec<_> = given.iter().map(|size| message(*size)).collect();
            batches(&messages).map(<[Message]>::len).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[1; 25]), [10, 10, 5]);
        assert_eq!(sizes(&[500_000, 500_000, 500_000]), [2, 1]);
        assert_eq!(sizes(&[1, 2_000_000, 1]), [1, 1, 1]);
        assert_eq!(sizes(&[]), Vec::<usize>::new());
    }

    #[test]
    fn delays_round_up_and_end_at_fifteen_minutes() {
        assert_eq!(delay_seconds(Duration::from_millis(1)), 1);
        assert_eq!(delay_seconds(Duration::from_secs(30)), 30);
        assert_eq!(delay_seconds(Duration::from_hours(24)), 900);
        assert_eq!(delay_seconds(Duration::ZERO), 0);
    }
}
