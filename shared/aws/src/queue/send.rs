//! A queue, and sending messages to it in batches of ten, each with an answer of its
//! own.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use futures::future::join_all;

use super::message::{MESSAGE_LIMIT, Message};
use crate::clients::Clients;
use crate::error::AwsError;

/// The longest delay of a message: SQS's `DelaySeconds` ends at 900.
const MAX_DELAY: Duration = Duration::from_mins(15);

/// Entries of one batch call: SQS's limit.
pub(super) const BATCH_ENTRIES: usize = 10;

/// One queue. Offline, it writes its messages to the log instead of sending them.
#[derive(Clone, Debug)]
pub struct Queue {
    pub(super) client: Client,
    pub(super) url: String,
    offline: bool,
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

    /// Sends all messages; the answers are in the same order.
    pub async fn send(&self, messages: &[Message]) -> Vec<Result<(), AwsError>> {
        if self.offline {
            for message in messages {
                tracing::info!(
                    queue = self.url,
                    body = message.body,
                    attributes = ?message.attributes,
                    delay_s = message.delay.as_secs(),
                    "running offline: this message was not sent"
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
            Err(error) => return vec![Err(AwsError::new(ACTION, error)); messages.len()],
        };
        let failed: HashMap<&str, AwsError> = answer
            .failed()
            .iter()
            .map(|failure| {
                let error = AwsError::of_entry(ACTION, failure.code(), failure.message());
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

/// Splits messages into batches by count and by total size, which SQS limits to the
/// size of one message.
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
        // A message that is too large is sent alone, so that SQS refuses it alone.
        let (batch, later) = rest.split_at(fitting.max(1));
        rest = later;
        Some(batch)
    })
}

fn entry((at, message): (usize, &Message)) -> Result<SendMessageBatchRequestEntry, AwsError> {
    let unbuilt =
        |error: aws_sdk_sqs::error::BuildError| AwsError::caused_by("building a message", error);
    let mut attributes = HashMap::new();
    for (name, value) in &message.attributes {
        let value = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(value)
            .build()
            .map_err(unbuilt)?;
        attributes.insert((*name).to_owned(), value);
    }
    SendMessageBatchRequestEntry::builder()
        .id(at.to_string())
        .message_body(&message.body)
        .delay_seconds(delay_seconds(message.delay))
        .set_message_attributes((!attributes.is_empty()).then_some(attributes))
        .build()
        .map_err(unbuilt)
}

/// Whole seconds, rounded up: a message must not arrive before it is due.
fn delay_seconds(delay: Duration) -> i32 {
    let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    seconds.min(MAX_DELAY.as_secs()) as i32
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
