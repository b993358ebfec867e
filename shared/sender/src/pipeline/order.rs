//! One delivery on its way through a sender: what it asks of the ledger and the
//! retry queue, and what it says in the log.

use std::time::Duration;

use tocsin_aws::LedgerError;
use tocsin_core::Timestamp;
use tocsin_core::delivery::claim::{ClaimRequest, Lease};
use tocsin_core::delivery::settlement::{NewState, Settlement};
use tocsin_core::delivery::{
    AlertDeliveries, Attempt, AttemptResult, Delivery, PriorAttempt, Removal, Retry,
    UnrecordedAttempt,
};
use tocsin_core::destination::ProviderName;
use tocsin_core::health::{Health, Rank, Sign};
use tocsin_core::outcome::{Failure, Outcome};

use super::round::LEDGER_REST;
use super::settle::AFTER_LEASE;

/// Nobody else attempts a claimed delivery for this long: more than a sender
/// lives (its function's time limit in the template is 60 s), so that whoever
/// takes over knows that the holder is gone.
const LEASE: Duration = Duration::from_secs(65);

/// One delivery with its alert.
#[derive(Clone)]
pub(super) struct Order<'a> {
    pub(super) entry: &'a AlertDeliveries,
    pub(super) delivery: &'a Delivery,
    /// Set when it is to be ended without an attempt.
    pub(super) given_up: Option<Failure>,
}

/// What is to be done for an order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Task {
    /// An attempt.
    Send,
    /// Its destination was taken away: that is to be recorded.
    Withdraw(Removal),
    /// It waited until its time was over: that is to be recorded.
    GiveUp(Failure),
}

/// An order whose claim was granted.
pub(super) struct Granted<'a> {
    pub(super) order: &'a Order<'a>,
    pub(super) task: Task,
    pub(super) lease: Lease,
    pub(super) prior_attempt: PriorAttempt,
}

/// An order that was carried out.
pub(super) struct Tried<'a> {
    pub(super) granted: Granted<'a>,
    pub(super) at: Timestamp,
    pub(super) duration_ms: u64,
    pub(super) outcome: Outcome,
}

impl Tried<'_> {
    /// What it says of the destination, if it was attempted.
    pub(super) fn sign(&self) -> Option<Sign> {
        match self.granted.task {
            Task::Send => Sign::of(&self.outcome, self.granted.order.delivery.attempt),
            Task::Withdraw(_) | Task::GiveUp(_) => None,
        }
    }
}

/// An order of which it is decided what follows.
pub(super) struct Finished<'a> {
    pub(super) order: &'a Order<'a>,
    pub(super) lease: Lease,
    /// What was known of the attempts before this one.
    pub(super) prior_attempt: PriorAttempt,
    pub(super) attempt: Attempt,
    pub(super) verdict: NewState,
}

impl<'a> Order<'a> {
    pub(super) const fn new(entry: &'a AlertDeliveries, delivery: &'a Delivery) -> Self {
        Self {
            entry,
            delivery,
            given_up: None,
        }
    }

    /// The same, to be ended for this reason.
    pub(super) fn given_up(&self, failure: Failure) -> Self {
        Self {
            given_up: Some(failure),
            ..self.clone()
        }
    }

    pub(super) fn task(&self) -> Task {
        if let Some(removed) = self.delivery.removed {
            return Task::Withdraw(removed);
        }
        match &self.given_up {
            Some(failure) => Task::GiveUp(failure.clone()),
            None => Task::Send,
        }
    }

    /// Who goes first where the destination has a line.
    pub(super) fn rank(&self) -> Rank {
        Rank::of(self.delivery.origin, self.entry.severity)
    }

    /// When the delivery began, if that is not now.
    pub(super) fn began_at(&self, now: Timestamp) -> Timestamp {
        self.delivery.began_at.unwrap_or(now)
    }

