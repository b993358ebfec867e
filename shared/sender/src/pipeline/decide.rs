//! Deciding what follows an attempt: a pure step from [`AttemptedTask`] to
//! [`DecidedTask`].

use tocsin_aws::FallbackRef;
use tocsin_core::Timestamp;
use tocsin_core::delivery::settlement::{NewState, Settlement};
use tocsin_core::delivery::{
    Attempt, AttemptResult, NewDelivery, PriorAttempt, Sharing, UnrecordedAttempt,
};
use tocsin_core::health::Health;
use tocsin_core::outcome::{Failure, Outcome};
use tocsin_core::retry::{Decision, RetryPolicy};
use tocsin_core::retry_queue::UnrecordedDelivery;

use super::task::{Action, AttemptedTask, DeliveryTask};

/// A task with the settlement that the ledger is to record.
pub(super) struct DecidedTask<'a> {
    pub(super) task: DeliveryTask<'a>,
    pub(super) settlement: Settlement,
}

/// Decides what follows each attempt. Where a breaker is open after it, the delivery
/// waits for that breaker.
pub(super) fn decide<'a>(
    attempted: Vec<AttemptedTask<'a>>,
    health: &Health,
    policy: RetryPolicy,
) -> Vec<DecidedTask<'a>> {
    let now = Timestamp::now();
    attempted
        .into_iter()
        .map(|one| {
            let held_until = health.retry_at(&one.claimed.task.detection, now);
            one.decide(held_until, policy, now)
        })
        .collect()
}

impl<'a> AttemptedTask<'a> {
    fn decide(
        self,
        held_until: Option<Timestamp>,
        policy: RetryPolicy,
        now: Timestamp,
    ) -> DecidedTask<'a> {
        let new_state = self.new_state(held_until, policy, now);
        let (task, lease) = (self.claimed.task, self.claimed.lease);
        let result = AttemptResult::from(self.outcome);
        let settlement = Settlement {
            alert_id: task.entry.alert.alert_id.clone(),
            destination_id: task.delivery.destination_id,
            lease,
            prior_attempt: prior_attempt(task.delivery.prior_attempt, &result),
            attempt: Attempt {
                number: task.delivery.attempt,
                at: self.at,
                duration_ms: self.duration_ms,
                result,
            },
            new_state,
            priority: task.priority(),
        };
        let decided = DecidedTask { task, settlement };
        decided.log();
        decided
    }

    fn new_state(
        &self,
        held_until: Option<Timestamp>,
        policy: RetryPolicy,
        now: Timestamp,
    ) -> NewState {
        let (task, lease) = (&self.claimed.task, &self.claimed.lease);
        match task.action {
            Action::RecordRemoval(_) => return NewState::Failed,
            Action::RecordExhaustion(_) => return NewState::Exhausted,
            Action::Attempt => {}
        }
        let decision = task.policy(policy).decide(
            &self.outcome,
            task.delivery.attempt,
            lease.began_at,
            held_until,
            now,
            fastrand::f64(),
        );
        match (decision, &self.outcome) {
            (Decision::Retry { due }, _) => NewState::Retrying { due },
            (Decision::Done, Outcome::Delivered(_)) => NewState::Delivered,
            (Decision::Done, _) => NewState::Failed,
            (Decision::Exhausted, _) => NewState::Exhausted,
        }
    }
}

/// Whether one of the attempts so far may have been delivered, this one included.
const fn prior_attempt(before: PriorAttempt, result: &AttemptResult) -> PriorAttempt {
    match result {
        AttemptResult::Failed(failure) if failure.kind.may_have_arrived() => {
            PriorAttempt::MaybeDelivered
        }
        _ => before,
    }
}

