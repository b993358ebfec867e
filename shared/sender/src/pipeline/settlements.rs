//! Settling attempts: the retry is queued first, then the ledger records the
//! settlement. Attempts that need no retry are recorded before all others.
//!
//! When AWS fails, both steps are repeated as long as the invocation has time. A
//! crash between the two leaves a retry too many, whose claim is refused. An attempt
//! that was accepted and cannot be recorded is forwarded through the retry queue, so
//! that the alert is not sent again.

use tocsin_aws::telemetry::Metric;
use tocsin_aws::{AwsError, Ledger, LedgerError, Message};
use tocsin_core::Timestamp;
use tocsin_core::delivery::settlement::{NewState, SettleResult};
use tocsin_core::retry::RetryPolicy;

use super::decide::DecidedTask;
use super::invocation::Invocation;
use super::retry_queue::RetryQueue;
use super::task::DeliveryTask;

#[derive(Clone, Copy)]
pub(super) struct Settlements<'a> {
    pub(super) invocation: &'a Invocation,
    pub(super) ledger: &'a Ledger,
    pub(super) retry_queue: RetryQueue<'a>,
    pub(super) policy: RetryPolicy,
}

impl Settlements<'_> {
    /// Settles attempts and returns those that the ledger recorded.
    pub(super) async fn settle<'t>(&self, decided: Vec<DecidedTask<'t>>) -> Vec<DecidedTask<'t>> {
        let now = Timestamp::now();
        let (followed, final_ones): (Vec<_>, Vec<_>) = decided
            .into_iter()
            .partition(|one| one.following(now).next().is_some());
        // A retry queue that does not respond must not use up the time of the attempts
        // that need nothing of it.
        let (mut settled, mut unsettled) = self.record(final_ones).await;
        let queued = self.queue_following(followed).await;
        let (recorded, unrecorded) = self.record(queued).await;
        settled.extend(recorded);
        unsettled.extend(unrecorded);
        self.forward_unrecorded(unsettled).await;
        settled
    }

    /// Records attempts of earlier invocations that were accepted.
    pub(super) async fn record_unrecorded(&self, tasks: Vec<DeliveryTask<'_>>) {
        let accepted: Vec<_> = tasks
            .into_iter()
            .filter_map(DecidedTask::unrecorded)
            .collect();
        let (_, unsettled) = self.record(accepted).await;
        self.forward_unrecorded(unsettled).await;
    }

    /// Queues retries and fallbacks and returns the attempts whose messages were
    /// queued. The others are not settled: the invocation fails, their leases end,
    /// and the repeated invocation takes them over.
    async fn queue_following<'t>(&self, decided: Vec<DecidedTask<'t>>) -> Vec<DecidedTask<'t>> {
        let now = Timestamp::now();
        let (owners, messages): (Vec<usize>, Vec<Message>) = decided
            .iter()
            .enumerate()
            .flat_map(|(at, one)| {
                one.following(now)
                    .map(move |retry| (at, Message::retry(&retry, now)))
            })
            .unzip();
        let mut lost = Vec::new();
        for (at, sent) in owners
            .into_iter()
            .zip(self.retry_queue.send(&messages).await)
        {
            if let Err(error) = sent {
                lost.push(at);
                self.invocation.fail_queue(error);
            }
        }
        decided
            .into_iter()
            .enumerate()
            .filter(|(at, _)| !lost.contains(at))
            .map(|(_, one)| one)
            .collect()
    }

    /// Records settlements; returns those that were recorded, and the others with
    /// their errors. Only what is recorded is counted.
    async fn record<'t>(
        &self,
        decided: Vec<DecidedTask<'t>>,
    ) -> (Vec<DecidedTask<'t>>, Vec<(DecidedTask<'t>, LedgerError)>) {
        let mut settled = Vec::new();
        if decided.is_empty() {
            return (settled, Vec::new());
        }
        let mut pending: Vec<_> = decided.into_iter().map(|one| (one, None)).collect();
        for tries in 1.. {
            let settlements: Vec<_> = pending
                .iter()
                .map(|(one, _)| one.settlement.clone())
                .collect();
            let limit = self.invocation.deadline.call_limit();
            let results = tokio::time::timeout(limit, self.ledger.settle(&settlements))
                .await
                .unwrap_or_else(|_| vec![Err(no_response().into()); settlements.len()]);
            let mut failed = Vec::new();
            for ((one, _), result) in pending.into_iter().zip(results) {
                match result {
                    Ok(SettleResult::Settled) => {
                        self.invocation.count(metric(one.settlement.new_state), 1);
                        settled.push(one);
                    }
                    Ok(SettleResult::LeaseLost) => log_lease_lost(&one.task),
                    Err(error) => failed.push((one, Some(error))),
                }
            }
            pending = failed;
            if pending.is_empty() || !self.invocation.deadline.backoff(tries).await {
                break;
            }
        }
        let unsettled = pending
            .into_iter()
            .filter_map(|(one, error)| Some((one, error?)))
            .collect();
        (settled, unsettled)
    }

    /// Forwards accepted attempts to the next sender, which only has to record them.
    /// Any other attempt may be repeated: its retry is queued, or it was not accepted.
    async fn forward_unrecorded(&self, unsettled: Vec<(DecidedTask<'_>, LedgerError)>) {
        let now = Timestamp::now();
        let mut forwarded = Vec::new();
        for (one, error) in unsettled {
            log_unrecorded(&one.task, &error);
            let policy = one.task.policy(self.policy);
            let expired = policy.end(one.settlement.attempt.at) <= now;
            match one.forwarded(now) {
                // A ledger that denies this role access for good must not keep the
                // message in the retry queue for ever.
                Some(retry) if !expired => forwarded.push(retry),
                None if one.retry().is_some() => {}
                Some(_) | None => self.invocation.fail_ledger(error),
            }
        }
        // In one call: there may be no time for a second one.
        self.retry_queue.queue(&forwarded).await;
    }
}

fn no_response() -> AwsError {
    AwsError::unexpected(
        "settling deliveries",
        "no response before the end of the invocation",
    )
}

const fn metric(new_state: NewState) -> Metric {
    match new_state {
        NewState::Delivered => Metric::DeliveriesDelivered,
        NewState::Retrying { .. } => Metric::DeliveriesRetried,
        NewState::Failed => Metric::DeliveriesFailed,
        NewState::Exhausted => Metric::DeliveriesExhausted,
    }
}

fn log_lease_lost(task: &DeliveryTask<'_>) {
    let (alert, name) = (task.alert_id(), task.destination_name());
    task.span.in_scope(|| {
        tracing::warn!(
            "the lease ran out while alert {alert} was sent to {name} and another sender took the delivery over: it may have been delivered twice"
        );
    });
}

fn log_unrecorded(task: &DeliveryTask<'_>, error: &LedgerError) {
    let (alert, name) = (task.alert_id(), task.destination_name());
    task.span.in_scope(|| {
        tracing::error!(
            %error,
            "the result of sending alert {alert} to {name} could not be recorded in this invocation: {error}"
        );
    });
}
