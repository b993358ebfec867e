//! What the ledger knows about one alert: the alert with its routing, and the
//! record of each of its deliveries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::alert::{Alert, AlertId};
use crate::delivery::settlement::KEPT_ATTEMPTS;
use crate::delivery::{Attempt, AttemptResult, Delivery, DeliveryId, Detail, PriorAttempt, State};
use crate::destination::{DestinationId, Destinations};
use crate::outcome::{Failure, FailureKind};
use crate::routing::{Routing, Target};

/// A recorded alert.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAlert {
    /// The alert, normalized.
    pub alert: Alert,
    /// The decision made when it was recorded.
    pub routing: Routing,
    /// When the router received it.
    pub received_at: Timestamp,
    /// The alert as which a person sent it again, if nothing had matched it.
    pub resent_as: Option<AlertId>,
}

/// A recorded delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRecord {
    /// The destination.
    pub destination_id: DestinationId,
    /// The destination's name when the delivery was last attempted.
    pub display_name: String,
    /// The destination's provider.
    pub provider: String,
    /// The identity by which providers deduplicate.
    pub delivery_id: DeliveryId,
    /// Where the delivery stands.
    pub state: State,
    /// Attempts that were begun; 0 before the first one.
    pub attempt: u32,
    /// Settled attempts, oldest first: of more than [`KEPT_ATTEMPTS`], the first and the
    /// latest ones.
    pub attempts: Vec<Attempt>,
    /// What the ledger remembers of attempts that may have been delivered.
    #[serde(skip)]
    pub maybe_delivered: PriorAttempt,
    /// When the delivery began: when it was recorded.
    pub began_at: Timestamp,
    /// When this record last changed.
    pub updated_at: Timestamp,
    /// When the lease of the sender that holds the delivery ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Timestamp>,
    /// When the next attempt is due, while no sender holds the delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// The destination that permanently failed to accept the alert, where this
    /// delivery goes to its fallback.
    #[serde(rename = "standsInFor", skip_serializing_if = "Option::is_none")]
    pub fallback_for: Option<DestinationId>,
    /// The alert as which a person sent it again to this destination, after the delivery
    /// had ended without success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resent_as: Option<AlertId>,
}

/// Everything the ledger knows about one alert.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The alert and its routing.
    pub alert: StoredAlert,
    /// Its deliveries, by the destination's name.
    pub deliveries: Vec<DeliveryRecord>,
}

impl History {
    /// The worst state of the deliveries: ended without success, then waiting, then
    /// delivered. One that was delivered by a fallback, or that was sent again, does not
    /// count; `None` if there are no others.
    #[must_use]
    pub fn worst_state(&self) -> Option<State> {
        let open = self.deliveries.iter().filter(|one| self.is_open(one));
        open.map(|one| one.state).max_by_key(|state| match state {
            State::Delivered => 0,
            State::Sending => 1,
            State::Queued => 2,
            State::Retrying => 3,
            State::Exhausted => 4,
            State::Failed => 5,
        })
    }

    /// Whether nothing has taken the place of this delivery: no fallback delivered the
    /// alert, and nobody has sent it again.
    #[must_use]
    pub fn is_open(&self, delivery: &DeliveryRecord) -> bool {
        let ended = matches!(delivery.state, State::Failed | State::Exhausted);
        !(ended && (delivery.resent_as.is_some() || self.is_delivered_by_fallback(delivery)))
    }

    fn is_delivered_by_fallback(&self, delivery: &DeliveryRecord) -> bool {
        self.deliveries.iter().any(|other| {
            other.fallback_for == Some(delivery.destination_id) && other.state == State::Delivered
        })
    }

    /// The alert as which this one was sent again last, or a delivery of it.
    #[must_use]
    pub fn resent_as(&self) -> Option<&AlertId> {
        let of_deliveries = self.deliveries.iter().map(|one| one.resent_as.as_ref());
        let all = of_deliveries.chain([self.alert.resent_as.as_ref()]);
        // The ids of such alerts end with the time at which they were sent.
        all.flatten().max()
    }
}

