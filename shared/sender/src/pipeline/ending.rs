//! Destinations that deliveries do not reach: who is told.
//!
//! The router is asked, through the retry queue, to raise a `SYSTEM_ERROR` alert:
//! when a delivery ended badly, or when nothing has arrived for a quarter of an
//! hour. At most once an hour for each destination (and once for refused messages);
//! it reaches the destinations that list that type. The failure of such an alert
//! raises none, so that this cannot go in circles.

use std::time::Duration;

use tocsin_aws::Message;
use tocsin_aws::telemetry::Metric;
use tocsin_core::Timestamp;
use tocsin_core::alert::{AlertType, system_alert};
use tocsin_core::delivery::AttemptResult;
use tocsin_core::delivery::settlement::NewState;
use tocsin_core::health::{Complaint, Health};
use tocsin_core::outcome::Failure;

use super::budget::Budget;
use super::order::Finished;
use super::{Report, Sender};
use crate::transport::Transport;

/// A canary that arrives later proves that something waits: it is not counted.
const CANARY_IN_TIME: Duration = Duration::from_mins(3);

impl<D: Transport> Sender<D> {
    /// Counts canaries that arrived in time, and reports a destination that
    /// deliveries do not reach.
    pub(super) async fn tell_of_bad_ends(
        &self,
        settled: &[Finished<'_>],
        budget: Budget,
        report: &mut Report,
    ) {
        let canaries = settled.iter().filter(|one| self.is_canary_in_time(one));
        report.count(Metric::CanariesDelivered, canaries.count());
        for (one, failure) in settled
            .iter()
            .filter_map(|one| Some((one, one.complaint()?)))
        {
            let id = one.order.delivery.destination_id;
            let long_failing = self.health.of(id).is_long_failing(Timestamp::now());
            if one.has_ended_badly() || long_failing {
                self.raise(one, failure, budget, report).await;
            }
        }
    }

    async fn raise(
        &self,
        one: &Finished<'_>,
        failure: &Failure,
        budget: Budget,
        report: &mut Report,
    ) {
        let id = one.order.delivery.destination_id;
        let complaint = Complaint::about(failure.kind);
        let due = |health: &Health| {
            let next = health.report(complaint, Timestamp::now())?;
            Some((next.clone(), next))
        };
        // Most often it was made within the hour, which costs no call.
        let change = self.health.change(id, due);
        let Ok(Some(health)) = tokio::time::timeout(budget.advice(), change).await else {
            return;
        };
        let failing = system_alert::DestinationFailing {
            destination_id: id,
            display_name: one.order.delivery.display_name.clone(),
            provider: self.provider.clone(),
            failing_since: health.failing_since,
            failure: failure.clone(),
            state: one.verdict.state(),
            alert_id: one.order.entry.alert.alert_id.clone(),
            at: Timestamp::now(),
        };
        for sent in self.queue(&[Message::failing(failing)], budget).await {
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

    fn is_canary_in_time(&self, one: &Finished<'_>) -> bool {
        let (alert, delivery) = (&one.order.entry.alert, one.order.delivery);
        let wanted = self.config.canary_destination.as_deref();
        one.verdict == NewState::Delivered
            && alert.detection_id == system_alert::CANARY
            && Timestamp::now().since(alert.created_at) <= CANARY_IN_TIME
            // Where its destination is gone, routing sends it elsewhere.
            && wanted.is_some_and(|name| {
                name == delivery.display_name || name == delivery.destination_id.to_string()
            })
    }
}

impl Finished<'_> {
    fn has_ended_badly(&self) -> bool {
        matches!(self.verdict, NewState::Failed | NewState::Exhausted)
    }

    /// What went wrong, where anybody wants to hear of it.
    fn complaint(&self) -> Option<&Failure> {
        let alert = &self.order.entry.alert;
        let AttemptResult::Failed(failure) = &self.attempt.result else {
            return None;
        };
        // Somebody took the destination away, and knows.
        let wanted = self.order.delivery.removed.is_none()
            && alert.alert_type != AlertType::SystemError
            && alert.detection_id != system_alert::TEST;
        wanted.then_some(failure)
    }
}
