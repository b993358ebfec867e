//! A probe: each delivery is attempted once, at once, and nothing is recorded. It answers
//! the question of a person whether a destination accepts alerts as it is configured now.

use std::time::{Duration, Instant, SystemTime};

use futures::future::join_all;
use tocsin_core::Timestamp;
use tocsin_core::delivery::{
    AlertDeliveries, Attempt, AttemptResult, Delivery, DeliveryBatch, ProbeResult,
};
use tocsin_core::outcome::{Failure, FailureKind, Outcome};

use super::Sender;
use super::attempts::attempt_once;
use super::deadline::Deadline;
use crate::transport::Transport;

impl<T: Transport> Sender<T> {
    /// Attempts every delivery of a batch once, whatever the health of its destination.
    pub async fn probe(&self, batch: &DeliveryBatch, deadline: SystemTime) -> Vec<ProbeResult> {
        let deadline = Deadline::at(deadline);
        let probes = batch.alerts.iter().flat_map(|entry| {
            let deliveries = entry.deliveries.iter();
            deliveries.map(move |delivery| self.probe_one(entry, delivery, deadline))
        });
        join_all(probes).await
    }

    async fn probe_one(
        &self,
        entry: &AlertDeliveries,
        delivery: &Delivery,
        deadline: Deadline,
    ) -> ProbeResult {
        let (at, started) = (Timestamp::now(), Instant::now());
        let request = self.transport.time_limit(&delivery.settings);
        let outcome = match deadline.attempt_limit(request) {
            Some(limit) => self.attempt_probe(entry, delivery, at, limit).await,
            None => Outcome::transient(Failure::new(
                FailureKind::Internal,
                "there was no time left for an attempt",
            )),
        };
        ProbeResult {
            destination_id: delivery.destination_id,
            attempt: Attempt {
                number: 1,
                at,
                duration_ms: started.elapsed().as_millis() as u64,
                result: AttemptResult::from(outcome),
            },
        }
    }

    async fn attempt_probe(
        &self,
        entry: &AlertDeliveries,
        delivery: &Delivery,
        at: Timestamp,
        limit: Duration,
    ) -> Outcome {
        let (transport, context) = (&self.transport, &self.context);
        attempt_once(transport, context, entry, delivery, at, limit).await
    }
}
