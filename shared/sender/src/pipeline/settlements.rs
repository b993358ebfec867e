//! Settling attempts: one conditional write each, 25 in one call.
//!
//! When AWS fails, the write is repeated as long as the invocation has time. An attempt
//! that stays unsettled is due again after its lease. Only one that was accepted is
//! forwarded to the router through the retry queue, so that the alert is not sent again.
//!
//! The fallback of a delivery that ended badly begins before that is recorded, so that
//! a crash in between leaves a fallback too many rather than none; the fallback of one
//! that was accepted is cancelled afterwards, unless other targets of the alert share it.

use std::collections::BTreeSet;

use tocsin_aws::telemetry::Metric;
use tocsin_aws::{AwsError, Ledger, LedgerError};
use tocsin_core::Timestamp;
use tocsin_core::delivery::settlement::{NewState, SettleResult};
use tocsin_core::retry_queue::UnrecordedDelivery;

use super::decide::DecidedTask;
use super::invocation::Invocation;
use super::retry_queue::{RetryQueue, WakeUps};
use super::task::DeliveryTask;

#[derive(Clone, Copy)]
pub(super) struct Settlements<'a> {
    pub(super) invocation: &'a Invocation,
    pub(super) ledger: &'a Ledger,
    pub(super) retry_queue: RetryQueue<'a>,
}

impl Settlements<'_> {
    /// Settles attempts and returns those that the ledger recorded.
    pub(super) async fn settle<'t>(&self, decided: Vec<DecidedTask<'t>>) -> Vec<DecidedTask<'t>> {
        let now = Timestamp::now();
        let (followed, others): (Vec<_>, Vec<_>) = decided
            .into_iter()
            .partition(|one| one.begun_fallback(now).is_some());
        let mut settled = self.record(others).await;
        self.cancel_fallbacks(&settled).await;
        let followed = self.begin_fallbacks(followed, now).await;
        settled.extend(self.record(followed).await);
        settled
    }

    /// Forwards what version 0.1.0 sent as a delivery that is accepted already;
    /// returns the others.
    pub(super) async fn forward_accepted<'t>(
        &self,
        tasks: Vec<DeliveryTask<'t>>,
    ) -> Vec<DeliveryTask<'t>> {
        let mut accepted = Vec::new();
        let mut others = Vec::new();
        for task in tasks {
            match &task.delivery.unrecorded {
                None => others.push(task),
                Some(attempt) => accepted.push(UnrecordedDelivery {
                    alert_id: task.entry.alert.alert_id.clone(),
                    destination_id: task.delivery.destination_id,
                    began_at: task.began_at(attempt.attempt.at),
                    attempt: (**attempt).clone(),
                }),
            }
        }
        self.retry_queue.forward(accepted).await;
        others
    }

    /// Begins the fallbacks of these deliveries and returns those whose fallback has
    /// begun. The others are not settled: they are attempted again after their lease.
    async fn begin_fallbacks<'t>(
        &self,
        decided: Vec<DecidedTask<'t>>,
        now: Timestamp,
    ) -> Vec<DecidedTask<'t>> {
        let (decided, fallbacks): (Vec<_>, Vec<_>) = decided
            .into_iter()
            .filter_map(|one| {
                let fallback = one.begun_fallback(now)?;
                Some((one, fallback))
            })
            .unzip();
        if fallbacks.is_empty() {
            return decided;
        }
        let results = self.ledger.begin_fallbacks(&fallbacks, now).await;
        let mut begun = Vec::new();
        let mut destinations = BTreeSet::new();
        for ((one, fallback), result) in decided.into_iter().zip(&fallbacks).zip(results) {
            match result {
                Ok(_) => {
                    destinations.insert(fallback.destination_id);
                    begun.push(one);
                }
                Err(error) => log_unsettled(&one.task, &error),
            }
        }
        let mut wake_ups = WakeUps::default();
        wake_ups.add(now);
        for id in destinations {
            self.retry_queue.wake_up(id, &wake_ups).await;
        }
        begun
    }

    /// Cancels the fallbacks of accepted deliveries. This is optional: the router looks at
    /// the delivery again before it dispatches its fallback.
    async fn cancel_fallbacks(&self, settled: &[DecidedTask<'_>]) {
        let cancelled: Vec<_> = settled
            .iter()
            .filter_map(DecidedTask::cancelled_fallback)
            .collect();
        if cancelled.is_empty() {
            return;
        }
        let limit = self.invocation.deadline.best_effort();
        let cancel = self.ledger.cancel_fallbacks(&cancelled);
        let results = tokio::time::timeout(limit, cancel).await;
        let results = results.unwrap_or_else(|_| vec![Err(no_response().into())]);
        for error in results.into_iter().filter_map(Result::err) {
            tracing::warn!(
                %error,
                "the fallbacks of delivered alerts could not be cancelled: {error}"
            );
        }
    }

    /// Records settlements and returns those that were recorded. Only those are counted.
    async fn record<'t>(&self, decided: Vec<DecidedTask<'t>>) -> Vec<DecidedTask<'t>> {
        let mut settled = Vec::new();
        let mut pending: Vec<_> = decided.into_iter().map(|one| (one, None)).collect();
        for tries in 1.. {
            if pending.is_empty() || tries > 1 && !self.invocation.deadline.backoff(tries - 1).await
            {
                break;
            }
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
        }
        for (one, error) in &pending {
            if let Some(error) = error {
                log_unsettled(&one.task, error);
            }
        }
        let accepted = pending.iter().filter_map(|(one, _)| one.unrecorded());
        self.retry_queue.forward(accepted.collect()).await;
        settled
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

fn log_unsettled(task: &DeliveryTask<'_>, error: &LedgerError) {
    let (alert, name) = (task.alert_id(), task.destination_name());
    task.span.in_scope(|| {
        tracing::error!(
            %error,
            "the result of sending alert {alert} to {name} could not be recorded in this invocation: {error}"
        );
    });
}
