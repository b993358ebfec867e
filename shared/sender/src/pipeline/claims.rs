//! Claiming deliveries, so that no other sender attempts them at the same time.

use tocsin_aws::{Ledger, LedgerError};
use tocsin_core::Timestamp;
use tocsin_core::delivery::claim::Claim;
use tocsin_core::delivery::{PriorAttempt, Retry};
use tocsin_core::destination::ProviderName;
use tocsin_core::outcome::{Failure, FailureKind};
use tocsin_core::retry::RetryPolicy;

use super::invocation::Invocation;
use super::retry_queue::RetryQueue;
use super::task::{Action, ClaimedTask, DeliveryTask, LEDGER_RETRY_DELAY};

#[derive(Clone, Copy)]
pub(super) struct Claims<'a> {
    pub(super) invocation: &'a Invocation,
    pub(super) ledger: &'a Ledger,
    pub(super) retry_queue: RetryQueue<'a>,
    pub(super) provider: &'a ProviderName,
    pub(super) policy: RetryPolicy,
}

impl Claims<'_> {
    /// Claims deliveries in one call and returns those that this sender holds now.
    /// Those that another sender holds, and those that the ledger could not answer
    /// for, are queued again; those that need no attempt any more are dropped.
    pub(super) async fn claim<'t>(&self, tasks: Vec<DeliveryTask<'t>>) -> Vec<ClaimedTask<'t>> {
        let now = Timestamp::now();
        let requests: Vec<_> = tasks
            .iter()
            .map(|task| task.claim_request(self.provider))
            .collect();
        let results = self.ledger.claim(&requests, now).await;
        let mut claimed = Vec::new();
        let mut later: Vec<Retry> = Vec::new();
        for (task, result) in tasks.into_iter().zip(results) {
            match result {
                Ok(Claim::Started(lease)) => claimed.push(ClaimedTask {
                    prior_attempt: task.delivery.prior_attempt,
                    task,
                    lease,
                }),
                Ok(Claim::TakenOver(lease)) => claimed.push(ClaimedTask {
                    task: self.within_limits(task, now),
                    lease,
                    prior_attempt: PriorAttempt::MaybeDelivered,
                }),
                Ok(Claim::InProgress { until }) => later.push(task.retry_after_lease(until, now)),
                Ok(Claim::AlreadySettled(state)) => log_dropped(&task, state.as_str()),
                Ok(Claim::Stale) => log_dropped(&task, "a later attempt is queued or made"),
                // A ledger that denies this role access for good must not keep the
                // delivery in the retry queue for ever: a person finds the failed batch.
                Err(error) if task.is_expired(self.policy, now) => {
                    self.invocation.fail_ledger(error);
                }
                Err(error) => {
                    log_unclaimed(&task, &error);
                    later.push(Retry {
                        began_at: Some(task.began_at(now)),
                        ..task.retry(now.plus(LEDGER_RETRY_DELAY))
                    });
                }
            }
        }
        self.retry_queue.queue(&later).await;
        claimed
    }

    /// A task taken over from a sender that crashed. Each crash uses up an attempt
    /// without a decision about the next one, so that is made here: after the last
    /// attempt there is no further one.
    fn within_limits<'t>(&self, task: DeliveryTask<'t>, now: Timestamp) -> DeliveryTask<'t> {
        let most = task.policy(self.policy).most_attempts;
        let used_up = task.delivery.attempt > most || task.is_expired(self.policy, now);
        if used_up && task.action == Action::Attempt {
            task.exhausted(Failure::new(
                FailureKind::Crashed,
                "the sender vanished in the middle of every attempt; its log may say why",
            ))
        } else {
            task
        }
    }
}

fn log_dropped(task: &DeliveryTask<'_>, because: &str) {
    task.span.in_scope(|| {
        tracing::info!(
            because,
            "alert {} needs no further attempt at {}: {because}",
            task.alert_id(),
            task.destination_name()
        );
    });
}

fn log_unclaimed(task: &DeliveryTask<'_>, error: &LedgerError) {
    task.span.in_scope(|| {
        tracing::warn!(
            %error,
            "alert {} to {} could not be claimed, the next try is in 30 s: {error}",
            task.alert_id(),
            task.destination_name()
        );
    });
}
