//! Taking messages out of a queue: for dead letters, which wait for a person.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    Message as SqsMessage, MessageSystemAttributeName, QueueAttributeName,
};
use tocsin_core::Timestamp;

use super::{BATCH_ENTRIES, Queue};
use crate::AwsError;

/// A message that was taken out of a queue, and comes back unless it is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// Its id.
    pub message_id: String,
    /// What it says.
    pub body: String,
    /// Its attributes, those that are texts.
    pub attributes: HashMap<String, String>,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    receipt: String,
}

/// About how many messages a queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Ready to be taken.
    pub visible: u64,
    /// Taken, or not due yet.
    pub hidden: u64,
}

impl Depth {
    /// All of them.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.visible + self.hidden
    }
}

impl Queue {
    /// Takes up to ten messages, which nobody else gets for as long as `hidden`.
    /// None means that there are none to be had just now.
    ///
    /// # Errors
    ///
    /// When SQS refuses or does not answer.
    pub async fn take(&self, hidden: Duration) -> Result<Vec<ReceivedMessage>, AwsError> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(BATCH_ENTRIES as i32)
            // Asks all of SQS's servers; without a wait only some are asked.
            .wait_time_seconds(1)
            .visibility_timeout(hidden.as_secs() as i32)
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .send()
            .await
            .map_err(|error| AwsError::new("reading the queue", &error))?;
        let messages = answer.messages.unwrap_or_default();
        Ok(messages
            .into_iter()
            .filter_map(ReceivedMessage::of)
            .collect())
    }

    /// Deletes messages that were taken; the answers are in their order.
    pub async fn delete(&self, letters: &[&ReceivedMessage]) -> Vec<Result<(), AwsError>> {
        const ACTION: &str = "deleting from the queue";
        let mut answers = Vec::new();
        for some in letters.chunks(BATCH_ENTRIES) {
            let entries: Result<Vec<_>, _> = some
                .iter()
                .enumerate()
                .map(|(at, letter)| {
                    DeleteMessageBatchRequestEntry::builder()
                        .id(at.to_string())
                        .receipt_handle(&letter.receipt)
                        .build()
                        .map_err(|error| AwsError::unexpected(ACTION, error.to_string()))
                })
                .collect();
            let sent = match entries {
                Ok(entries) => self
                    .client
                    .delete_message_batch()
                    .queue_url(&self.url)
                    .set_entries(Some(entries))
                    .send()
                    .await
                    .map_err(|error| AwsError::new(ACTION, &error)),
                Err(error) => Err(error),
            };
            match sent {
                Err(error) => answers.extend(some.iter().map(|_| Err(error.clone()))),
                Ok(answer) => answers.extend((0..some.len()).map(|at| {
                    let id = at.to_string();
                    match answer.failed().iter().find(|failed| failed.id() == id) {
                        None => Ok(()),
                        Some(failed) => Err(AwsError::unexpected(
                            ACTION,
                            failed.message().unwrap_or(failed.code()),
                        )),
                    }
                })),
            }
        }
        answers
    }

    /// Puts messages that were taken back for everybody, at once.
    ///
    /// # Errors
    ///
    /// When SQS refuses or does not answer: they come back by themselves when
    /// their time is over.
    pub async fn release(&self, letters: &[&ReceivedMessage]) -> Result<(), AwsError> {
        const ACTION: &str = "putting messages back";
        for some in letters.chunks(BATCH_ENTRIES) {
            let mut request = self
                .client
                .change_message_visibility_batch()
                .queue_url(&self.url);
            for (at, letter) in some.iter().enumerate() {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(at.to_string())
                    .receipt_handle(&letter.receipt)
                    .visibility_timeout(0)
                    .build()
                    .map_err(|error| AwsError::unexpected(ACTION, error.to_string()))?;
                request = request.entries(entry);
            }
            request
                .send()
                .await
                .map_err(|error| AwsError::new(ACTION, &error))?;
        }
        Ok(())
    }

    /// About how many messages there are, by SQS's own count.
    ///
    /// # Errors
    ///
    /// When SQS refuses or does not answer.
    pub async fn depth(&self) -> Result<Depth, AwsError> {
        let visible = QueueAttributeName::ApproximateNumberOfMessages;
        let taken = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        let delayed = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(visible.clone())
            .attribute_names(taken.clone())
            .attribute_names(delayed.clone())
            .send()
            .await
            .map_err(|error| AwsError::new("counting the queue's messages", &error))?;
        let count = |name: &QueueAttributeName| {
            let counted = answer.attributes().and_then(|all| all.get(name));
            counted
                .and_then(|text| text.parse::<u64>().ok())
                .ok_or_else(|| {
                    AwsError::unexpected("counting the queue's messages", "there is no count")
                })
        };
        Ok(Depth {
            visible: count(&visible)?,
            hidden: count(&taken)? + count(&delayed)?,
        })
    }
}

impl ReceivedMessage {
    /// A letter of no queue, for tests of what reads letters.
    #[must_use]
    pub fn held(message_id: &str, body: &str, attributes: HashMap<String, String>) -> Self {
        Self {
            message_id: message_id.to_owned(),
            body: body.to_owned(),
            attributes,
            sent_at: None,
            receipt: String::new(),
        }
    }

    /// SQS sends neither a message without an id nor one without a receipt.
    fn of(message: SqsMessage) -> Option<Self> {
        let sent_at = message
            .attributes
            .as_ref()
            .and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp))
            .and_then(|millis| millis.parse().ok())
            .and_then(Timestamp::from_unix_millis);
        let attributes = message.message_attributes.unwrap_or_default();
        Some(Self {
            message_id: message.message_id?,
            body: message.body.unwrap_or_default(),
            attributes: attributes
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.string_value?)))
                .collect(),
            sent_at,
            receipt: message.receipt_handle?,
        })
    }
}