/// The number of the first attempt that sends the minimal form of an alert to a
/// destination that fails: one repetition of the full form may meet a passing fault.
const MINIMAL_FORM_FROM: u32 = 3;

impl DeliveryRecord {
    /// The next attempt of the delivery of an alert with these targets, with the present
    /// configuration of its destination.
    #[must_use]
    pub fn next_delivery(&self, targets: &[Target], destinations: &Destinations) -> Delivery {
        Delivery {
            attempt: self.attempt.saturating_add(1),
            began_at: Some(self.began_at),
            prior_attempt: self.prior_attempt(),
            detail: self.next_detail(),
            fallback_for: self.fallback_for,
            ..Delivery::to(
                self.destination_id,
                &self.display_name,
                targets,
                destinations,
            )
        }
    }

    /// Whether one of the attempts so far may have been delivered: one that failed in
    /// such a way, or one that was begun and never settled. Of many attempts the ledger
    /// keeps some only, so it remembers this apart.
    #[must_use]
    pub fn prior_attempt(&self) -> PriorAttempt {
        let settled = self.attempts.len();
        let unsettled = settled < self.attempt as usize && settled < KEPT_ATTEMPTS as usize;
        let maybe = |failure: &Failure| failure.kind.may_have_arrived();
        if self.maybe_delivered == PriorAttempt::MaybeDelivered
            || self.state == State::Sending
            || unsettled
            || self.failures().any(maybe)
        {
            PriorAttempt::MaybeDelivered
        } else {
            PriorAttempt::NotDelivered
        }
    }

    /// How much of the alert the next attempt sends. From the third attempt on a
    /// receiver that fails gets the minimal form: it may fail because of the content.
    #[must_use]
    pub fn next_detail(&self) -> Detail {
        let fails = |failure: &Failure| {
            matches!(
                failure.kind,
                FailureKind::Unavailable | FailureKind::TimedOut | FailureKind::Interrupted
            )
        };
        if self.attempt + 1 >= MINIMAL_FORM_FROM && self.failures().last().is_some_and(fails) {
            Detail::Minimal
        } else {
            Detail::Full
        }
    }

    fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.attempts
            .iter()
            .filter_map(|attempt| match &attempt.result {
                AttemptResult::Failed(failure) => Some(failure),
                AttemptResult::Delivered(_) => None,
            })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A delivery with `begun` attempts, of which these were settled.
    fn record(begun: u32, settled: &[&str]) -> DeliveryRecord {
        let attempts: Vec<_> = (1..)
            .zip(settled)
            .map(|(number, kind): (u32, _)| {
                json!({
                    "number": number, "at": "2026-01-01T00:00:00Z", "durationMs": 1,
                    "result": "failed", "kind": kind, "detail": "",
                })
            })
            .collect();
        serde_json::from_value(json!({
            "destinationId": "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11", "displayName": "d",
            "provider": "slack", "deliveryId": "x", "state": "RETRYING",
            "attempt": begun, "attempts": attempts,
            "beganAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
        }))
        .unwrap()
    }

    #[test]
    fn what_may_have_arrived_once_is_never_forgotten() {
        for (begun, settled, maybe) in [
            (0, &[][..], false),
            (1, &["throttled"], false),
            (1, &["timedOut"], true),
            (2, &["timedOut", "throttled"], true),
            // A sender vanished in the middle of the second attempt.
            (2, &["throttled"], true),
        ] {
            let prior = record(begun, settled).prior_attempt();
            assert_eq!(prior == PriorAttempt::MaybeDelivered, maybe, "{settled:?}");
        }
    }

    #[test]
    fn the_third_attempt_at_a_failing_receiver_sends_the_minimal_form() {
        for (begun, settled, detail) in [
            (0, &[][..], Detail::Full),
            (1, &["unavailable"], Detail::Full),
            (2, &["unavailable", "unavailable"], Detail::Minimal),
            (2, &["unavailable", "throttled"], Detail::Full),
            (3, &["throttled", "throttled", "timedOut"], Detail::Minimal),
        ] {
            assert_eq!(record(begun, settled).next_detail(), detail, "{settled:?}");
        }
    }
}
