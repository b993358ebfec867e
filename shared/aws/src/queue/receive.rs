//! Receiving messages from a queue: for dead letters, which a person inspects.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    Message as SqsMessage, MessageSystemAttributeName, QueueAttributeName,
};
use tocsin_core::Timestamp;

use super::send::{BATCH_ENTRIES, Queue};
use crate::error::AwsError;

/// A message that was received from a queue. It becomes visible again after its
/// visibility timeout, unless it is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// The id that SQS gave the message.
    pub message_id: String,
    /// The body; empty when the message has none.
    pub body: String,
    /// How it came to the queue.
    pub origin: Origin,
    /// When the message was sent, by SQS's clock.
    pub sent_at: Option<Timestamp>,
    receipt: String,
}

/// How a message came to its queue, which decides what its attributes are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was sent to this queue, with these message attributes: those that have a string
    /// value.
    Sent(HashMap<String, String>),
    /// SQS moved it here from the queue that it was sent to, because it was received too
    /// often. Its attributes are those of its first sender, so they are not kept.
    Moved,
}

/// About how many messages a queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Messages that can be received now.
    pub visible: u64,
    /// Messages that were received and not deleted, or are delayed.
    pub hidden: u64,
}

impl Depth {
    /// Both together.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.visible + self.hidden
    }
}

impl Queue {
    /// Receives up to ten messages and hides them from other receivers for
    /// `visibility_timeout`. An empty answer means that no message is visible now.
    ///
    /// # Errors
    ///
    /// When SQS refuses the call or does not answer.
    pub async fn receive(
        &self,
        visibility_timeout: Duration,
    ) -> Result<Vec<ReceivedMessage>, AwsError> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(BATCH_ENTRIES as i32)
            // With a wait SQS asks all of its servers; without one it asks only some.
            .wait_time_seconds(1)
            .visibility_timeout(visibility_timeout.as_secs() as i32)
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_system_attribute_names(MessageSystemAttributeName::DeadLetterQueueSourceArn)
            .send()
            .await
            .map_err(|error| AwsError::new("reading the queue", error))?;
        let messages = answer.messages.unwrap_or_default();
        Ok(messages
            .into_iter()
            .filter_map(ReceivedMessage::of)
            .collect())
    }

    /// Deletes received messages; the answers are in the same order.
    pub async fn delete(&self, messages: &[&ReceivedMessage]) -> Vec<Result<(), AwsError>> {
        let mut answers = Vec::new();
        for batch in messages.chunks(BATCH_ENTRIES) {
            match self.delete_batch(batch).await {
                Ok(deleted) => answers.extend(deleted),
                Err(error) => answers.extend(vec![Err(error); batch.len()]),
            }
        }
        answers
    }

    async fn delete_batch(
        &self,
        batch: &[&ReceivedMessage],
    ) -> Result<Vec<Result<(), AwsError>>, AwsError> {
        const ACTION: &str = "deleting from the queue";
        let entries = batch.iter().enumerate().map(|(at, message)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(at.to_string())
                .receipt_handle(&message.receipt)
                .build()
                .map_err(|error| AwsError::caused_by(ACTION, error))
        });
        let answer = self
            .client
            .delete_message_batch()
            .queue_url(&self.url)
            .set_entries(Some(entries.collect::<Result<_, _>>()?))
            .send()
            .await
            .map_err(|error| AwsError::new(ACTION, error))?;
        let of_entry = |at: usize| {
            let id = at.to_string();
            match answer.failed().iter().find(|failed| failed.id() == id) {
                None => Ok(()),
                Some(failed) => Err(AwsError::of_entry(ACTION, failed.code(), failed.message())),
            }
        };
        Ok((0..batch.len()).map(of_entry).collect())
    }

    /// Makes received messages visible to all receivers again, at once.
    ///
    /// # Errors
    ///
    /// When SQS refuses the call or does not answer. The messages then become visible
    /// when their visibility timeout is over.
    pub async fn release(&self, messages: &[&ReceivedMessage]) -> Result<(), AwsError> {
        const ACTION: &str = "putting messages back";
        for batch in messages.chunks(BATCH_ENTRIES) {
            let mut request = self
                .client
                .change_message_visibility_batch()
                .queue_url(&self.url);
            for (at, message) in batch.iter().enumerate() {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(at.to_string())
                    .receipt_handle(&message.receipt)
                    .visibility_timeout(0)
                    .build()
                    .map_err(|error| AwsError::caused_by(ACTION, error))?;
                request = request.entries(entry);
            }
            request
                .send()
                .await
                .map_err(|error| AwsError::new(ACTION, error))?;
        }
        Ok(())
    }

    /// About how many messages the queue holds, by SQS's own count.
    ///
    /// # Errors
    ///
    /// When SQS refuses the call or does not answer.
    pub async fn depth(&self) -> Result<Depth, AwsError> {
        const ACTION: &str = "counting the queue's messages";
        let visible = QueueAttributeName::ApproximateNumberOfMessages;
        let received = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        let delayed = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(visible.clone())
            .attribute_names(received.clone())
            .attribute_names(delayed.clone())
            .send()
            .await
            .map_err(|error| AwsError::new(ACTION, error))?;
        let count = |name: &QueueAttributeName| {
            let counted = answer.attributes().and_then(|all| all.get(name));
            counted
                .and_then(|text| text.parse::<u64>().ok())
                .ok_or_else(|| {
                    AwsError::unexpected(ACTION, format!("the answer has no {}", name.as_str()))
                })
        };
        Ok(Depth {
            visible: count(&visible)?,
            hidden: count(&received)? + count(&delayed)?,
        })
    }
}

impl ReceivedMessage {
    /// A message that was not received from any queue, for tests of its readers.
    #[must_use]
    pub fn fake(message_id: &str, body: &str, origin: Origin) -> Self {
        Self {
            message_id: message_id.to_owned(),
            body: body.to_owned(),
            origin,
            sent_at: None,
            receipt: String::new(),
        }
    }

    /// `None` for a message without id or receipt handle, which SQS never sends.
    fn of(message: SqsMessage) -> Option<Self> {
        let by_sqs = message.attributes.unwrap_or_default();
        let sent_at = by_sqs
            .get(&MessageSystemAttributeName::SentTimestamp)
            .and_then(|millis| millis.parse().ok())
            .and_then(Timestamp::from_unix_millis);
        let was_moved = by_sqs.contains_key(&MessageSystemAttributeName::DeadLetterQueueSourceArn);
        let attributes = message.message_attributes.unwrap_or_default().into_iter();
        let attributes = attributes.filter_map(|(name, value)| Some((name, value.string_value?)));
        Some(Self {
            message_id: message.message_id?,
            body: message.body.unwrap_or_default(),
            origin: if was_moved {
                Origin::Moved
            } else {
                Origin::Sent(attributes.collect())
            },
            sent_at,
            receipt: message.receipt_handle?,
        })
    }
}
