//! The alerts queue: parse the records, route the alerts, record both in the ledger.

use std::collections::HashSet;
use std::sync::Arc;

use tocsin_aws::telemetry::Metric;
use tocsin_aws::{
    AlertRecord, AwsError, DestinationCache, Ledger, LedgerError, Pulse, PutAlert, Queue,
};
use tocsin_core::Timestamp;
use tocsin_core::alert::{self, Alert};
use tocsin_core::destination::Destinations;
use tocsin_core::routing::{Disposition, Grown, Routing, route};
use tocsin_core::system_alert::{self, MessagesRejected};
use tracing::Span;

use crate::invocation::Invocation;
use crate::records::{FailedRecords, Record};
use crate::reject::{Rejection, reject};

/// Turns records of the alerts queue into recorded alerts.
pub(crate) struct AlertIntake<'a> {
    pub(crate) destinations: &'a DestinationCache,
    pub(crate) ledger: &'a Ledger,
    /// For records that are not alerts.
    pub(crate) dead_letter_queue: &'a Queue,
    /// The id or display name of the destination for high-severity alerts that no
    /// destination's filters match.
    pub(crate) default_destination: Option<&'a str>,
}

/// An alert, and the records that hold it: several when one batch has it twice.
struct ParsedAlert {
    message_ids: Vec<String>,
    sent_at: Timestamp,
    alert: Alert,
}

/// An alert with its routing.
#[derive(Debug)]
pub(crate) struct RoutedAlert {
    /// The records that hold it. SQS delivers these again if it cannot be processed.
    pub(crate) message_ids: Vec<String>,
    /// The alert.
    pub(crate) alert: Alert,
    /// Where it goes.
    pub(crate) routing: Routing,
}

/// What recording an alert came to.
enum Step {
    Recorded(RoutedAlert),
    /// A different alert has its id: it is recorded with a derived id next.
    Rekeyed(RoutedAlert),
    Failed,
}

/// The span of everything that is logged about an alert.
fn span(alert: &Alert) -> Span {
    tracing::error_span!(
        "alert",
        alert.id = alert.alert_id.as_str(),
        detection.id = alert.detection_id
    )
}