    pub(super) fn claim(&self, provider: &ProviderName) -> ClaimRequest {
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

    /// The same attempt, later.
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

    /// The next attempt, for when whoever is at this one vanishes: if it is
    /// settled, this finds that out and ends.
    pub(super) fn retry_after_other(&self, until: Timestamp, now: Timestamp) -> Retry {
        Retry {
            attempt: self.delivery.attempt.saturating_add(1),
            began_at: Some(self.began_at(now)),
            prior_attempt: PriorAttempt::MaybeDelivered,
            ..self.retry(until.plus(AFTER_LEASE))
        }
    }

    /// The attempt that arrived, where only the ledger could not be told.
    pub(super) fn finished(&self) -> Option<Finished<'_>> {
        let unrecorded = self.delivery.unrecorded.as_deref()?;
        Some(Finished {
            order: self,
            lease: Lease {
                until: unrecorded.lease_until,
                began_at: self.began_at(unrecorded.attempt.at),
            },
            prior_attempt: PriorAttempt::MaybeDelivered,
            attempt: unrecorded.attempt.clone(),
            verdict: NewState::Delivered,
        })
    }

    pub(super) fn log_attempt(&self, attempt: &Attempt, verdict: NewState) {
        let state = verdict.state().as_str();
        let common = (
            self.entry.alert.alert_id.as_str(),
            self.delivery.display_name.as_str(),
            self.delivery.destination_id,
        );
        match &attempt.result {
            AttemptResult::Delivered(_) => tracing::info!(
                alert.id = common.0,
                destination.name = common.1,
                destination.id = %common.2,
                attempt = attempt.number,
                duration_ms = attempt.duration_ms,
                state,
                "delivered"
            ),
            AttemptResult::Failed(failure) => tracing::warn!(
                alert.id = common.0,
                destination.name = common.1,
                destination.id = %common.2,
                attempt = attempt.number,
                duration_ms = attempt.duration_ms,
                state,
                failure = %failure,
                "the attempt failed"
            ),
        }
    }

    pub(super) fn log_dropped(&self, because: &str) {
        tracing::info!(
            alert.id = self.entry.alert.alert_id.as_str(),
            destination.id = %self.delivery.destination_id,
            attempt = self.delivery.attempt,
            because,
            "this attempt is not needed any more"
        );
    }

    pub(super) fn log_unclaimed(&self, error: &LedgerError) {
        tracing::warn!(
            alert.id = self.entry.alert.alert_id.as_str(),
            destination.id = %self.delivery.destination_id,
            attempt = self.delivery.attempt,
            %error,
            "the delivery could not be claimed; it is looked at again in half a minute"
        );
    }

    pub(super) fn log_unrecorded(&self, error: &LedgerError) {
        tracing::error!(
            alert.id = self.entry.alert.alert_id.as_str(),
            destination.id = %self.delivery.destination_id,
            attempt = self.delivery.attempt,
            %error,
            "what the attempt came to could not be recorded in this invocation"
        );
    }

    pub(super) fn log_unrecorded_wait(&self, error: &LedgerError) {
        tracing::warn!(
            alert.id = self.entry.alert.alert_id.as_str(),
            destination.id = %self.delivery.destination_id,
            %error,
            "that the delivery waits could not be recorded; its retry is queued"
        );
    }

    pub(super) fn log_paused(&self, health: &Health) {
        let until = health.pause.map(|pause| pause.until.to_string());
        let failure = health.last_failure.as_ref().map(ToString::to_string);
        tracing::warn!(
            destination.name = self.delivery.display_name,
            destination.id = %self.delivery.destination_id,
            until = until.unwrap_or_default(),
            failure = failure.unwrap_or_default(),
            "the destination is paused for all its deliveries"
        );
    }

    pub(super) fn log_fenced(&self) {
        tracing::warn!(
            alert.id = self.entry.alert.alert_id.as_str(),
            destination.id = %self.delivery.destination_id,
            attempt = self.delivery.attempt,
            "the lease ran out during the attempt, somebody else took the delivery over: it may have arrived twice"
        );
    }
}

