//! Deferring deliveries: they go back to the retry queue without an attempt.

use tocsin_aws::telemetry::Metric;
use tocsin_aws::{Ledger, LedgerError};
use tocsin_core::Timestamp;
use tocsin_core::delivery::Retry;
use tocsin_core::delivery::settlement::Deferral;
use tocsin_core::destination::{DestinationId, ProviderName};
use tocsin_core::health::Health;
use tocsin_core::outcome::{Failure, FailureKind};
use tocsin_core::retry::RetryPolicy;

use super::breakers::Breakers;
use super::invocation::Invocation;
use super::retry_queue::RetryQueue;
use super::task::DeliveryTask;

#[derive(Clone, Copy)]
pub(super) struct Deferrals<'a> {
    pub(super) invocation: &'a Invocation,
    pub(super) ledger: &'a Ledger,
    pub(super) retry_queue: RetryQueue<'a>,
    pub(super) breakers: Breakers<'a>,
    pub(super) provider: &'a ProviderName,
    pub(super) policy: RetryPolicy,
}

impl Deferrals<'_> {
    /// Defers deliveries that the destination does not accept now. They are queued
    /// first and recorded as waiting afterwards: after a crash in between, the retry's
    /// claim makes the record.
    pub(super) async fn defer(&self, id: DestinationId, tasks: &[DeliveryTask<'_>]) {
        if tasks.is_empty() {
            return;
        }
        let now = Timestamp::now();
        let slots = self.breakers.schedule(id, tasks.len()).await;
        let (retries, deferrals): (Vec<_>, Vec<_>) = tasks
            .iter()
            .zip(slots)
            .map(|(task, slot)| {
                let began_at = task.began_at(now);
                let deferral = Deferral {
                    request: task.claim_request(self.provider),
                    began_at,
                    due: task.policy(self.policy).defer_until(began_at, slot),
                };
                let retry = Retry {
                    began_at: Some(began_at),
                    ..task.retry(deferral.due)
                };
                (retry, deferral)
            })
            .unzip();
        let queued = self.retry_queue.queue(&retries).await;
        let deferrals: Vec<_> = queued.iter().map(|at| deferrals[*at].clone()).collect();
        let recorded = self.ledger.defer(&deferrals, Timestamp::now()).await;
        for (at, recorded) in queued.iter().zip(recorded) {
            if let Err(error) = recorded {
                log_unrecorded(&tasks[*at], &error);
            }
        }
        // A delivery waits from the moment it is queued, recorded as waiting or not.
        self.invocation
            .count(Metric::DeliveriesDeferred, queued.len());
        log_deferred(id, tasks[0].destination_name(), queued.len());
    }

    /// Gives back deliveries that this invocation has no time for.
    pub(super) async fn requeue(&self, tasks: &[DeliveryTask<'_>]) {
        let now = Timestamp::now();
        let retries: Vec<_> = tasks.iter().map(|task| task.retry(now)).collect();
        self.retry_queue.queue(&retries).await;
    }
}

/// The failure of a delivery whose window ended while its destination did not accept
/// deliveries.
pub(super) fn window_over(health: &Health) -> Failure {
    let since = health
        .failing_since
        .map(|at| format!(" since {at}"))
        .unwrap_or_default();
    match &health.last_failure {
        Some(failure) => Failure {
            detail: Failure::new(
                failure.kind,
                format!(
                    "not attempted again: the destination's circuit breaker was open until the retry window ended; it has failed{since}: {}",
                    failure.detail
                ),
            )
            .detail,
            ..failure.clone()
        },
        None => Failure::new(
            FailureKind::Unavailable,
            "not attempted: the destination's circuit breaker was open until the retry window ended",
        ),
    }
}

fn log_deferred(id: DestinationId, name: &str, count: usize) {
    tracing::info!(
        destination.name = name,
        destination.id = %id,
        count,
        "{count} deliveries to {name} were deferred, without using up an attempt: its circuit breaker is open or its rate limiter has no slot"
    );
}

fn log_unrecorded(task: &DeliveryTask<'_>, error: &LedgerError) {
    let (alert, name) = (task.alert_id(), task.destination_name());
    task.span.in_scope(|| {
        tracing::warn!(
            %error,
            "that alert {alert} waits for {name} could not be recorded, its retry is queued: {error}"
        );
    });
}
