//! Reporting destinations that do not accept deliveries, and counting canaries.
//!
//! A sender asks the router, through the retry queue, to raise a `SYSTEM_ERROR` alert
//! when a delivery failed or is exhausted, when a person must fix the destination, or
//! when nothing has been accepted for 15 minutes: at most once an hour for each
//! destination, and once for refused messages. The alert reaches the destinations that list that type. A failed
//! delivery of such an alert raises none, so that there is no endless chain of them.

use std::time::Duration;

use tocsin_aws::Message;
use tocsin_aws::telemetry::Metric;
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertType;
use tocsin_core::delivery::settlement::NewState;
use tocsin_core::destination::ProviderName;
use tocsin_core::health::FailureReport;
use tocsin_core::outcome::Failure;
use tocsin_core::system_alert;

use super::breakers::Breakers;
use super::decide::DecidedTask;
use super::invocation::Invocation;
use super::retry_queue::RetryQueue;

/// A canary that takes longer proves that deliveries are late: it is not counted.
const MAX_CANARY_AGE: Duration = Duration::from_mins(3);

#[derive(Clone, Copy)]
pub(super) struct Reports<'a> {
    pub(super) invocation: &'a Invocation,
    pub(super) retry_queue: RetryQueue<'a>,
    pub(super) breakers: Breakers<'a>,
    pub(super) provider: &'a ProviderName,
    pub(super) canary_destination: Option<&'a str>,
}

impl Reports<'_> {
    /// Counts canaries that arrived in time, and reports failing destinations.
    pub(super) async fn report(&self, settled: &[DecidedTask<'_>]) {
        let canaries = settled.iter().filter(|one| self.is_canary_in_time(one));
        self.invocation
            .count(Metric::CanariesDelivered, canaries.count());
        let reportable = |one| Some((one, reportable_failure(one)?));
        for (one, failure) in settled.iter().filter_map(reportable) {
            let health = self.breakers.health(one.task.delivery.destination_id);
            if one.has_failed()
                || failure.kind.is_curable()
                || health.is_long_failing(Timestamp::now())
            {
                self.raise_alert(one, failure).await;
            }
        }
    }

    async fn raise_alert(&self, one: &DecidedTask<'_>, failure: &Failure) {
        let id = one.task.delivery.destination_id;
        let report = FailureReport::about(failure.kind);
        let Some(health) = self.breakers.begin_report(id, report).await else {
            return;
        };
        let failing = system_alert::DestinationFailing {
            destination_id: id,
            display_name: one.task.delivery.display_name.clone(),
            provider: self.provider.clone(),
            failing_since: health.failing_since,
            failure: failure.clone(),
            state: one.settlement.new_state.state(),
            alert_id: one.task.entry.alert.alert_id.clone(),
            at: Timestamp::now(),
        };
        for sent in self.retry_queue.send(&[Message::failing(failing)]).await {
            match sent {
                Ok(()) => self.invocation.count(Metric::SystemErrorsRaised, 1),
                // What the alert would say is in the ledger, the metrics and the log.
                Err(error) => one.task.span.in_scope(|| {
                    tracing::error!(
                        %error,
                        "the SYSTEM_ERROR alert about destination {} could not be raised: {error}",
                        one.task.destination_name()
                    );
                }),
            }
        }
    }

    fn is_canary_in_time(&self, one: &DecidedTask<'_>) -> bool {
        let (alert, delivery) = (&one.task.entry.alert, one.task.delivery);
        one.settlement.new_state == NewState::Delivered
            && alert.detection_id == system_alert::CANARY
            && Timestamp::now().since(alert.created_at) <= MAX_CANARY_AGE
            // Where the canary's destination was deleted, routing picks another one.
            && self.canary_destination.is_some_and(|name| {
                name == delivery.display_name || name == delivery.destination_id.to_string()
            })
    }
}

/// The failure of an attempt, where a person should hear of it.
fn reportable_failure<'t>(one: &'t DecidedTask<'_>) -> Option<&'t Failure> {
    let alert = &one.task.entry.alert;
    // The person who removed the destination knows about it already.
    let reportable = one.task.delivery.removed.is_none()
        && alert.alert_type != AlertType::SystemError
        && alert.detection_id != system_alert::TEST;
    one.failure().filter(|_| reportable)
}
