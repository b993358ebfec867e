//! A delivery: one alert × one destination. What a router dispatches to a sender, what
//! a retry carries, and what the ledger records of each attempt.

pub mod claim;
pub mod settlement;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::Timestamp;
use crate::alert::{Alert, AlertId, Severity};
use crate::destination::{Destination, DestinationId, Enabled};
use crate::outcome::{Failure, Receipt};
use crate::retry::RetryLimits;
use crate::routing::Target;

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
        // The destination's part has a fixed length, so no two pairs have the same text.
        let digest = Sha256::new()
            .chain_update(destination.to_string())
            .chain_update(alert.as_str())
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
    /// A sender holds the lease and attempts the delivery.
    Sending,
    /// The provider accepted it.
    Delivered,
    /// It waits: a retry is queued.
    Retrying,
    /// An attempt failed for good.
    Failed,
    /// Its retry window is over, or its attempts are used up.
    Exhausted,
}

impl State {
    /// The name in the ledger: `DELIVERED`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "SENDING",
            Self::Delivered => "DELIVERED",
            Self::Retrying => "RETRYING",
            Self::Failed => "FAILED",
            Self::Exhausted => "EXHAUSTED",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [
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

/// Whether a delivery has waited already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// It comes straight from its alert.
    #[default]
    Fresh,
    /// It comes from the retry queue.
    #[serde(rename = "returned")]
    Retry,
}

/// What a router dispatches to a sender: alerts, each with its deliveries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeliveryBatch {
    /// One entry for each alert, whatever the number of its destinations.
    #[serde(rename = "parcels")]
    pub alerts: Vec<AlertDeliveries>,
}

/// One alert with its deliveries to destinations of one provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertDeliveries {
    /// The alert to deliver.
    pub alert: Alert,
    /// The effective severity, from routing.
    pub severity: Severity,
    /// Its deliveries, one for each destination.
    pub deliveries: Vec<Delivery>,
}

/// One delivery, as a sender receives it: all it needs except the secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The identity of the destination.
    pub destination_id: DestinationId,
    /// The display name of the destination, for logs and the ledger.
    pub display_name: String,
    /// The destination's settings, which its provider reads.
    pub settings: Map<String, Value>,
    /// The name of its secret in Secrets Manager; `None` for providers without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_name: Option<String>,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// When the delivery began: with its first attempt, or when it was first deferred.
    /// `None` when it begins now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began_at: Option<Timestamp>,
    /// Whether it has waited already.
    #[serde(default, rename = "arrival")]
    pub origin: Origin,
    /// Whether an earlier attempt may have been delivered without a response.
    #[serde(default, rename = "earlier")]
    pub prior_attempt: PriorAttempt,
    /// An attempt that was accepted and could not be recorded: the sender only records
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<Box<UnrecordedAttempt>>,
    /// The destination whose delivery failed, where this one is its fallback.
    #[serde(
        default,
        rename = "standsInFor",
        skip_serializing_if = "Option::is_none"
    )]
    pub fallback_for: Option<DestinationId>,
    /// The destination that gets the alert if this delivery fails or is exhausted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<DestinationId>,
    /// The destination's own retry limits; `None` for those of the stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryLimits>,
    /// Set when the destination was removed after the alert was routed to it: the
    /// sender only records that.
    #[serde(default, rename = "withdrawn", skip_serializing_if = "Option::is_none")]
    pub removed: Option<Removal>,
}

/// Why nothing may be sent to a destination any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Removal {
    /// The destination was deleted.
    Deleted,
    /// The destination was disabled.
    Disabled,
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deleted => "the destination was deleted after the alert was routed to it",
            Self::Disabled => "the destination was disabled after the alert was routed to it",
        })
    }
}

impl Delivery {
    /// The first attempt at a target, with the present configuration of its destination;
    /// `None` for a destination that was deleted.
    #[must_use]
    pub fn first(target: &Target, destination: Option<&Destination>) -> Self {
        let removed = match destination.map(|one| one.enabled) {
            None => Some(Removal::Deleted),
            Some(Enabled::No) => Some(Removal::Disabled),
            Some(Enabled::Yes) => None,
        };
        Self {
            destination_id: target.destination_id,
            display_name: destination
                .map_or(&target.display_name, |one| &one.display_name)
                .clone(),
            settings: destination
                .map(|one| one.settings.clone())
                .unwrap_or_default(),
            secret_name: destination.and_then(|one| one.secret_name.clone()),
            attempt: 1,
            began_at: None,
            origin: Origin::Fresh,
            prior_attempt: PriorAttempt::NotDelivered,
            unrecorded: None,
            fallback_for: None,
            fallback: destination.and_then(|one| one.fallback),
            retry: destination.and_then(|one| one.retry),
            removed,
        }
    }

    /// The attempt that `retry` asks for.
    #[must_use]
    pub fn again(target: &Target, destination: Option<&Destination>, retry: &Retry) -> Self {
        Self {
            attempt: retry.attempt,
            began_at: retry.began_at,
            origin: Origin::Retry,
            prior_attempt: retry.prior_attempt,
            unrecorded: retry.unrecorded.clone(),
            fallback_for: retry.fallback_for,
            ..Self::first(target, destination)
        }
    }
}

/// A message on the retry queue: try this delivery again, not before it is due.
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
    #[serde(skip_serializing_if = "Option::is_none")]
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
    /// The earliest time of the attempt. SQS delays by 15 minutes at most, so the router
    /// queues a message that arrives early again.
    pub due: Timestamp,
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
