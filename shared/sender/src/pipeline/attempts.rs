//! Attempting claimed deliveries.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::join_all;
use tocsin_core::Timestamp;
use tocsin_core::delivery::{AlertDeliveries, Delivery, DeliveryId};
use tocsin_core::outcome::{Failure, FailureKind, Outcome};
use tracing::Instrument;

use super::invocation::Invocation;
use super::task::{Action, AttemptedTask, ClaimedTask};
use crate::transport::{AttemptInput, Context, Transport};

pub(super) struct Attempts<'a, T> {
    pub(super) invocation: &'a Invocation,
    pub(super) transport: &'a T,
    pub(super) context: &'a Context,
}

impl<T: Transport> Attempts<'_, T> {
    /// Attempts deliveries concurrently; the attempts start `spacing` apart.
    pub(super) async fn attempt_all<'t>(
        &self,
        claimed: Vec<ClaimedTask<'t>>,
        spacing: Duration,
    ) -> Vec<AttemptedTask<'t>> {
        let attempts = (0..).zip(claimed).map(|(at, one)| async move {
            if !spacing.is_zero() {
                tokio::time::sleep(spacing * at).await;
            }
            self.attempt(one).await
        });
        join_all(attempts).await
    }

    async fn attempt<'t>(&self, claimed: ClaimedTask<'t>) -> AttemptedTask<'t> {
        let at = Timestamp::now();
        let started = Instant::now();
        let outcome = match &claimed.task.action {
            Action::Attempt => {
                let span = claimed.task.span.clone();
                self.deliver(&claimed).instrument(span).await
            }
            Action::RecordRemoval(removed) => Outcome::Refused {
                failure: Failure::new(FailureKind::Misconfigured, removed.to_string()),
            },
            Action::RecordExhaustion(failure) => Outcome::transient(failure.clone()),
        };
        AttemptedTask {
            claimed,
            at,
            duration_ms: started.elapsed().as_millis() as u64,
            outcome,
        }
    }

    async fn deliver(&self, claimed: &ClaimedTask<'_>) -> Outcome {
        let request = self.transport.time_limit(&claimed.task.delivery.settings);
        let Some(limit) = self.invocation.deadline.attempt_limit(request) else {
            return Outcome::transient(Failure::new(
                FailureKind::Internal,
                "there was no time left for an attempt; AWS answers slowly",
            ));
        };
        let (entry, delivery) = (claimed.task.entry, claimed.task.delivery);
        let began_at = claimed.lease.began_at;
        attempt_once(
            self.transport,
            self.context,
            entry,
            delivery,
            began_at,
            limit,
        )
        .await
    }
}

/// Attempts one delivery. A panic, or no end in time, is a failure like others.
pub(super) async fn attempt_once<T: Transport>(
    transport: &T,
    context: &Context,
    entry: &AlertDeliveries,
    delivery: &Delivery,
    began_at: Timestamp,
    limit: Duration,
) -> Outcome {
    let identity = DeliveryId::of(&entry.alert.alert_id, delivery.destination_id);
    let first = DeliveryId::of_first(&entry.alert, delivery.destination_id);
    let input = AttemptInput {
        alert: &entry.alert,
        severity: entry.severity,
        delivery: &identity,
        first_delivery: &first,
        began_at,
        settings: &delivery.settings,
        secret_name: delivery.secret_name.as_deref(),
        prior_attempt: delivery.prior_attempt,
        detail: delivery.detail,
    };
    let attempt = AssertUnwindSafe(transport.deliver(context, input)).catch_unwind();
    let outcome = match tokio::time::timeout(limit, attempt).await {
        Ok(Ok(outcome)) => outcome,
        // The panic itself is in the log. The deliveries that were attempted with
        // this one must still be settled, so it goes no further.
        Ok(Err(_)) => Outcome::transient(Failure::new(
            FailureKind::Crashed,
            "the attempt panicked; the sender's log says where",
        )),
        Err(_) => Outcome::transient(Failure::new(
            FailureKind::TimedOut,
            format!("the attempt took longer than {} s", limit.as_secs()),
        )),
    };
    match outcome {
        Outcome::Delivered(receipt) => Outcome::Delivered(receipt.bounded()),
        failed => failed,
    }
}
