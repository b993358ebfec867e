//! Orders that are not attempted in this invocation.

use tocsin_aws::telemetry::Metric;
use tocsin_core::Timestamp;
use tocsin_core::delivery::Retry;
use tocsin_core::delivery::settlement::Deferral;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::{HORIZON, Health, TOGETHER};
use tocsin_core::outcome::{Failure, FailureKind};

use super::budget::Budget;
use super::order::Order;
use super::{Report, Sender};
use crate::transport::Transport;

impl<D: Transport> Sender<D> {
    /// What the destination does not take now goes to the retry queue, or comes
    /// to its end when its time is over.
    pub(super) async fn bar(
        &self,
        id: DestinationId,
        barred: Vec<Order<'_>>,
        budget: Budget,
        report: &mut Report,
    ) {
        let now = Timestamp::now();
        let (over, waiting): (Vec<_>, Vec<_>) = barred
            .into_iter()
            .partition(|order| self.policy(order).end(order.began_at(now)) <= now);
        if !over.is_empty() {
            let failure = given_up(&self.health.of(id));
            let over: Vec<_> = over
                .iter()
                .map(|order| order.given_up(failure.clone()))
                .collect();
            for some in over.chunks(TOGETHER) {
                self.round(some, budget, report).await;
            }
        }
        if !waiting.is_empty() {
            self.put_off(id, &waiting, budget, report).await;
        }
    }

    /// Queues first, then records what was queued: a crash in between leaves a
    /// retry whose claim makes the record.
    async fn put_off(
        &self,
        id: DestinationId,
        waiting: &[Order<'_>],
        budget: Budget,
        report: &mut Report,
    ) {
        let now = Timestamp::now();
        let places = self.places(id, waiting.len(), budget).await;
        let (retries, deferrals): (Vec<_>, Vec<_>) = waiting
            .iter()
            .zip(places)
            .map(|(order, place)| {
                let began_at = order.began_at(now);
                let deferral = Deferral {
                    request: order.claim(&self.provider),
                    began_at,
                    due: self.policy(order).wait(began_at, place),
                };
                let retry = Retry {
                    began_at: Some(began_at),
                    ..order.retry(deferral.due)
                };
                (retry, deferral)
            })
            .unzip();
        let queued = self.queue_retries(&retries, budget, report).await;
        let deferrals: Vec<_> = queued.iter().map(|at| deferrals[*at].clone()).collect();
        let deferred = self.ledger.defer(&deferrals, Timestamp::now()).await;
        for (at, deferred) in queued.iter().zip(deferred) {
            if let Err(error) = deferred {
                waiting[*at].log_unrecorded_wait(&error);
            }
        }
        report.count(Metric::DeliveriesDeferred, queued.len());
        tracing::info!(
            destination.id = %id,
            count = queued.len(),
            "the destination is paused or has a line: deliveries wait without using up an attempt"
        );
    }

    /// Places in line; where the line itself cannot be asked, moments somewhere
    /// before its horizon.
    async fn places(&self, id: DestinationId, count: usize, budget: Budget) -> Vec<Timestamp> {
        let queue = |health: &Health| Some(health.queue(count, Timestamp::now(), fastrand::f64));
        let change = self.health.change(id, queue);
        let places = tokio::time::timeout(budget.advice(), change).await;
        places.ok().flatten().unwrap_or_else(|| {
            let now = Timestamp::now();
            let anywhere = || now.plus(HORIZON.mul_f64(fastrand::f64()));
            std::iter::repeat_with(anywhere).take(count).collect()
        })
    }

    /// What there is no time for.
    pub(super) async fn hand_back(
        &self,
        orders: &[Order<'_>],
        budget: Budget,
        report: &mut Report,
    ) {
        let now = Timestamp::now();
        let retries: Vec<_> = orders.iter().map(|order| order.retry(now)).collect();
        self.queue_retries(&retries, budget, report).await;
    }
}

/// Why a delivery ended without another attempt.
fn given_up(health: &Health) -> Failure {
    let since = health
        .failing_since
        .map(|at| format!(" since {at}"))
        .unwrap_or_default();
    match &health.last_failure {
        Some(failure) => Failure {
            detail: Failure::new(
                failure.kind,
                format!(
                    "not attempted again: the destination was paused until the retry window ended; it fails{since}: {}",
                    failure.detail
                ),
            )
            .detail,
            ..failure.clone()
        },
        None => Failure::new(
            FailureKind::Unavailable,
            "not attempted: the destination was paused until the retry window ended",
        ),
    }
}
