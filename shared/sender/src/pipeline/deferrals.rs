//! Leaving deliveries to the outbox: those that are not attempted now, and those that
//! version 0.1.0 dispatched without one.

use tocsin_aws::telemetry::Metric;
use tocsin_aws::{Ledger, LedgerError};
use tocsin_core::Timestamp;
use tocsin_core::delivery::record::Adoption;
use tocsin_core::delivery::settlement::Deferral;
use tocsin_core::delivery::{NewDelivery, Recorded};
use tocsin_core::destination::{DestinationId, ProviderName};
use tocsin_core::health::Health;
use tocsin_core::outbox::FAST_PATH;
use tocsin_core::outcome::{Failure, FailureKind};

use super::breakers::Breakers;
use super::invocation::Invocation;
use super::task::{DeliveryTask, Expiry};

#[derive(Clone, Copy)]
pub(super) struct Deferrals<'a> {
    pub(super) invocation: &'a Invocation,
    pub(super) ledger: &'a Ledger,
    pub(super) breakers: Breakers<'a>,
    pub(super) provider: &'a ProviderName,
}

impl Deferrals<'_> {
    /// Leaves deliveries to the drain: they are due now.
    pub(super) async fn defer(&self, id: DestinationId, tasks: &[DeliveryTask<'_>]) {
        let Some(first) = tasks.first() else {
            return;
        };
        let now = Timestamp::now();
        let deferrals: Vec<_> = tasks
            .iter()
            .map(|task| Deferral {
                alert_id: task.entry.alert.alert_id.clone(),
                destination_id: id,
                attempts: task.attempts_before(),
                due: task.due(now),
            })
            .collect();
        let recorded = self.ledger.defer(&deferrals, now).await;
        for (task, recorded) in tasks.iter().zip(recorded) {
            if let Err(error) = recorded {
                log_unrecorded(task, &error);
            }
        }
        self.breakers.record_backlog(id).await;
        self.invocation
            .count(Metric::DeliveriesDeferred, tasks.len());
        log_deferred(id, first.destination_name(), tasks.len());
    }

    /// Records deliveries that version 0.1.0 dispatched, which no outbox has.
    /// Returns all that one has now. The others fail the invocation, so that Lambda
    /// repeats it.
    pub(super) async fn adopt<'t>(&self, tasks: Vec<DeliveryTask<'t>>) -> Vec<DeliveryTask<'t>> {
        let (unknown, mut known): (Vec<_>, Vec<_>) = tasks
            .into_iter()
            .partition(|task| task.delivery.recorded == Recorded::No);
        if unknown.is_empty() {
            return known;
        }
        let now = Timestamp::now();
        let adoptions: Vec<_> = unknown
            .iter()
            .map(|task| self.adoption(task, now))
            .collect();
        let adopted = self.ledger.adopt(&adoptions, now).await;
        for (task, adopted) in unknown.into_iter().zip(adopted) {
            match adopted {
                Ok(()) => known.push(task),
                Err(error) => {
                    log_unrecorded(&task, &error);
                    self.invocation.fail_ledger(error);
                }
            }
        }
        known
    }

    fn adoption(&self, task: &DeliveryTask<'_>, now: Timestamp) -> Adoption {
        Adoption {
            delivery: NewDelivery {
                alert_id: task.entry.alert.alert_id.clone(),
                destination_id: task.delivery.destination_id,
                display_name: task.delivery.display_name.clone(),
                provider: self.provider.clone(),
                detection_id: task.entry.alert.detection_id.clone(),
                severity: task.entry.severity,
                due: now.plus(FAST_PATH),
                fallback_for: task.delivery.fallback_for,
            },
            attempts: task.attempts_before(),
            began_at: task.began_at(now),
        }
    }
}

/// The failure of a delivery that gets no further attempt.
pub(super) fn expired(expiry: Expiry, health: &Health) -> Failure {
    if expiry == Expiry::AttemptsUsedUp {
        return Failure::new(
            FailureKind::Crashed,
            "the sender vanished in the middle of the last attempt; its log may say why",
        );
    }
    let since = health
        .failing_since
        .map(|at| format!(" since {at}"))
        .unwrap_or_default();
    match &health.last_failure {
        Some(failure) => Failure {
            detail: Failure::new(
                failure.kind,
                format!(
                    "not attempted again: the retry window ended while the delivery waited; the destination has failed{since}: {}",
                    failure.detail
                ),
            )
            .detail,
            ..failure.clone()
        },
        None => Failure::new(
            FailureKind::Unavailable,
            "not attempted again: the retry window ended while the delivery waited",
        ),
    }
}

fn log_deferred(id: DestinationId, name: &str, count: usize) {
    tracing::info!(
        destination.name = name,
        destination.id = %id,
        count,
        "{count} deliveries to {name} wait in the outbox, without using up an attempt: its circuit breaker is open, it has a rate limiter, or there was no time"
    );
}

fn log_unrecorded(task: &DeliveryTask<'_>, error: &LedgerError) {
    let (alert, name) = (task.alert_id(), task.destination_name());
    task.span.in_scope(|| {
        tracing::warn!(
            %error,
            "the ledger could not record that alert {alert} waits for {name}: {error}"
        );
    });
}
