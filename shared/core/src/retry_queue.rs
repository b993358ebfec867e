//! The messages of the retry queue. None of them carries a delivery that the ledger
//! does not have: they are hints, and a report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::alert::AlertId;
use crate::delivery::{PriorAttempt, UnrecordedAttempt};
use crate::destination::DestinationId;
use crate::system_alert::DestinationFailing;

/// A message of the retry queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RetryQueueMessage {
    /// A destination has deliveries due: drain it.
    WakeUp(WakeUp),
    /// Look over the whole outbox. The template's schedule sends it every minute.
    Sweep(Sweep),
    /// A destination does not accept deliveries: raise an alert about it.
    Failing {
        /// The contents of that alert.
        failing: Box<DestinationFailing>,
    },
    /// A delivery was accepted, and the ledger could not record that: record it.
    Unrecorded {
        /// The delivery and its attempt.
        unrecorded: Box<UnrecordedDelivery>,
    },
    /// A retry of version 0.1.0: adopt its delivery.
    Retry(Box<Retry>),
}

/// A hint that a destination has deliveries due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WakeUp {
    /// The destination.
    #[serde(rename = "wakeUp")]
    pub destination_id: DestinationId,
}

/// The request to look over the whole outbox: `{"sweep":{}}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// Nothing so far.
    pub sweep: SweepOptions,
}

/// How to sweep: there is one way so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepOptions {}

/// A delivery that was accepted by an attempt that the ledger could not record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnrecordedDelivery {
    /// The alert that was delivered.
    pub alert_id: AlertId,
    /// The destination that accepted it.
    pub destination_id: DestinationId,
    /// When the delivery began.
    pub began_at: Timestamp,
    /// The attempt, and the lease under which it was made.
    #[serde(flatten)]
    pub attempt: UnrecordedAttempt,
}

/// The message with which version 0.1.0 asked for another attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// The identity of the alert.
    pub alert_id: AlertId,
    /// The identity of the destination.
    pub destination_id: DestinationId,
    /// The number of the attempt to make.
    pub attempt: u32,
    /// When the delivery began; `None` when it has not begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<Timestamp>,
    /// Whether an earlier attempt may have been delivered without a response.
    #[serde(default, rename = "earlier")]
    pub prior_attempt: PriorAttempt,
    /// An attempt that was accepted and could not be recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<Box<UnrecordedAttempt>>,
    /// The destination whose delivery failed, where this one is its fallback.
    #[serde(
        default,
        rename = "standsInFor",
        skip_serializing_if = "Option::is_none"
    )]
    pub fallback_for: Option<DestinationId>,
    /// The earliest time of the attempt.
    pub due: Timestamp,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";

    fn read(message: &serde_json::Value) -> RetryQueueMessage {
        serde_json::from_str(&message.to_string()).unwrap()
    }

    #[test]
    fn messages_are_told_apart() {
        let id = DestinationId::parse(ID).unwrap();
        assert_eq!(
            read(&json!({"wakeUp": ID})),
            RetryQueueMessage::WakeUp(WakeUp { destination_id: id })
        );
        assert_eq!(
            read(&json!({"sweep": {}})),
            RetryQueueMessage::Sweep(Sweep::default())
        );
        assert!(serde_json::from_str::<RetryQueueMessage>("{}").is_err());
        let attempt = json!({
            "number": 1, "at": "2026-01-01T00:00:00Z", "durationMs": 5,
            "result": "delivered", "id": "m-1",
        });
        let unrecorded = json!({"unrecorded": {
            "alertId": "a", "destinationId": ID, "beganAt": "2026-01-01T00:00:00Z",
            "leaseUntil": "2026-01-01T00:01:05Z", "attempt": attempt,
        }});
        let message = read(&unrecorded);
        assert!(matches!(message, RetryQueueMessage::Unrecorded { .. }));
        assert_eq!(serde_json::to_value(&message).unwrap(), unrecorded);
    }

    #[test]
    fn a_retry_of_version_0_1_0_is_read() {
        let message = read(&json!({
            "alertId": "a", "destinationId": ID, "attempt": 3,
            "beganAt": "2026-01-01T00:00:00Z", "earlier": "mayHaveArrived",
            "due": "2026-01-01T00:05:00Z",
        }));
        let RetryQueueMessage::Retry(retry) = message else {
            panic!("{message:?}");
        };
        assert_eq!(retry.attempt, 3);
        assert_eq!(retry.prior_attempt, PriorAttempt::MaybeDelivered);
    }
}