impl Finished<'_> {
    /// What must be queued before it is recorded.
    pub(super) fn following(&self, now: Timestamp) -> impl Iterator<Item = Retry> {
        self.retry().into_iter().chain(self.fallback(now))
    }

    /// The next attempt, when there is to be one.
    pub(super) fn retry(&self) -> Option<Retry> {
        let NewState::Retrying { due } = self.verdict else {
            return None;
        };
        let arrived = match &self.attempt.result {
            AttemptResult::Failed(failure) => failure.kind.may_have_arrived(),
            AttemptResult::Delivered(_) => true,
        };
        Some(Retry {
            attempt: self.attempt.number + 1,
            began_at: Some(self.lease.began_at),
            prior_attempt: if arrived {
                PriorAttempt::MaybeDelivered
            } else {
                self.prior_attempt
            },
            ..self.order.retry(due)
        })
    }

    /// The delivery to the destination's fallback, when this one ended badly. It
    /// is claimed like any other, so that fallbacks in a circle end.
    fn fallback(&self, now: Timestamp) -> Option<Retry> {
        if !matches!(self.verdict, NewState::Failed | NewState::Exhausted) {
            return None;
        }
        let failed = self.order.delivery.destination_id;
        let fallback = self.order.delivery.fallback.filter(|id| *id != failed)?;
        Some(Retry {
            alert_id: self.order.entry.alert.alert_id.clone(),
            destination_id: fallback,
            attempt: 1,
            began_at: None,
            prior_attempt: PriorAttempt::NotDelivered,
            unrecorded: None,
            fallback_for: Some(failed),
            due: now,
        })
    }

    /// What the next sender has to record, when this one could not: only what
    /// arrived needs it.
    pub(super) fn hand_on(&self, now: Timestamp) -> Option<Retry> {
        (self.verdict == NewState::Delivered).then(|| Retry {
            began_at: Some(self.lease.began_at),
            unrecorded: Some(Box::new(UnrecordedAttempt {
                lease_until: self.lease.until,
                attempt: self.attempt.clone(),
            })),
            ..self.order.retry(now.plus(LEDGER_REST))
        })
    }

    pub(super) fn settlement(&self) -> Settlement {
        Settlement {
            alert_id: self.order.entry.alert.alert_id.clone(),
            destination_id: self.order.delivery.destination_id,
            lease: self.lease,
            attempt: self.attempt.clone(),
            new_state: self.verdict,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tocsin_core::outcome::FailureKind;

    /// A vanished sender may have sent it. That stays true when the next attempt
    /// fails for a reason that says nothing of the kind.
    #[test]
    fn what_may_have_arrived_once_is_never_forgotten() {
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
        let order = Order::new(&entry, &delivery);
        let now = Timestamp::now();
        let finished = |prior_attempt, kind| Finished {
            order: &order,
            lease: Lease {
                until: now,
                began_at: now,
            },
            prior_attempt,
            attempt: Attempt {
                number: 1,
                at: now,
                duration_ms: 1,
                result: AttemptResult::Failed(Failure::new(kind, "")),
            },
            verdict: NewState::Retrying { due: now },
        };
        for (prior_attempt, kind, next) in [
            (
                PriorAttempt::NotDelivered,
                FailureKind::Unreachable,
                PriorAttempt::NotDelivered,
            ),
            (
                PriorAttempt::NotDelivered,
                FailureKind::TimedOut,
                PriorAttempt::MaybeDelivered,
            ),
            (
                PriorAttempt::MaybeDelivered,
                FailureKind::Unreachable,
                PriorAttempt::MaybeDelivered,
            ),
            (
                PriorAttempt::MaybeDelivered,
                FailureKind::Throttled,
                PriorAttempt::MaybeDelivered,
            ),
        ] {
            let retry = finished(prior_attempt, kind).retry().unwrap();
            assert_eq!(retry.prior_attempt, next, "{prior_attempt:?} {kind:?}");
        }
    }
}
