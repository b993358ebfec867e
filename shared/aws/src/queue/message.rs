//! Messages to send.

use std::time::Duration;

use tocsin_core::destination::DestinationId;
use tocsin_core::json::for_queue;
use tocsin_core::retry_queue::{RetryQueueMessage, UnrecordedDelivery, WakeUp};
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

    /// The retry queue's message that a destination has deliveries due after `delay`.
    /// It is a hint: the sweep finds what nobody was woken up for.
    #[must_use]
    pub fn wake_up(destination_id: DestinationId, delay: Duration) -> Self {
        Self {
            delay,
            ..Self::of(&RetryQueueMessage::WakeUp(WakeUp { destination_id }))
        }
    }

    /// The retry queue's message that has the router raise an alert about a destination.
    #[must_use]
    pub fn failing(failing: DestinationFailing) -> Self {
        Self::of(&RetryQueueMessage::Failing {
            failing: Box::new(failing),
        })
    }

    /// The retry queue's message that has the router record an attempt that was accepted
    /// and could not be recorded.
    #[must_use]
    pub fn unrecorded(unrecorded: UnrecordedDelivery) -> Self {
        Self::of(&RetryQueueMessage::Unrecorded {
            unrecorded: Box::new(unrecorded),
        })
    }

    fn of(message: &RetryQueueMessage) -> Self {
        // These types always serialize.
        Self::json(&serde_json::to_string(message).unwrap_or_default())
    }

    /// A message with this JSON, in characters that SQS takes.
    #[must_use]
    pub fn json(body: &str) -> Self {
        Self {
            body: for_queue(body).into_owned(),
            attributes: Vec::new(),
            delay: Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_up_reads_back() {
        let destination_id = DestinationId::generate();
        let message = Message::wake_up(destination_id, Duration::from_secs(5));
        assert_eq!(message.delay, Duration::from_secs(5));
        assert_eq!(
            serde_json::from_str::<RetryQueueMessage>(&message.body).unwrap(),
            RetryQueueMessage::WakeUp(WakeUp { destination_id })
        );
    }
}