impl AlertIntake<'_> {
    /// The recorded alerts of these records, and the destinations that contain their
    /// targets. A failure of one record does not affect the others.
    pub(crate) async fn process(
        &self,
        records: Vec<Record>,
        invocation: &mut Invocation,
    ) -> Option<(Vec<RoutedAlert>, Arc<Destinations>)> {
        let counts = &mut invocation.counts;
        counts.add(Metric::AlertsReceived, records.len());
        let parsed = self.parse(records, invocation).await;
        self.take_in(parsed, invocation).await
    }

    /// The alerts about messages that this invocation rejected. No record holds them: one
    /// that cannot be recorded is raised again by the next rejection of its kind.
    pub(crate) async fn report_rejected(
        &self,
        invocation: &mut Invocation,
    ) -> Option<(Vec<RoutedAlert>, Arc<Destinations>)> {
        let now = Timestamp::now();
        let reasons = std::mem::take(&mut invocation.rejected);
        let raised = reasons.into_iter().filter_map(|reason| {
            let body = MessagesRejected { reason, at: now }.alert().to_string();
            let alert = alert::parse(&body)
                .inspect_err(|error| {
                    tracing::error!(%error, "a system alert is not an alert: {error}");
                })
                .ok()?;
            Some(ParsedAlert {
                message_ids: Vec::new(),
                sent_at: now,
                alert,
            })
        });
        let raised = raised.collect();
        self.take_in(raised, invocation).await
    }

    async fn take_in(
        &self,
        parsed: Vec<ParsedAlert>,
        invocation: &mut Invocation,
    ) -> Option<(Vec<RoutedAlert>, Arc<Destinations>)> {
        if parsed.is_empty() {
            return None;
        }
        let (routed, mut destinations) = match self.route(parsed).await {
            Ok(routed) => routed,
            Err((parsed, error)) => {
                for one in parsed {
                    let failed = &mut invocation.failed;
                    span(&one.alert).in_scope(|| failed.add_all(&one.message_ids, &error));
                }
                return None;
            }
        };
        let recorded = self.record(routed, invocation).await;
        // The routing of a duplicate was decided earlier, and may have targets that the
        // cached destinations lack.
        if recorded
            .iter()
            .any(|one| one.routing.lost_a_target(&destinations))
        {
            destinations = match self.destinations.get_fresh().await {
                Ok(fresh) => fresh,
                Err(error) => {
                    for one in recorded {
                        one.fail(&error, &mut invocation.failed);
                    }
                    return None;
                }
            };
        }
        self.record_canary(&recorded).await;
        for one in &recorded {
            span(&one.alert).in_scope(|| one.log());
            if one.routing.disposition == Disposition::Unrouted {
                invocation.counts.add(Metric::AlertsUnrouted, 1);
            }
        }
        Some((recorded, destinations))
    }

    /// A canary that is recorded is a sign of life. Whether it arrives, its delivery says.
    async fn record_canary(&self, recorded: &[RoutedAlert]) {
        let mut alerts = recorded.iter().map(|one| &one.alert);
        let Some(canary) = alerts.find(|alert| alert.detection_id == system_alert::CANARY) else {
            return;
        };
        let id = Some(&canary.alert_id);
        let written = self
            .ledger
            .record_pulse(Pulse::Canary, id, Timestamp::now());
        if let Err(error) = written.await {
            tracing::warn!(%error, "the canary's sign of life was not recorded: {error}");
        }
    }

    async fn parse(&self, records: Vec<Record>, invocation: &mut Invocation) -> Vec<ParsedAlert> {
        let mut parsed: Vec<ParsedAlert> = Vec::new();
        let mut rejected = Vec::new();
        for record in records {
            match alert::parse_sent(&record.body, record.sent_at) {
                Ok(alert) => match parsed.iter_mut().find(|one| one.alert == alert) {
                    Some(same) => same.message_ids.push(record.message_id),
                    None => parsed.push(ParsedAlert {
                        message_ids: vec![record.message_id],
                        sent_at: record.sent_at,
                        alert,
                    }),
                },
                Err(error) => {
                    let rejection = Rejection {
                        code: error.code(),
                        detail: error.to_string(),
                    };
                    rejected.push((record, rejection));
                }
            }
        }
        invocation
            .counts
            .add(Metric::AlertsRejected, rejected.len());
        reject(self.dead_letter_queue, rejected, invocation).await;
        parsed
    }

    /// Routes each alert by the cached destinations. One that names a destination which
    /// these do not have is routed again by destinations that are at least as new as
    /// the alert.
    async fn route(
        &self,
        parsed: Vec<ParsedAlert>,
    ) -> Result<(Vec<RoutedAlert>, Arc<Destinations>), (Vec<ParsedAlert>, AwsError)> {
        let mut destinations = match self.destinations.get().await {
            Ok(cached) => cached,
            Err(error) => return Err((parsed, error)),
        };
        let route = |alert: &Alert, destinations: &Destinations| {
            route(alert, destinations, self.default_destination)
        };
        let mut routings: Vec<_> = parsed
            .iter()
            .map(|one| route(&one.alert, &destinations))
            .collect();
        let missing = parsed.iter().zip(&routings);
        let missing = missing.filter(|(_, routing)| routing.misses_a_destination());
        if let Some(sent_at) = missing.map(|(one, _)| one.sent_at).max() {
            destinations = match self.destinations.get_since(sent_at).await {
                Ok(fresh) => fresh,
                Err(error) => return Err((parsed, error)),
            };
            for (one, routing) in parsed.iter().zip(&mut routings) {
                if routing.misses_a_destination() {
                    *routing = route(&one.alert, &destinations);
                }
            }
        }
        let routed = parsed.into_iter().zip(routings);
        let routed = routed.map(|(parsed, routing)| RoutedAlert {
            message_ids: parsed.message_ids,
            alert: parsed.alert,
            routing,
        });
        Ok((routed.collect(), destinations))
    }

    /// Records routed alerts. Two alerts with one id must not share a call, because
    /// `DynamoDB` runs its statements in no particular order: the second waits for the
    /// first.
    async fn record(
        &self,
        routed: Vec<RoutedAlert>,
        invocation: &mut Invocation,
    ) -> Vec<RoutedAlert> {
        let mut recorded = Vec::new();
        let mut waiting = routed;
        while !waiting.is_empty() {
            let mut ids = HashSet::new();
            let (now, later): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|one| ids.insert(one.alert.alert_id.clone()));
            waiting = later;
            let received_at = Timestamp::now();
            let records: Vec<_> = now
                .iter()
                .map(|one| AlertRecord {
                    alert: &one.alert,
                    routing: &one.routing,
                    received_at,
                })
                .collect();
            let results = self.ledger.record(&records).await;
            for (one, result) in now.into_iter().zip(results) {
                match self.finish(one, result, invocation).await {
                    Step::Recorded(one) => recorded.push(one),
                    Step::Rekeyed(one) => waiting.push(one),
                    Step::Failed => {}
                }
            }
        }
        recorded
    }

    /// A duplicate keeps the routing that was decided first, with the targets that are
    /// new. An alert whose id belongs to a different alert gets a derived id.
    async fn finish(
        &self,
        one: RoutedAlert,
        result: Result<PutAlert, LedgerError>,
        invocation: &mut Invocation,
    ) -> Step {
        let failed = &mut invocation.failed;
        match result {
            Ok(PutAlert::Created) => Step::Recorded(one),
            Ok(PutAlert::Duplicate(stored)) => {
                let mut routing = stored.routing;
                if routing.add_targets(&one.routing) == Grown::Yes {
                    let updated = self.ledger.update_routing(&one.alert.alert_id, &routing);
                    if let Err(error) = updated.await {
                        one.fail(&error, failed);
                        return Step::Failed;
                    }
                    invocation.counts.add(Metric::AlertsTargetsAdded, 1);
                }
                Step::Recorded(RoutedAlert { routing, ..one })
            }
            // A derived id contains a digest of its alert: no other alert has it.
            Ok(PutAlert::IdConflict) if one.alert.is_update() => {
                one.fail(&"a different alert has its derived id", failed);
                Step::Failed
            }
            Ok(PutAlert::IdConflict) => Step::Rekeyed(RoutedAlert {
                alert: one.alert.with_derived_id(),
                ..one
            }),
            Err(error) => {
                one.fail(&error, failed);
                Step::Failed
            }
        }
    }
}

impl RoutedAlert {
    /// Has SQS deliver the alert's records again.
    pub(crate) fn fail(&self, why: &dyn std::fmt::Display, failed: &mut FailedRecords) {
        span(&self.alert).in_scope(|| failed.add_all(&self.message_ids, why));
    }

    fn log(&self) {
        let id = &self.alert.alert_id;
        let targets: Vec<_> = self
            .routing
            .targets
            .iter()
            .map(|target| target.display_name.as_str())
            .collect();
        tracing::info!(
            severity = self.routing.severity.as_str(),
            disposition = %self.routing.disposition,
            targets = targets.join(", "),
            "alert {id} was routed to {} destination(s)",
            targets.len()
        );
        for warning in &self.routing.warnings {
            tracing::warn!(%warning, "routing alert {id} found a problem: {warning}");
        }
        if !self.alert.notes.is_empty() {
            tracing::warn!(
                notes = serde_json::to_string(&self.alert.notes).unwrap_or_default(),
                "alert {id} was normalized on receipt"
            );
        }
    }
}
