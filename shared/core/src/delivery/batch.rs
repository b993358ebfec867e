//! What a router dispatches to a sender.
//!
//! A payload may come from version 0.1.0: fields that were added since have
//! defaults, and those that are gone are ignored.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::model::{Attempt, Detail, PriorAttempt, UnrecordedAttempt};
use crate::Timestamp;
use crate::alert::{Alert, Severity};
use crate::destination::{Destination, DestinationId, Destinations, Enabled, ProviderName};
use crate::retry::RetryLimits;
use crate::routing::Target;

/// What a router dispatches to a sender: alerts, each with its deliveries. `A` is an
/// alert, or its JSON, which a router that sends one alert to several senders writes
/// once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryBatch<A = Alert> {
    /// One entry for each alert, whatever the number of its destinations.
    #[serde(rename = "parcels")]
    pub alerts: Vec<AlertDeliveries<A>>,
    /// The drain that these deliveries are taken by; `None` on the fast path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<Drain>,
    /// What the deliveries are for.
    #[serde(default, skip_serializing_if = "Purpose::is_delivery")]
    pub purpose: Purpose,
}

/// What deliveries are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// To be recorded, retried and reported, like those of every alert.
    #[default]
    Delivery,
    /// To find out whether the destination accepts one: each is attempted once, whatever
    /// the health of the destination, and nothing is recorded. The sender answers with
    /// the attempts.
    Probe,
}

impl Purpose {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_delivery(&self) -> bool {
        *self == Self::Delivery
    }
}

/// The attempt of a probe, as the sender answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeResult {
    /// The destination.
    pub destination_id: DestinationId,
    /// The one attempt.
    pub attempt: Attempt,
}

/// The right to drain a destination. Only one drain of a destination runs at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drain {
    /// The destination whose due deliveries are taken.
    pub destination_id: DestinationId,
    /// The end of the drain's lease. With its nanoseconds it also identifies the drain.
    pub until: Timestamp,
}

/// One alert with its deliveries to destinations of one provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertDeliveries<A = Alert> {
    /// The alert to deliver.
    pub alert: A,
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
    /// When the delivery began; `None` in payloads of version 0.1.0, where it
    /// begins with this attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<Timestamp>,
    /// When it is due in the outbox; `None` if that has passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Whether the outbox has the delivery.
    #[serde(default)]
    pub recorded: Recorded,
    /// Whether an earlier attempt may have been delivered without a response.
    #[serde(default, rename = "earlier")]
    pub prior_attempt: PriorAttempt,
    /// How much of the alert to send.
    #[serde(default)]
    pub detail: Detail,
    /// An attempt that was accepted and could not be recorded, in payloads of version
    /// 0.1.0: the sender only records it.
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
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "fallback_target"
    )]
    pub fallback: Option<FallbackTarget>,
    /// The destination's own retry limits; `None` for those of the stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryLimits>,
    /// Set when the destination was removed after the alert was routed to it: the
    /// sender only records that.
    #[serde(default, rename = "withdrawn", skip_serializing_if = "Option::is_none")]
    pub removed: Option<Removal>,
}

/// Whether the outbox has a delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Recorded {
    /// Perhaps not: the router of version 0.1.0 sent it. The sender adopts it.
    #[default]
    No,
    /// It has.
    Yes,
}

/// The destination that gets an alert if a delivery ends badly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FallbackTarget {
    /// Its identity.
    pub destination_id: DestinationId,
    /// Its display name.
    pub display_name: String,
    /// Its provider.
    pub provider: ProviderName,
    /// Whether other targets of the alert have it, too.
    #[serde(default)]
    pub sharing: Sharing,
}

/// Whether several targets of an alert have the same fallback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Sharing {
    /// Only one has it: when that one has the alert, the fallback is not needed.
    Sole,
    /// Several do, or the payload does not say so: the outbox decides when the fallback
    /// is due.
    #[default]
    Shared,
}

