//! A delivery on its way through a sender: [`DeliveryTask`], then [`ClaimedTask`],
//! then [`AttemptedTask`].

use std::time::Duration;

use tocsin_core::Timestamp;
use tocsin_core::delivery::claim::{ClaimRequest, Lease};
use tocsin_core::delivery::{AlertDeliveries, Delivery, Removal};
use tocsin_core::destination::ProviderName;
use tocsin_core::health::{DetectionKey, Observation};
use tocsin_core::outbox::{DueKey, Priority};
use tocsin_core::outcome::{Failure, Outcome};
use tocsin_core::retry::RetryPolicy;
use tracing::Span;

/// How long a claim excludes other senders: longer than a sender can run (60 s, its
/// function's `Timeout` in the template), so that the sender that takes the delivery
/// over knows that the previous one is gone.
pub const LEASE: Duration = Duration::from_secs(65);

/// The last attempt is due at the end of the retry window. It may be made so much later:
/// a breaker's longest interval, and the wait for deliveries that are due before it.
const LAST_ATTEMPT_DELAY: Duration = Duration::from_mins(10);

/// One delivery with its alert.
#[derive(Clone)]
pub(super) struct DeliveryTask<'a> {
    pub(super) entry: &'a AlertDeliveries,
    pub(super) delivery: &'a Delivery,
    pub(super) detection: DetectionKey,
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

/// Why a delivery gets no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// Its retry window is over.
    WindowOver,
    /// Its attempts are used up, and the last one was never settled.
    AttemptsUsedUp,
}

/// A task whose claim succeeded.
pub(super) struct ClaimedTask<'a> {
    pub(super) task: DeliveryTask<'a>,
    pub(super) lease: Lease,
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
            detection: DetectionKey::of(&entry.alert.detection_id),
            action: delivery
                .removed
                .map_or(Action::Attempt, Action::RecordRemoval),
            span,
        }
    }

    /// The task with nothing left to do but to record this failure.
    pub(super) fn exhausted(self, failure: Failure) -> Self {
        Self {
            action: Action::RecordExhaustion(failure),
            ..self
        }
    }

    pub(super) fn alert_id(&self) -> &'a str {
        self.entry.alert.alert_id.as_str()
    }

    pub(super) fn destination_name(&self) -> &'a str {
        &self.delivery.display_name
    }

    pub(super) const fn priority(&self) -> Priority {
        Priority::of(self.entry.severity)
    }

    /// The delivery's position in the outbox if it is due at `at`.
    pub(super) const fn due(&self, at: Timestamp) -> DueKey {
        DueKey {
            priority: self.priority(),
            at,
        }
    }

    /// Attempts that were begun before this one.
    pub(super) const fn attempts_before(&self) -> u32 {
        self.delivery.attempt.saturating_sub(1)
    }

    /// When the delivery began: `now`, unless it has begun before.
    pub(super) fn began_at(&self, now: Timestamp) -> Timestamp {
        self.delivery.began_at.unwrap_or(now)
    }

    /// The stack's retry policy within the destination's own limits.
    pub(super) fn policy(&self, stack: RetryPolicy) -> RetryPolicy {
        stack.within(self.delivery.retry.unwrap_or_default())
    }

    /// Why the delivery gets no further attempt, if it gets none.
    pub(super) fn expiry(&self, stack: RetryPolicy, now: Timestamp) -> Option<Expiry> {
        let policy = self.policy(stack);
        if policy.is_used_up(self.attempts_before()) {
            return Some(Expiry::AttemptsUsedUp);
        }
        let last = policy.end(self.began_at(now)).plus(LAST_ATTEMPT_DELAY);
        (last <= now).then_some(Expiry::WindowOver)
    }

    pub(super) fn claim_request(&self, provider: &ProviderName, now: Timestamp) -> ClaimRequest {
        ClaimRequest {
            alert_id: self.entry.alert.alert_id.clone(),
            destination_id: self.delivery.destination_id,
            display_name: self.delivery.display_name.clone(),
            provider: provider.clone(),
            attempt: self.delivery.attempt,
            began_at: self.began_at(now),
            priority: self.priority(),
            due: self.delivery.due,
            lease: LEASE,
        }
    }
}

impl AttemptedTask<'_> {
    /// What the outcome says about the destination; `None` without an attempt.
    pub(super) fn observation(&self) -> Option<(DetectionKey, Observation)> {
        let task = &self.claimed.task;
        match task.action {
            Action::Attempt => Some((task.detection, Observation::of(&self.outcome)?)),
            Action::RecordRemoval(_) | Action::RecordExhaustion(_) => None,
        }
    }

    /// Whether the delivery ends here, whatever the destination's health.
    pub(super) const fn is_final(&self) -> bool {
        match self.claimed.task.action {
            Action::Attempt => matches!(
                self.outcome,
                Outcome::Delivered(_) | Outcome::Refused { .. }
            ),
            Action::RecordRemoval(_) | Action::RecordExhaustion(_) => true,
        }
    }
}
