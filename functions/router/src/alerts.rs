//! From records of the alerts queue to consignments: parse, route, record.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use tocsin_aws::telemetry::{Counts, Metric};
use tocsin_aws::{AlertRecord, AwsError, LedgerError, PutAlert};
use tocsin_core::Timestamp;
use tocsin_core::alert::{self, Alert};
use tocsin_core::delivery::{AlertDeliveries, Delivery};
use tocsin_core::destination::{Destinations, ProviderName};
use tocsin_core::routing::{Disposition, Routing, route};

use crate::dispatch::RoutedDeliveries;
use crate::records::{FailedRecords, Record};
use crate::reject::{Reason, reject};
use crate::router::Router;

/// An alert, and the records that hold it: more than one when a message came
/// twice in one batch.
struct Arrived {
    message_ids: Vec<String>,
    sent_at: Timestamp,
    alert: Alert,
}

/// An alert and where it goes.
struct Routed {
    message_ids: Vec<String>,
    alert: Alert,
    routing: Routing,
}

impl Router {
    /// Turns records into consignments; whatever goes wrong with one concerns
    /// that one only.
    pub(crate) async fn take_alerts(
        &self,
        records: Vec<Record>,
        counts: &mut Counts,
        failed: &mut FailedRecords,
    ) -> Vec<RoutedDeliveries> {
        if records.is_empty() {
            return Vec::new();
        }
        counts.add(Metric::AlertsReceived, records.len());
        let arrived = self.parse(records, counts, failed).await;
        if arrived.is_empty() {
            return Vec::new();
        }
        let (routed, destinations) = match self.route(&arrived).await {
            Ok(routed) => routed,
            Err(error) => {
                for one in arrived {
                    failed.add_all(&one.message_ids, &error);
                }
                return Vec::new();
            }
        };
        let routed = arrived
            .into_iter()
            .zip(routed)
            .map(|(arrived, routing)| Routed {
                message_ids: arrived.message_ids,
                alert: arrived.alert,
                routing,
            })
            .collect();
        let recorded = self.record(routed, failed).await;
        // A routing of an earlier time may know what the copy does not.
        let mut destinations = destinations;
        if recorded
            .iter()
            .any(|one| one.routing.lost_a_target(&destinations))
        {
            destinations = match self.destinations.get_fresh().await {
                Ok(fresh) => fresh,
                Err(error) => {
                    for one in recorded {
                        failed.add_all(&one.message_ids, &error);
                    }
                    return Vec::new();
                }
            };
        }
        recorded
            .into_iter()
            .flat_map(|one| one.consign(&destinations, counts))
            .collect()
    }

    async fn parse(
        &self,
        records: Vec<Record>,
        counts: &mut Counts,
        failed: &mut FailedRecords,
    ) -> Vec<Arrived> {
        let mut arrived: Vec<Arrived> = Vec::new();
        let mut rejected = Vec::new();
        for record in records {
            match alert::parse(&record.body) {
                Ok(alert) => match arrived.iter_mut().find(|one| one.alert == alert) {
                    Some(same) => same.message_ids.push(record.message_id),
                    None => arrived.push(Arrived {
                        message_ids: vec![record.message_id],
                        sent_at: record.sent_at,
                        alert,
                    }),
                },
                Err(error) => {
                    let reason = Reason {
                        code: error.code(),
                        detail: error.to_string(),
                    };
                    rejected.push((record, reason));
                }
            }
        }
        counts.add(Metric::AlertsRejected, rejected.len());
        reject(&self.alerts_dlq, rejected, failed).await;
        arrived
    }

