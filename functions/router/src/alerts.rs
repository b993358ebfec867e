//! The alerts queue: parse the records, route the alerts, record both in the ledger.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use tocsin_aws::telemetry::{Counts, Metric};
use tocsin_aws::{AlertRecord, AwsError, DestinationCache, Ledger, LedgerError, PutAlert, Queue};
use tocsin_core::Timestamp;
use tocsin_core::alert::{self, Alert};
use tocsin_core::delivery::{AlertDeliveries, Delivery};
use tocsin_core::destination::{Destinations, ProviderName};
use tocsin_core::routing::{Disposition, Routing, route};
use tracing::Span;

use crate::dispatch::RoutedDeliveries;
use crate::records::{FailedRecords, Record};
use crate::reject::{Rejection, reject};

/// Turns records of the alerts queue into deliveries.
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
struct RoutedAlert {
    message_ids: Vec<String>,
    alert: Alert,
    routing: Routing,
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
    /// The deliveries of these records. A failure of one record does not affect the
    /// others.
    pub(crate) async fn process(
        &self,
        records: Vec<Record>,
        counts: &mut Counts,
        failed: &mut FailedRecords,
    ) -> Vec<RoutedDeliveries> {
        if records.is_empty() {
            return Vec::new();
        }
        counts.add(Metric::AlertsReceived, records.len());
        let parsed = self.parse(records, counts, failed).await;
        if parsed.is_empty() {
            return Vec::new();
        }
        let (routings, mut destinations) = match self.route(&parsed).await {
            Ok(routed) => routed,
            Err(error) => {
                for one in parsed {
                    span(&one.alert).in_scope(|| failed.add_all(&one.message_ids, &error));
                }
                return Vec::new();
            }
        };
        let routed = parsed.into_iter().zip(routings);
        let routed = routed.map(|(parsed, routing)| RoutedAlert {
            message_ids: parsed.message_ids,
            alert: parsed.alert,
            routing,
        });
        let recorded = self.record(routed.collect(), failed).await;
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
                        one.fail(&error, failed);
                    }
                    return Vec::new();
                }
            };
        }
        recorded
            .into_iter()
            .flat_map(|one| one.into_deliveries(&destinations, counts))
            .collect()
    }

    async fn parse(
        &self,
        records: Vec<Record>,
        counts: &mut Counts,
        failed: &mut FailedRecords,
    ) -> Vec<ParsedAlert> {
        let mut parsed: Vec<ParsedAlert> = Vec::new();
        let mut rejected = Vec::new();
        for record in records {
            match alert::parse(&record.body) {
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
        counts.add(Metric::AlertsRejected, rejected.len());
        reject(self.dead_letter_queue, rejected, failed).await;
        parsed
    }

    /// Routes alerts by the cached destinations. When an alert names a destination that
    /// the cache does not have, all are routed by destinations that are at least as new
    /// as that alert.
    async fn route(
        &self,
        parsed: &[ParsedAlert],
    ) -> Result<(Vec<Routing>, Arc<Destinations>), AwsError> {
        let route_all = |destinations: &Destinations| -> Vec<_> {
            parsed
                .iter()
                .map(|one| route(&one.alert, destinations, self.default_destination))
                .collect()
        };
        let cached = self.destinations.get().await?;
        let routings = route_all(&cached);
        let Some(sent_at) = parsed
            .iter()
            .zip(&routings)
            .filter(|(_, routing)| routing.misses_a_destination())
            .map(|(one, _)| one.sent_at)
            .max()
        else {
            return Ok((routings, cached));
        };
        let fresh = self.destinations.get_since(sent_at).await?;
        Ok((route_all(&fresh), fresh))
    }

    /// Records routed alerts. A duplicate keeps the routing that was decided first. An
    /// alert whose id belongs to a different alert is recorded with a derived id.
    async fn record(
        &self,
        routed: Vec<RoutedAlert>,
        failed: &mut FailedRecords,
    ) -> Vec<RoutedAlert> {
        let mut recorded = Vec::new();
        let mut with_derived_id = Vec::new();
        for (one, result) in self.write(routed).await {
            match result {
                Ok(PutAlert::Created) => recorded.push(one),
                Ok(PutAlert::Duplicate(stored)) => recorded.push(RoutedAlert {
                    routing: stored.routing,
                    ..one
                }),
                Ok(PutAlert::IdConflict) => with_derived_id.push(RoutedAlert {
                    alert: one.alert.with_derived_id(),
                    ..one
                }),
                Err(error) => one.fail(&error, failed),
            }
        }
        for (one, result) in self.write(with_derived_id).await {
            match result {
                Ok(PutAlert::Created) => recorded.push(one),
                Ok(PutAlert::Duplicate(stored)) => recorded.push(RoutedAlert {
                    routing: stored.routing,
                    ..one
                }),
                // A derived id contains a digest of its alert: no other alert has it.
                Ok(PutAlert::IdConflict) => {
                    one.fail(&"a different alert has its derived id", failed);
                }
                Err(error) => one.fail(&error, failed),
            }
        }
        recorded
    }

    /// Writes alerts to the ledger. Two alerts with one id must not share a call,
    /// because `DynamoDB` runs its statements in no particular order: the second waits
    /// for the first.
    async fn write(
        &self,
        routed: Vec<RoutedAlert>,
    ) -> Vec<(RoutedAlert, Result<PutAlert, LedgerError>)> {
        let mut written = Vec::new();
        let mut waiting = routed;
        while !waiting.is_empty() {
            let mut ids = HashSet::new();
            let (now, later): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|one| ids.insert(one.alert.alert_id.clone()));
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
            written.extend(now.into_iter().zip(results));
            waiting = later;
        }
        written
    }
}

impl RoutedAlert {
    /// Has SQS deliver the alert's records again.
    fn fail(&self, why: &dyn std::fmt::Display, failed: &mut FailedRecords) {
        span(&self.alert).in_scope(|| failed.add_all(&self.message_ids, why));
    }

    /// The alert's deliveries, one entry for each provider among the targets.
    fn into_deliveries(
        self,
        destinations: &Destinations,
        counts: &mut Counts,
    ) -> Vec<RoutedDeliveries> {
        span(&self.alert).in_scope(|| self.log());
        if self.routing.disposition == Disposition::Unrouted {
            counts.add(Metric::AlertsUnrouted, 1);
        }
        let mut by_provider: BTreeMap<ProviderName, Vec<Delivery>> = BTreeMap::new();
        for target in &self.routing.targets {
            let destination = destinations.get(target.destination_id);
            by_provider
                .entry(target.provider.clone())
                .or_default()
                .push(Delivery::first(target, destination));
        }
        by_provider
            .into_iter()
            .map(|(provider, deliveries)| RoutedDeliveries {
                message_ids: self.message_ids.clone(),
                provider,
                entry: AlertDeliveries {
                    alert: self.alert.clone(),
                    severity: self.routing.severity,
                    deliveries,
                },
            })
            .collect()
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
