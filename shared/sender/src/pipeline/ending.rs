//! Deliveries that end badly: who is told.
//!
//! The router is asked, through the retry queue, to raise a `SYSTEM_ERROR` alert,
//! at most one for a destination and hour; it reaches the destinations that list
//! that type. The failure of such an alert raises none, so that this cannot go in
//! circles.

use tocsin_aws::Message;
use tocsin_aws::Verdict;
use tocsin_core::Timestamp;
use tocsin_core::alert::{AlertType, own};
use tocsin_core::delivery::AttemptResult;
use tocsin_core::health::Health;

use super::order::Finished;
use super::{Report, Sender};
use crate::deliver::Deliver;
use tocsin_aws::telemetry::Metric;

impl<D: Deliver> Sender<D> {
    /// Counts canaries that arrived, and reports a destination whose deliveries
    /// ended badly.
    pub(super) async fn tell_of_bad_ends(&self, settled: &[Finished<'_>], report: &mut Report) {
        let canaries = settled.iter().filter(|one| one.is_canary_delivered());
        report.count(Metric::CanariesDelivered, canaries.count());
        let Some(one) = settled.iter().find(|one| one.is_to_be_reported()) else {
            return;
        };
        let id = one.order.delivery.destination_id;
        let due = |health: &Health| {
            let now = Timestamp::now();
            let next = health.report(now)?;
            Some((next.clone(), next))
        };
        let Some(health) = self.health.change(id, due).await else {
            return;
        };
        let AttemptResult::Failed(failure) = &one.attempt.result else {
            return;
        };
        let failing = own::Failing {
            destination_id: id,
            display_name: one.order.delivery.display_name.clone(),
            provider: self.provider.clone(),
            failing_since: health.failing_since,
            failure: failure.clone(),
            state: one.verdict.state(),
            alert_id: one.order.parcel.alert.alert_id.clone(),
            at: Timestamp::now(),
        };
        let message = Message::failing(failing);
        for sent in self.retry_queue.send(&[message]).await {
            match sent {
                Ok(()) => report.count(Metric::SystemErrorsRaised, 1),
                // What it would say is in the ledger, the metrics and the log.
                Err(error) => tracing::error!(
                    destination.id = %id,
                    %error,
                    "the SYSTEM_ERROR alert about this destination could not be raised"
                ),
            }
        }
    }
}

impl Finished<'_> {
    fn is_to_be_reported(&self) -> bool {
        let alert = &self.order.parcel.alert;
        matches!(self.verdict, Verdict::Failed | Verdict::Exhausted)
            // Somebody took the destination away, and knows.
            && self.order.delivery.withdrawn.is_none()
            && alert.alert_type != AlertType::SystemError
            && alert.detection_id != own::TEST
    }

    fn is_canary_delivered(&self) -> bool {
        self.verdict == Verdict::Delivered && self.order.parcel.alert.detection_id == own::CANARY
    }
}
