//! From records of the alerts queue to consignments: parse, route, record.

use std::collections::BTreeMap;

use tocsin_aws::telemetry::{Counts, Metric};
use tocsin_aws::{AlertRecord, Message, Recorded};
use tocsin_core::Timestamp;
use tocsin_core::alert::{self, Alert};
use tocsin_core::delivery::{Delivery, Parcel};
use tocsin_core::destination::{Destinations, ProviderName};
use tocsin_core::routing::{Disposition, Routing, route};

use crate::hand_over::Consignment;
use crate::records::{FailedRecords, Record};
use crate::reject::{Reason, dead_letter};
use crate::router::Router;

/// A record that is an alert.
struct Arrived {
    message_id: String,
    alert: Alert,
}

/// An alert and where it goes.
struct Routed {
    message_id: String,
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
    ) -> Vec<Consignment> {
        if records.is_empty() {
            return Vec::new();
        }
        counts.add(Metric::AlertsReceived, records.len());
        let arrived = self.parse(records, counts, failed).await;
        if arrived.is_empty() {
            return Vec::new();
        }
        let destinations = match self.destinations.get().await {
            Ok(destinations) => destinations,
            Err(error) => {
                for one in arrived {
                    failed.add(&one.message_id, &error);
                }
                return Vec::new();
            }
        };
        let default = self.config.default_destination.as_deref();
        let routed = arrived
            .into_iter()
            .map(|Arrived { message_id, alert }| Routed {
                routing: route(&alert, &destinations, default),
                message_id,
                alert,
            })
            .collect();
        let recorded = self.record(routed, failed).await;
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
        let mut arrived = Vec::new();
        let mut rejected = Vec::new();
        for record in records {
            match alert::parse(&record.body) {
                Ok(alert) => arrived.push(Arrived {
                    message_id: record.message_id,
                    alert,
                }),
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
        self.reject(rejected, failed).await;
        arrived
    }

    /// Sends records that are no alerts to the dead-letter queue, with the reason.
    pub(crate) async fn reject(&self, rejected: Vec<(Record, Reason)>, failed: &mut FailedRecords) {
        let mut letters: Vec<(String, Message)> = Vec::new();
        for (record, reason) in rejected {
            tracing::warn!(
                message.id = record.message_id,
                reason = reason.code,
                detail = reason.detail,
                "the record is rejected and goes to the dead-letter queue"
            );
            match dead_letter(&record.message_id, &record.body, &reason) {
                Some(letter) => letters.push((record.message_id, letter)),
                None => failed.add(
                    &record.message_id,
                    &"there is no room beside its body for the reason of its rejection; SQS itself will move it to the dead-letter queue",
                ),
            }
        }
        let messages: Vec<_> = letters.iter().map(|(_, letter)| letter.clone()).collect();
        let sent = self.alerts_dlq.send(&messages).await;
        for ((message_id, _), sent) in letters.iter().zip(sent) {
            if let Err(error) = sent {
                failed.add(message_id, &error);
            }
        }
    }

    /// Records routed alerts. An alert that is known already keeps the routing
    /// decided first; one whose id is taken gets an id of its own and is
    /// recorded under that.
    async fn record(&self, routed: Vec<Routed>, failed: &mut FailedRecords) -> Vec<Routed> {
        let mut done = Vec::new();
        let mut rekeyed = Vec::new();
        for (one, recorded) in self.write(routed).await {
            match recorded {
                Ok(Recorded::New) => done.push(one),
                Ok(Recorded::Known(stored)) => done.push(Routed {
                    routing: stored.routing,
                    ..one
                }),
                Ok(Recorded::IdTaken) => rekeyed.push(Routed {
                    alert: one.alert.rekeyed(),
                    ..one
                }),
                Err(error) => failed.add(&one.message_id, &error),
            }
        }
        for (one, recorded) in self.write(rekeyed).await {
            match recorded {
                Ok(Recorded::New) => done.push(one),
                Ok(Recorded::Known(stored)) => done.push(Routed {
                    routing: stored.routing,
                    ..one
                }),
                // An id made of a digest of the alert cannot belong to another one.
                Ok(Recorded::IdTaken) => failed.add(&one.message_id, &"its own id is taken"),
                Err(error) => failed.add(&one.message_id, &error),
            }
        }
        done
    }

    async fn write(
        &self,
        routed: Vec<Routed>,
    ) -> Vec<(Routed, Result<Recorded, tocsin_aws::LedgerError>)> {
        if routed.is_empty() {
            return Vec::new();
        }
        let received_at = Timestamp::now();
        let records: Vec<_> = routed
            .iter()
            .map(|one| AlertRecord {
                alert: &one.alert,
                routing: &one.routing,
                received_at,
            })
            .collect();
        let recorded = self.ledger.record(&records).await;
        routed.into_iter().zip(recorded).collect()
    }
}

impl Routed {
    /// One consignment for each provider among the targets.
    fn consign(self, destinations: &Destinations, counts: &mut Counts) -> Vec<Consignment> {
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
            .map(|(provider, deliveries)| Consignment {
                message_id: self.message_id.clone(),
                provider,
                parcel: Parcel {
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