/// Payloads of version 0.1.0 hold the fallback's id alone. The outbox finds out
/// its name and provider when it is drained.
fn fallback_target<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<FallbackTarget>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Target(FallbackTarget),
        Id(DestinationId),
    }
    Ok(match Option::<Form>::deserialize(deserializer)? {
        None => None,
        Some(Form::Target(target)) => Some(target),
        Some(Form::Id(id)) => Some(FallbackTarget {
            destination_id: id,
            display_name: id.to_string(),
            provider: ProviderName::unknown(),
            sharing: Sharing::Shared,
        }),
    })
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
    /// The first attempt at one of the targets of an alert that was received at
    /// `began_at`, with the present configuration of its destination.
    #[must_use]
    pub fn first(
        target: &Target,
        targets: &[Target],
        destinations: &Destinations,
        began_at: Timestamp,
        due: Timestamp,
    ) -> Self {
        Self {
            attempt: 1,
            began_at: Some(began_at),
            due: Some(due),
            ..Self::to(
                target.destination_id,
                &target.display_name,
                targets,
                destinations,
            )
        }
    }

    /// A probe of a destination, which may be disabled. It has no fallback.
    #[must_use]
    pub fn probe(destination: &Destination) -> Self {
        let none = Destinations::default();
        Self {
            settings: destination.settings.clone(),
            secret_name: destination.secret_name.clone(),
            removed: None,
            ..Self::to(
                destination.destination_id,
                &destination.display_name,
                &[],
                &none,
            )
        }
    }

    /// A delivery to a destination as it is configured now; `recorded_name` is its name
    /// if it was deleted, `targets` those of the alert.
    pub(crate) fn to(
        id: DestinationId,
        recorded_name: &str,
        targets: &[Target],
        destinations: &Destinations,
    ) -> Self {
        let destination = destinations.get(id);
        let removed = match destination.map(|one| one.enabled) {
            None => Some(Removal::Deleted),
            Some(Enabled::No) => Some(Removal::Disabled),
            Some(Enabled::Yes) => None,
        };
        Self {
            destination_id: id,
            display_name: destination
                .map_or(recorded_name, |one| &one.display_name)
                .to_owned(),
            settings: destination
                .map(|one| one.settings.clone())
                .unwrap_or_default(),
            secret_name: destination.and_then(|one| one.secret_name.clone()),
            attempt: 1,
            began_at: None,
            due: None,
            recorded: Recorded::Yes,
            prior_attempt: PriorAttempt::NotDelivered,
            detail: Detail::Full,
            unrecorded: None,
            fallback_for: None,
            fallback: destination.and_then(|one| FallbackTarget::of(one, targets, destinations)),
            retry: destination.and_then(|one| one.retry),
            removed,
        }
    }
}

impl FallbackTarget {
    /// The fallback of a destination, for an alert with these targets; `None` if it has
    /// none, or none that exists.
    #[must_use]
    pub fn of(
        destination: &Destination,
        targets: &[Target],
        destinations: &Destinations,
    ) -> Option<Self> {
        let id = destination.fallback.as_ref()?.destination_id;
        let fallback = destinations.get(id)?;
        let is_other = |one: DestinationId| one != destination.destination_id;
        let sharing = match Self::originals(id, targets, destinations).find(|one| is_other(*one)) {
            None => Sharing::Sole,
            Some(_) => Sharing::Shared,
        };
        is_other(id).then(|| Self {
            destination_id: id,
            display_name: fallback.display_name.clone(),
            provider: fallback.provider.clone(),
            sharing,
        })
    }

    /// Those of the targets of an alert that have this fallback.
    pub fn originals(
        fallback: DestinationId,
        targets: &[Target],
        destinations: &Destinations,
    ) -> impl Iterator<Item = DestinationId> {
        let has_it = move |id: &DestinationId| {
            let of_target = destinations.get(*id).and_then(|one| one.fallback);
            of_target.is_some_and(|one| one.destination_id == fallback)
        };
        targets
            .iter()
            .map(|target| target.destination_id)
            .filter(has_it)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_payload_of_version_0_1_0_is_read() {
        let delivery: Delivery = serde_json::from_value(json!({
            "destinationId": "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11", "displayName": "d",
            "settings": {"a": 1}, "attempt": 2, "beganAt": "2026-01-01T00:00:00Z",
            "arrival": "returned", "earlier": "mayHaveArrived",
            "fallback": "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d12",
        }))
        .unwrap();
        assert_eq!(delivery.recorded, Recorded::No);
        assert_eq!(delivery.due, None);
        assert_eq!(delivery.detail, Detail::Full);
        assert_eq!(delivery.prior_attempt, PriorAttempt::MaybeDelivered);
        let fallback = delivery.fallback.unwrap();
        assert_eq!(
            fallback.destination_id.to_string(),
            "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d12"
        );
        assert_eq!(fallback.sharing, Sharing::Shared);
        let batch: DeliveryBatch = serde_json::from_value(json!({"parcels": []})).unwrap();
        assert_eq!(batch.drain, None);
    }

    #[test]
    fn a_payload_reads_back() {
        let delivery: Delivery = serde_json::from_value(json!({
            "destinationId": "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11", "displayName": "d",
            "settings": {}, "attempt": 1, "recorded": "yes", "detail": "minimal",
            "fallback": {
                "destinationId": "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d12",
                "displayName": "f", "provider": "slack",
            },
        }))
        .unwrap();
        assert_eq!(delivery.recorded, Recorded::Yes);
        // A router that did not know of sharing.
        let sharing = delivery.fallback.as_ref().map(|one| one.sharing);
        assert_eq!(sharing, Some(Sharing::Shared));
        let json = serde_json::to_value(&delivery).unwrap();
        assert_eq!(serde_json::from_value::<Delivery>(json).unwrap(), delivery);
    }
}
