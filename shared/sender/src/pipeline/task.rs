//! A delivery on its way through a sender: [`DeliveryTask`], then [`ClaimedTask`],
//! then [`AttemptedTask`].

use std::time::Duration;

use tocsin_core::Timestamp;
use tocsin_core::delivery::claim::{ClaimRequest, Lease};
use tocsin_core::delivery::{AlertDeliveries, Delivery, PriorAttempt, Removal, Retry};
use tocsin_core::destination::ProviderName;
use tocsin_core::health::{Observation, Priority};
use tocsin_core::outcome::{Failure, Outcome};
use tocsin_core::retry::RetryPolicy;
use tracing::Span;

/// How long a claim excludes other senders: longer than a sender can run (60 s, its
/// function's `Timeout` in the template), so that the sender that takes the delivery
/// over knows that the previous one is gone.
pub const LEASE: Duration = Duration::from_secs(65);

/// The delay after the end of another sender's lease before its delivery is taken over.
const LEASE_GRACE: Duration = Duration::from_secs(1);

/// The delay before a delivery that the ledger could not claim or record is looked
/// at again: an outage of seconds is over by then, and one of minutes costs little.
pub(super) const LEDGER_RETRY_DELAY: Duration = Duration::from_secs(30);

/// One delivery with its alert.
#[derive(Clone)]
pub(super) struct DeliveryTask<'a> {
    pub(super) entry: &'a AlertDeliveries,
    pub(super) delivery: &'a Delivery,
    pub(super) action: Action,
    /// Carries the ids of the alert, the destination and the attempt into every line
    /// that is logged within it.
    pub(super) span: Span,
}

/// What a task is to do once it is claimed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// Attempt the delivery.
    Attempt,
    /// Record that its destination was removed.
    RecordRemoval(Removal),
    /// Record that its retry window is over, or its attempts are used up.
    RecordExhaustion(Failure),
}

/// A task whose claim succeeded.
pub(super) struct ClaimedTask<'a> {
    pub(super) task: DeliveryTask<'a>,
    pub(super) lease: Lease,
    pub(super) prior_attempt: PriorAttempt,
}

/// A task with the outcome of its attempt.
pub(super) struct AttemptedTask<'a> {
    pub(super) claimed: ClaimedTask<'a>,
    pub(super) at: Timestamp,
    pub(super) duration_ms: u64,
    pub(super) outcome: Outcome,
}

impl<'a> DeliveryTask<'a> {
    pub(super) fn new(entry: &'a AlertDeliveries, delivery: &'a Delivery) -> Self {
        // A span of a lower level would be missing when only errors are logged.
        let span = tracing::error_span!(
            "delivery",
            alert.id = entry.alert.alert_id.as_str(),
            destination.name = delivery.display_name,
            destination.id = %delivery.destination_id,
            attempt = delivery.attempt,
        );
        Self {
            entry,
            delivery,
            action: delivery
                .removed
                .map_or(Action::Attempt, Action::RecordRemoval),
            span,
        }
    }

    /// The task with nothing left to do but to record this failure; a removal is
    /// still recorded as such.
    pub(super) fn exhausted(self, failure: Failure) -> Self {
        let action = match self.action {
            Action::RecordRemoval(_) => self.action,
            _ => Action::RecordExhaustion(failure),
        };
        Self { action, ..self }
    }

    pub(super) fn alert_id(&self) -> &'a str {
        self.entry.alert.alert_id.as_str()
    }

    pub(super) fn destination_name(&self) -> &'a str {
        &self.delivery.display_name
    }

    pub(super) fn priority(&self) -> Priority {
        Priority::of(self.delivery.origin, self.entry.severity)
    }

    /// When the delivery began: `now`, unless it has begun before.
    pub(super) fn began_at(&self, now: Timestamp) -> Timestamp {
        self.delivery.began_at.unwrap_or(now)
    }

    /// The stack's retry policy within the destination's own limits.
    pub(super) fn policy(&self, stack: RetryPolicy) -> RetryPolicy {
        stack.within(self.delivery.retry.unwrap_or_default())
    }

    /// Whether the retry window is over.
    pub(super) fn is_expired(&self, stack: RetryPolicy, now: Timestamp) -> bool {
        self.policy(stack).end(self.began_at(now)) <= now
    }

    pub(super) fn claim_request(&self, provider: &ProviderName) -> ClaimRequest {
        ClaimRequest {
            alert_id: self.entry.alert.alert_id.clone(),
            destination_id: self.delivery.destination_id,
            display_name: self.delivery.display_name.clone(),
            provider: provider.clone(),
            attempt: self.delivery.attempt,
            began_at: self.delivery.began_at,
            origin: self.delivery.origin,
            fallback_for: self.delivery.fallback_for,
            lease: LEASE,
        }
    }

    /// The same attempt, at `due`.
    pub(super) fn retry(&self, due: Timestamp) -> Retry {
        Retry {
            alert_id: self.entry.alert.alert_id.clone(),
            destination_id: self.delivery.destination_id,
            attempt: self.delivery.attempt,
            began_at: self.delivery.began_at,
            prior_attempt: self.delivery.prior_attempt,
            unrecorded: self.delivery.unrecorded.clone(),
            fallback_for: self.delivery.fallback_for,
            due,
        }
    }

    /// The next attempt, in case the sender that holds the lease until `until` crashes.
    /// If that sender settles the delivery, this attempt's claim finds it settled.
    pub(super) fn retry_after_lease(&self, until: Timestamp, now: Timestamp) -> Retry {
        Retry {
            attempt: self.delivery.attempt.saturating_add(1),
            began_at: Some(self.began_at(now)),
            prior_attempt: PriorAttempt::MaybeDelivered,
            ..self.retry(until.plus(LEASE_GRACE))
        }
    }
}

impl AttemptedTask<'_> {
    /// What the outcome says about the destination; `None` without an attempt.
    pub(super) fn observation(&self) -> Option<Observation> {
        let task = &self.claimed.task;
        match task.action {
            Action::Attempt => Observation::of(&self.outcome, task.delivery.attempt),
            Action::RecordRemoval(_) | Action::RecordExhaustion(_) => None,
        }
    }

    /// Whether the destination, not the message, is to blame.
    pub(super) fn met_fault(&self) -> bool {
        self.observation()
            .is_some_and(|observation| observation.is_fault())
    }
}