impl DecidedTask<'_> {
    /// When the next attempt is due, if there is to be one.
    pub(super) const fn retry_due(&self) -> Option<Timestamp> {
        match self.settlement.new_state {
            NewState::Retrying { due } => Some(due),
            NewState::Delivered | NewState::Failed | NewState::Exhausted => None,
        }
    }

    /// The delivery to the destination's fallback, if this one ended badly. It is
    /// claimed like any other, so a circle of fallbacks ends.
    pub(super) fn begun_fallback(&self, now: Timestamp) -> Option<NewDelivery> {
        let fallback = self.task.delivery.fallback.as_ref()?;
        let alert = &self.task.entry.alert;
        self.has_failed().then(|| NewDelivery {
            alert_id: alert.alert_id.clone(),
            destination_id: fallback.destination_id,
            display_name: fallback.display_name.clone(),
            provider: fallback.provider.clone(),
            detection_id: alert.detection_id.clone(),
            severity: self.task.entry.severity,
            due: now,
            fallback_for: Some(self.task.delivery.destination_id),
        })
    }

    /// The delivery to the fallback that is not needed, if this one was accepted. One
    /// that other targets of the alert share is left to the outbox.
    pub(super) fn cancelled_fallback(&self) -> Option<FallbackRef> {
        let fallback = self.task.delivery.fallback.as_ref()?;
        let is_unneeded =
            self.settlement.new_state == NewState::Delivered && fallback.sharing == Sharing::Sole;
        is_unneeded.then(|| FallbackRef {
            alert_id: self.settlement.alert_id.clone(),
            destination_id: fallback.destination_id,
            fallback_for: self.settlement.destination_id,
        })
    }

    /// What the router is told to record where this sender could not: an accepted
    /// attempt. Any other one may be repeated instead.
    pub(super) fn unrecorded(&self) -> Option<UnrecordedDelivery> {
        let Settlement {
            alert_id,
            destination_id,
            lease,
            attempt,
            new_state: NewState::Delivered,
            ..
        } = &self.settlement
        else {
            return None;
        };
        Some(UnrecordedDelivery {
            alert_id: alert_id.clone(),
            destination_id: *destination_id,
            began_at: lease.began_at,
            attempt: UnrecordedAttempt {
                lease_until: lease.until,
                attempt: attempt.clone(),
            },
        })
    }

    /// Whether the delivery is settled without having been accepted.
    pub(super) const fn has_failed(&self) -> bool {
        matches!(
            self.settlement.new_state,
            NewState::Failed | NewState::Exhausted
        )
    }

    pub(super) const fn failure(&self) -> Option<&Failure> {
        match &self.settlement.attempt.result {
            AttemptResult::Failed(failure) => Some(failure),
            AttemptResult::Delivered(_) => None,
        }
    }

    fn log(&self) {
        let (alert, name) = (self.task.alert_id(), self.task.destination_name());
        let Attempt {
            number,
            duration_ms,
            ..
        } = self.settlement.attempt;
        let state = self.settlement.new_state.state().as_str();
        self.task.span.in_scope(|| match self.failure() {
            None => tracing::info!(
                duration_ms,
                state,
                "alert {alert} was delivered to {name} by attempt {number}"
            ),
            Some(failure) => tracing::warn!(
                duration_ms,
                state,
                %failure,
                "attempt {number} to deliver alert {alert} to {name} failed: {failure}"
            ),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PriorAttempt::{MaybeDelivered, NotDelivered};
    use tocsin_core::outcome::FailureKind::{self, Throttled, TimedOut, Unreachable};
    use tocsin_core::outcome::Receipt;

    /// A sender that crashed may have delivered the alert. That stays true when the
    /// next attempt fails for a reason that proves nothing about the one before.
    #[test]
    fn a_maybe_delivered_alert_stays_maybe_delivered() {
        let after = |before, kind: FailureKind| {
            prior_attempt(before, &AttemptResult::Failed(Failure::new(kind, "")))
        };
        for (before, kind, next) in [
            (NotDelivered, Unreachable, NotDelivered),
            (NotDelivered, TimedOut, MaybeDelivered),
            (MaybeDelivered, Unreachable, MaybeDelivered),
            (MaybeDelivered, Throttled, MaybeDelivered),
        ] {
            assert_eq!(after(before, kind), next, "{before:?} {kind:?}");
        }
        let delivered = AttemptResult::Delivered(Receipt::default());
        assert_eq!(prior_attempt(NotDelivered, &delivered), NotDelivered);
    }
}
