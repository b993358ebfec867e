//! One claimed delivery: the attempt, and what follows from it.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures::FutureExt;
use tocsin_core::Timestamp;
use tocsin_core::delivery::settlement::NewState;
use tocsin_core::delivery::{Attempt, AttemptResult, DeliveryId};
use tocsin_core::health::Sign;
use tocsin_core::outcome::{Failure, FailureKind, Outcome};
use tocsin_core::retry::{Decision, RetryPolicy};

use super::Sender;
use super::budget::Budget;
use super::order::{Finished, Granted, Order, Task, Tried};
use crate::transport::{AttemptInput, Transport};

impl<D: Transport> Sender<D> {
    /// Does what an order asks for.
    pub(super) async fn carry_out<'a>(&self, granted: Granted<'a>, budget: Budget) -> Tried<'a> {
        let at = Timestamp::now();
        let started = Instant::now();
        let outcome = match &granted.task {
            Task::Send => self.attempt(&granted, budget).await,
            Task::Withdraw(removed) => Outcome::permanent(Failure::new(
                FailureKind::Misconfigured,
                removed.to_string(),
            )),
            Task::GiveUp(failure) => Outcome::transient(failure.clone()),
        };
        Tried {
            granted,
            at,
            duration_ms: started.elapsed().as_millis() as u64,
            outcome,
        }
    }

    async fn attempt(&self, granted: &Granted<'_>, budget: Budget) -> Outcome {
        let Order {
            entry, delivery, ..
        } = granted.order;
        let identity = DeliveryId::of(&entry.alert.alert_id, delivery.destination_id);
        let input = AttemptInput {
            alert: &entry.alert,
            severity: entry.severity,
            delivery: &identity,
            settings: &delivery.settings,
            secret_name: delivery.secret_name.as_deref(),
            prior_attempt: granted.prior_attempt,
        };
        let Some(limit) = budget.attempt() else {
            return Outcome::transient(Failure::new(
                FailureKind::Internal,
                "there was no time left for an attempt; AWS answers slowly",
            ));
        };
        let attempt = AssertUnwindSafe(self.deliver.deliver(&self.context, input)).catch_unwind();
        match tokio::time::timeout(limit, attempt).await {
            Ok(Ok(outcome)) => outcome,
            // The panic itself is in the log. What was sent beside it must still
            // be settled, so it goes no further.
            Ok(Err(_)) => Outcome::transient(Failure::new(
                FailureKind::Crashed,
                "the attempt panicked; the sender's log says where",
            )),
            Err(_) => Outcome::transient(Failure::new(
                FailureKind::TimedOut,
                format!("the attempt took longer than {} s", limit.as_secs()),
            )),
        }
    }

    /// Decides what follows each attempt. Those that a pause concerns are not
    /// tried again before their places in line.
    pub(super) fn decide<'a>(
        &self,
        tried: Vec<Tried<'a>>,
        places: Vec<Timestamp>,
    ) -> Vec<Finished<'a>> {
        let now = Timestamp::now();
        let mut places = places.into_iter();
        tried
            .into_iter()
            .map(|one| {
                let troubled = one.sign().as_ref().is_some_and(Sign::is_trouble);
                let place = troubled.then(|| places.next()).flatten();
                self.conclude(one, place, now)
            })
            .collect()
    }

    fn conclude<'a>(
        &self,
        tried: Tried<'a>,
        place: Option<Timestamp>,
        now: Timestamp,
    ) -> Finished<'a> {
        let Granted {
            order,
            lease,
            prior_attempt,
            ..
        } = tried.granted;
        let number = order.delivery.attempt;
        let policy = self.policy(order);
        let decision = policy.decide(&tried.outcome, number, lease.began_at, now, fastrand::f64());
        let decision = policy.decide_in_line(decision, lease.began_at, place);
        let (result, verdict) = match (tried.outcome, decision) {
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
            at: tried.at,
            duration_ms: tried.duration_ms,
            result,
        };
        order.log_attempt(&attempt, verdict);
        Finished {
            order,
            lease,
            prior_attempt,
            attempt,
            verdict,
        }
    }

    /// The bounds of this delivery's retries.
    pub(super) fn policy(&self, order: &Order<'_>) -> RetryPolicy {
        let own = order.delivery.retry.unwrap_or_default();
        self.config.policy.within(own)
    }
}
