//! From records of the retry queue to consignments: one delivery each, with the
//! alert from the ledger and the destination as it is now.

use std::collections::HashMap;
use std::time::Duration;

use tocsin_aws::{Message, StoredAlert};
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::{Delivery, Parcel, Retry};
use tocsin_core::destination::Destinations;

use crate::hand_over::Consignment;
use crate::records::{FailedRecords, Record};
use crate::reject::{Reason, reject};
use crate::router::Router;

/// SQS counts delays in whole seconds; what comes this much early is due.
const TOLERANCE: Duration = Duration::from_secs(1);

/// A record that is a retry.
struct Wanted {
    message_id: String,
    body: String,
    retry: Retry,
}

impl Router {
    /// Turns records into consignments; whatever goes wrong with one concerns
    /// that one only.
    pub(crate) async fn take_retries(
        &self,
        records: Vec<Record>,
        failed: &mut FailedRecords,
    ) -> Vec<Consignment> {
        if records.is_empty() {
            return Vec::new();
        }
        let wanted = self.read(records, failed).await;
        let now = Timestamp::now();
        let (early, due): (Vec<_>, Vec<_>) = wanted
            .into_iter()
            .partition(|one| one.retry.due.since(now) > TOLERANCE);
        self.send_round_again(early, now, failed).await;
        self.take_due(due, failed).await
    }

    async fn read(&self, records: Vec<Record>, failed: &mut FailedRecords) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        let mut rejected = Vec::new();
        for record in records {
            match serde_json::from_str(&record.body) {
                Ok(retry) => wanted.push(Wanted {
                    message_id: record.message_id,
                    body: record.body,
                    retry,
                }),
                Err(error) => {
                    let reason = Reason {
                        code: "NotARetry",
                        detail: format!("only senders put messages on the retry queue: {error}"),
                    };
                    rejected.push((record, reason));
                }
            }
        }
        reject(&self.retry_dlq, rejected, failed).await;
        wanted
    }

    /// SQS delays 15 minutes at most, so longer waits come by early.
    async fn send_round_again(
        &self,
        early: Vec<Wanted>,
        now: Timestamp,
        failed: &mut FailedRecords,
    ) {
        let messages: Vec<_> = early
            .iter()
            .map(|one| Message::retry(&one.retry, now))
            .collect();
        let sent = self.retry_queue.send(&messages).await;
        for (one, sent) in early.iter().zip(sent) {
            if let Err(error) = sent {
                failed.add(&one.message_id, &error);
            }
        }
    }

    async fn take_due(&self, due: Vec<Wanted>, failed: &mut FailedRecords) -> Vec<Consignment> {
        if due.is_empty() {
            return Vec::new();
        }
        let ids: Vec<_> = due.iter().map(|one| one.retry.alert_id.clone()).collect();
        let read = futures::future::join(self.ledger.alerts(&ids), self.destinations.get()).await;
        let (stored, destinations) = match read {
            (Ok(stored), Ok(destinations)) => (stored, destinations),
            (Err(error), _) => {
                for one in &due {
                    failed.add(&one.message_id, &error);
                }
                return Vec::new();
            }
            (_, Err(error)) => {
                for one in &due {
                    failed.add(&one.message_id, &error);
                }
                return Vec::new();
            }
        };
        let mut consignments = Vec::new();
        let mut rejected = Vec::new();
        for one in due {
            match one.consign(&stored, &destinations) {
                Ok(consignment) => consignments.push(consignment),
                Err((record, reason)) => rejected.push((record, reason)),
            }
        }
        reject(&self.retry_dlq, rejected, failed).await;
        consignments
    }
}

impl Wanted {
    fn consign(
        self,
        stored: &HashMap<AlertId, StoredAlert>,
        destinations: &Destinations,
    ) -> Result<Consignment, (Record, Reason)> {
        let Some(stored) = stored.get(&self.retry.alert_id) else {
            return Err(self.reject("AlertExpired", "the alert is not in the ledger any more"));
        };
        let id = self.retry.destination_id;
        let targets = &stored.routing.targets;
        let Some(target) = targets.iter().find(|target| target.destination_id == id) else {
            return Err(self.reject("NotATarget", "the alert was not routed to this destination"));
        };
        let destination = destinations.get(id);
        Ok(Consignment {
            provider: target.provider.clone(),
            parcel: Parcel {
                alert: stored.alert.clone(),
                severity: stored.routing.severity,
                deliveries: vec![Delivery::again(target, destination, &self.retry)],
            },
            message_ids: vec![self.message_id],
        })
    }

    fn reject(self, code: &'static str, detail: &str) -> (Record, Reason) {
        let record = Record {
            message_id: self.message_id,
            body: self.body,
        };
        let reason = Reason {
            code,
            detail: detail.to_owned(),
        };
        (record, reason)
    }
}
