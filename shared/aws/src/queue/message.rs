//! Messages to send.

use std::time::Duration;

use tocsin_core::Timestamp;
use tocsin_core::delivery::Retry;
use tocsin_core::retry_queue::RetryQueueMessage;
use tocsin_core::system_alert::DestinationFailing;

/// The largest message in bytes, attributes included: SQS's limit since August 2025.
pub const MESSAGE_LIMIT: usize = 1024 * 1024;

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The body; SQS refuses an empty one.
    pub body: String,
    /// Message attributes, all of SQS's type `String`: name and value.
    pub attributes: Vec<(&'static str, String)>,
    /// How long SQS hides the message from receivers; cut at SQS's 15 minutes.
    pub delay: Duration,
}

impl Message {
    /// The size in bytes, as [`MESSAGE_LIMIT`] counts it.
    #[must_use]
    pub fn size(&self) -> usize {
        let attributes: usize = self
            .attributes
            .iter()
            // The attribute's type counts as well.
            .map(|(name, value)| name.len() + value.len() + "String".len())
            .sum();
        self.body.len() + attributes
    }

    /// The retry queue's message that asks for another attempt. A retry that is due
    /// later than SQS can delay arrives early, and the router queues it again.
    #[must_use]
    pub fn retry(retry: &Retry, now: Timestamp) -> Self {
        Self {
            // A struct of strings and numbers always serializes.
            body: serde_json::to_string(retry).unwrap_or_default(),
            attributes: Vec::new(),
            delay: retry.due.since(now),
        }
    }

    /// The retry queue's message that has the router raise an alert about a destination.
    #[must_use]
    pub fn failing(failing: DestinationFailing) -> Self {
        let message = RetryQueueMessage::Failing {
            failing: Box::new(failing),
        };
        Self {
            body: serde_json::to_string(&message).unwrap_or_default(),
            attributes: Vec::new(),
            delay: Duration::ZERO,
        }
    }
}