    /// Routes alerts by the cached destinations; if one misses something there, by
    /// those that there were when it was sent, or later.
    async fn route(
        &self,
        arrived: &[Arrived],
    ) -> Result<(Vec<Routing>, Arc<Destinations>), AwsError> {
        let default = self.config.default_destination.as_deref();
        let by = |destinations: &Destinations| -> Vec<_> {
            let alerts = arrived.iter();
            alerts
                .map(|one| route(&one.alert, destinations, default))
                .collect()
        };
        let cached = self.destinations.get().await?;
        let routed = by(&cached);
        let missing = arrived.iter().zip(&routed);
        let Some(sent_at) = missing
            .filter(|(_, routing)| routing.misses_a_destination())
            .map(|(one, _)| one.sent_at)
            .max()
        else {
            return Ok((routed, cached));
        };
        let fresh = self.destinations.get_since(sent_at).await?;
        Ok((by(&fresh), fresh))
    }

    /// Records routed alerts. An alert that is known already keeps the routing
    /// decided first; one whose id is taken gets an id of its own and is
    /// recorded under that.
    async fn record(&self, routed: Vec<Routed>, failed: &mut FailedRecords) -> Vec<Routed> {
        let mut done = Vec::new();
        let mut with_derived_id = Vec::new();
        for (one, recorded) in self.write(routed).await {
            match recorded {
                Ok(PutAlert::Created) => done.push(one),
                Ok(PutAlert::Duplicate(stored)) => done.push(Routed {
                    routing: stored.routing,
                    ..one
                }),
                Ok(PutAlert::IdConflict) => with_derived_id.push(Routed {
                    alert: one.alert.with_derived_id(),
                    ..one
                }),
                Err(error) => failed.add_all(&one.message_ids, &error),
            }
        }
        for (one, recorded) in self.write(with_derived_id).await {
            match recorded {
                Ok(PutAlert::Created) => done.push(one),
                Ok(PutAlert::Duplicate(stored)) => done.push(Routed {
                    routing: stored.routing,
                    ..one
                }),
                // An id made of a digest of the alert cannot belong to another one.
                Ok(PutAlert::IdConflict) => {
                    failed.add_all(&one.message_ids, &"its own id is taken");
                }
                Err(error) => failed.add_all(&one.message_ids, &error),
            }
        }
        done
    }

    /// Records alerts. Two under one id must not travel in one call, since DynamoDB
    /// carries its statements out in no certain order: the second waits for the first.
    async fn write(&self, routed: Vec<Routed>) -> Vec<(Routed, Result<PutAlert, LedgerError>)> {
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
            let recorded = self.ledger.record(&records).await;
            written.extend(now.into_iter().zip(recorded));
            waiting = later;
        }
        written
    }
}

impl Routed {
    /// One consignment for each provider among the targets.
    fn consign(self, destinations: &Destinations, counts: &mut Counts) -> Vec<RoutedDeliveries> {
        self.log();
        if self.routing.disposition == Disposition::Unrouted {
            counts.add(Metric::AlertsUnrouted, 1);
        }
        let mut by_provider: BTreeMap<ProviderName, Vec<Delivery>> = BTreeMap::new();
        for target in &self.routing.targets {
            by_provider
                .entry(target.provider.clone())
                .or_default()
                .push(Delivery::first(
                    target,
                    destinations.get(target.destination_id),
                ));
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
        let targets: Vec<_> = self
            .routing
            .targets
            .iter()
            .map(|target| target.display_name.as_str())
            .collect();
        tracing::info!(
            alert.id = self.alert.alert_id.as_str(),
            detection.id = self.alert.detection_id,
            severity = self.routing.severity.as_str(),
            disposition = %self.routing.disposition,
            targets = targets.join(", "),
            "the alert is routed"
        );
        for warning in &self.routing.warnings {
            tracing::warn!(
                alert.id = self.alert.alert_id.as_str(),
                detection.id = self.alert.detection_id,
                %warning,
                "routing met something that should be mended"
            );
        }
        if !self.alert.notes.is_empty() {
            tracing::warn!(
                alert.id = self.alert.alert_id.as_str(),
                notes = serde_json::to_string(&self.alert.notes).unwrap_or_default(),
                "the alert was mended on its way in"
            );
        }
    }
}
