//! Deciding what follows an attempt: a pure step from [`AttemptedTask`] to
//! [`DecidedTask`].

use tocsin_core::Timestamp;
use tocsin_core::delivery::claim::Lease;
use tocsin_core::delivery::settlement::{NewState, Settlement};
use tocsin_core::delivery::{Attempt, AttemptResult, PriorAttempt, Retry, UnrecordedAttempt};
use tocsin_core::outcome::{Failure, Outcome};
use tocsin_core::retry::{Decision, RetryPolicy};

use super::task::{AttemptedTask, ClaimedTask, DeliveryTask, LEDGER_RETRY_DELAY};

/// A task with the settlement that the ledger is to record.
pub(super) struct DecidedTask<'a> {
    pub(super) task: DeliveryTask<'a>,
    /// What was known of the attempts before this one.
    pub(super) prior_attempt: PriorAttempt,
    pub(super) settlement: Settlement,
}

/// Decides what follows each attempt. A delivery that met a fault is not attempted
/// again before its slot; `slots` has one for each of them, or none where the
/// breaker is closed.
pub(super) fn decide(
    attempted: Vec<AttemptedTask<'_>>,
    slots: Vec<Timestamp>,
    policy: RetryPolicy,
) -> Vec<DecidedTask<'_>> {
    let now = Timestamp::now();
    let mut slots = slots.into_iter();
    attempted
        .into_iter()
        .map(|one| {
            let slot = if one.met_fault() { slots.next() } else { None };
            one.decide(slot, policy, now)
        })
        .collect()
}

impl<'a> AttemptedTask<'a> {
    fn decide(
        self,
        slot: Option<Timestamp>,
        policy: RetryPolicy,
        now: Timestamp,
    ) -> DecidedTask<'a> {
        let ClaimedTask {
            task,
            lease,
            prior_attempt,
        } = self.claimed;
        let number = task.delivery.attempt;
        let policy = task.policy(policy);
        let decision = policy.decide(&self.outcome, number, lease.began_at, now, fastrand::f64());
        let decision = policy.not_before(decision, lease.began_at, slot);
        let (result, new_state) = match (self.outcome, decision) {
            (Outcome::Delivered(receipt), _) => {
                (AttemptResult::Delivered(receipt), NewState::Delivered)
            }
            (Outcome::Permanent { failure }, _) => {
                (AttemptResult::Failed(failure), NewState::Failed)
            }
            (Outcome::Transient { failure, .. }, Decision::Retry { due }) => {
                (AttemptResult::Failed(failure), NewState::Retrying { due })
            }
            (Outcome::Transient { failure, .. }, Decision::Exhausted | Decision::Done) => {
                (AttemptResult::Failed(failure), NewState::Exhausted)
            }
        };
        let attempt = Attempt {
            number,
            at: self.at,
            duration_ms: self.duration_ms,
            result,
        };
        let decided = DecidedTask::new(task, prior_attempt, lease, attempt, new_state);
        decided.log();
        decided
    }
}

impl<'a> DecidedTask<'a> {
    fn new(
        task: DeliveryTask<'a>,
        prior_attempt: PriorAttempt,
        lease: Lease,
        attempt: Attempt,
        new_state: NewState,
    ) -> Self {
        let settlement = Settlement {
            alert_id: task.entry.alert.alert_id.clone(),
            destination_id: task.delivery.destination_id,
            lease,
            attempt,
            new_state,
        };
        Self {
            task,
            prior_attempt,
            settlement,
        }
    }

    /// The attempt of an earlier invocation that was accepted and not recorded, if
    /// that is all that the task is about.
    pub(super) fn unrecorded(task: DeliveryTask<'a>) -> Option<Self> {
        let unrecorded = task.delivery.unrecorded.as_deref()?;
        let lease = Lease {
            until: unrecorded.lease_until,
            began_at: task.began_at(unrecorded.attempt.at),
        };
        Some(Self::new(
            task,
            PriorAttempt::MaybeDelivered,
            lease,
            unrecorded.attempt.clone(),
            NewState::Delivered,
        ))
    }

    /// What must be queued before the settlement is recorded.
    pub(super) fn following(&self, now: Timestamp) -> impl Iterator<Item = Retry> {
        self.retry().into_iter().chain(self.fallback(now))
    }

