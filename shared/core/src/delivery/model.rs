//! The values of a delivery: its identity, its states and its attempts.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Timestamp;
use crate::alert::{Alert, AlertId};
use crate::destination::DestinationId;
use crate::outcome::{Failure, Outcome, Receipt};

/// The identity of a delivery, the same for all its attempts: sent to every
/// provider that can deduplicate. 32 hexadecimal digits, so that it fits the
/// narrowest of them (SQS and SNS FIFO ids: 128 characters).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct DeliveryId(String);

impl DeliveryId {
    /// The identity of the delivery of this alert to this destination.
    #[must_use]
    pub fn of(alert: &AlertId, destination: DestinationId) -> Self {
        Self::of_text(alert.as_str(), destination)
    }

    /// The identity of the delivery of the first alert that came with this one's id: that
    /// of `alert` itself, unless it is an update.
    #[must_use]
    pub fn of_first(alert: &Alert, destination: DestinationId) -> Self {
        Self::of_text(alert.given_id(), destination)
    }

    fn of_text(alert: &str, destination: DestinationId) -> Self {
        // The destination's part has a fixed length, so no two pairs have the same text.
        let digest = Sha256::new()
            .chain_update(destination.to_string())
            .chain_update(alert)
            .finalize();
        Self(hex::encode(&digest[..16]))
    }

    /// The 32 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The state of a delivery in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// It waits for its first attempt.
    Queued,
    /// A sender holds the lease and attempts the delivery.
    Sending,
    /// The provider accepted it.
    Delivered,
    /// It waits for another attempt.
    Retrying,
    /// The provider refused the message, or the destination was removed.
    Failed,
    /// Its retry window is over, or its attempts are used up.
    Exhausted,
}

impl State {
    /// The name in the ledger: `DELIVERED`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Sending => "SENDING",
            Self::Delivered => "DELIVERED",
            Self::Retrying => "RETRYING",
            Self::Failed => "FAILED",
            Self::Exhausted => "EXHAUSTED",
        }
    }

    /// Whether nothing follows: the delivery is not in the outbox any more.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Exhausted)
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Sending,
            Self::Delivered,
            Self::Retrying,
            Self::Failed,
            Self::Exhausted,
        ]
        .into_iter()
        .find(|state| state.as_str() == name)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is known of the attempts before this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PriorAttempt {
    /// None was delivered, or there was none.
    #[default]
    #[serde(rename = "notArrived")]
    NotDelivered,
    /// One may have been delivered: look for it before creating it again, where the
    /// provider allows that.
    #[serde(rename = "mayHaveArrived")]
    MaybeDelivered,
}

/// One attempt, as the ledger records it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// The number of the attempt, from 1.
    pub number: u32,
    /// When the attempt began.
    pub at: Timestamp,
    /// Its duration in milliseconds.
    pub duration_ms: u64,
    /// The receipt or the failure.
    #[serde(flatten)]
    pub result: AttemptResult,
}

impl From<Outcome> for AttemptResult {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Delivered(receipt) => Self::Delivered(receipt),
            Outcome::Transient { failure, .. }
            | Outcome::Misconfigured { failure }
            | Outcome::Refused { failure } => Self::Failed(failure),
        }
    }
}

/// An attempt that was accepted and could not be recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnrecordedAttempt {
    /// The end of the lease under which it was made, and must be recorded.
    pub lease_until: Timestamp,
    /// The attempt to record.
    pub attempt: Attempt,
}

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "result", rename_all = "camelCase")]
pub enum AttemptResult {
    /// The provider accepted the message.
    Delivered(Receipt),
    /// It failed, or may have.
    Failed(Failure),
}

/// How much of an alert to send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Detail {
    /// Everything that fits the provider's limits.
    #[default]
    Full,
    /// Title, severity and link: sent after a provider refused the full form (400, 413,
    /// 422), so that at least these arrive.
    Minimal,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_differ_with_alert_and_destination_only() {
        let alert = AlertId::new("a").unwrap();
        let other = AlertId::new("b").unwrap();
        let here = DestinationId::generate();
        let there = DestinationId::generate();
        assert_eq!(DeliveryId::of(&alert, here), DeliveryId::of(&alert, here));
        assert_ne!(DeliveryId::of(&alert, here), DeliveryId::of(&alert, there));
        assert_ne!(DeliveryId::of(&alert, here), DeliveryId::of(&other, here));
        assert_eq!(DeliveryId::of(&alert, here).as_str().len(), 32);
    }

    #[test]
    fn state_names_read_back() {
        for state in [
            State::Queued,
            State::Sending,
            State::Delivered,
            State::Retrying,
            State::Failed,
            State::Exhausted,
        ] {
            assert_eq!(State::parse(state.as_str()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        assert_eq!(State::parse("DONE"), None);
    }
}