    /// The next attempt, if there is to be one.
    pub(super) fn retry(&self) -> Option<Retry> {
        let Settlement {
            lease,
            attempt,
            new_state: NewState::Retrying { due },
            ..
        } = &self.settlement
        else {
            return None;
        };
        let maybe_delivered = match &attempt.result {
            AttemptResult::Failed(failure) => failure.kind.may_have_arrived(),
            AttemptResult::Delivered(_) => true,
        };
        Some(Retry {
            attempt: attempt.number + 1,
            began_at: Some(lease.began_at),
            prior_attempt: if maybe_delivered {
                PriorAttempt::MaybeDelivered
            } else {
                self.prior_attempt
            },
            ..self.task.retry(*due)
        })
    }

    /// The delivery to the destination's fallback, if this one failed or is
    /// exhausted. It is claimed like any other, so a circle of fallbacks ends.
    fn fallback(&self, now: Timestamp) -> Option<Retry> {
        if !self.has_failed() {
            return None;
        }
        let failed = self.task.delivery.destination_id;
        let fallback = self.task.delivery.fallback.filter(|id| *id != failed)?;
        Some(Retry {
            alert_id: self.task.entry.alert.alert_id.clone(),
            destination_id: fallback,
            attempt: 1,
            began_at: None,
            prior_attempt: PriorAttempt::NotDelivered,
            unrecorded: None,
            fallback_for: Some(failed),
            due: now,
        })
    }

    /// A message that tells the next sender to record an accepted attempt, where this
    /// one could not. Any other attempt may be repeated instead.
    pub(super) fn forwarded(&self, now: Timestamp) -> Option<Retry> {
        let Settlement {
            lease,
            attempt,
            new_state: NewState::Delivered,
            ..
        } = &self.settlement
        else {
            return None;
        };
        Some(Retry {
            began_at: Some(lease.began_at),
            unrecorded: Some(Box::new(UnrecordedAttempt {
                lease_until: lease.until,
                attempt: attempt.clone(),
            })),
            ..self.task.retry(now.plus(LEDGER_RETRY_DELAY))
        })
    }

    /// Whether the delivery is settled without having been accepted.
    pub(super) fn has_failed(&self) -> bool {
        matches!(
            self.settlement.new_state,
            NewState::Failed | NewState::Exhausted
        )
    }

    pub(super) fn failure(&self) -> Option<&Failure> {
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
    use serde_json::json;
    use tocsin_core::delivery::PriorAttempt::{MaybeDelivered, NotDelivered};
    use tocsin_core::delivery::{AlertDeliveries, Delivery};
    use tocsin_core::outcome::FailureKind::{self, Throttled, TimedOut, Unreachable};

    /// A sender that crashed may have delivered the alert. That stays true when the
    /// next attempt fails for a reason that proves nothing about the one before.
    #[test]
    fn a_maybe_delivered_alert_stays_maybe_delivered() {
        let alert = tocsin_core::alert::parse(
            r#"{"id": "D", "createdAt": "2026-01-01T00:00:00Z", "severity": "LOW", "type": "RULE"}"#,
        )
        .unwrap();
        let delivery: Delivery = serde_json::from_value(json!({
            "destinationId": "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11", "displayName": "d",
            "settings": {}, "attempt": 1,
        }))
        .unwrap();
        let severity = alert.severity;
        let entry = AlertDeliveries {
            alert,
            severity,
            deliveries: Vec::new(),
        };
        let now = Timestamp::now();
        let decided = |prior_attempt, kind: FailureKind| DecidedTask {
            task: DeliveryTask::new(&entry, &delivery),
            prior_attempt,
            settlement: Settlement {
                alert_id: entry.alert.alert_id.clone(),
                destination_id: delivery.destination_id,
                lease: Lease {
                    until: now,
                    began_at: now,
                },
                attempt: Attempt {
                    number: 1,
                    at: now,
                    duration_ms: 1,
                    result: AttemptResult::Failed(Failure::new(kind, "")),
                },
                new_state: NewState::Retrying { due: now },
            },
        };
        for (prior_attempt, kind, next) in [
            (NotDelivered, Unreachable, NotDelivered),
            (NotDelivered, TimedOut, MaybeDelivered),
            (MaybeDelivered, Unreachable, MaybeDelivered),
            (MaybeDelivered, Throttled, MaybeDelivered),
        ] {
            let retry = decided(prior_attempt, kind).retry().unwrap();
            assert_eq!(retry.prior_attempt, next, "{prior_attempt:?} {kind:?}");
        }
    }
}
