//! From records of the retry queue to consignments: one delivery each, with the
//! alert from the ledger and the destination as it is now.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tocsin_aws::{LedgerError, Message};
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::{AlertDeliveries, Delivery, Retry};
use tocsin_core::destination::{Destinations, Enabled};
use tocsin_core::history::StoredAlert;
use tocsin_core::routing::Target;

use crate::dispatch::RoutedDeliveries;
use crate::records::{FailedRecords, Record};
use crate::reject::{Reason, reject};
use crate::router::Router;

/// SQS counts delays in whole seconds; what comes this much early is due.
const TOLERANCE: Duration = Duration::from_secs(1);

/// An alert in the ledger, or why it cannot be read.
type Found = Result<StoredAlert, LedgerError>;

/// A record that is a retry.
struct Wanted {
    message_id: String,
    body: String,
    sent_at: Timestamp,
    retry: Retry,
}

impl Router {
    /// Turns records into consignments; whatever goes wrong with one concerns
    /// that one only.
    pub(crate) async fn take_retries(
        &self,
        records: Vec<Record>,
        failed: &mut FailedRecords,
    ) -> Vec<RoutedDeliveries> {
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
                    sent_at: record.sent_at,
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

    async fn take_due(
        &self,
        due: Vec<Wanted>,
        failed: &mut FailedRecords,
    ) -> Vec<RoutedDeliveries> {
        if due.is_empty() {
            return Vec::new();
        }
        let (stored, destinations) = match self.look_up(&due).await {
            Ok(found) => found,
            Err(error) => {
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

impl Router {
    /// The alerts of these retries, and destinations fresh enough to give one up.
    async fn look_up(
        &self,
        due: &[Wanted],
    ) -> Result<(HashMap<AlertId, Found>, Arc<Destinations>), LedgerError> {
        let ids: Vec<_> = due.iter().map(|one| one.retry.alert_id.clone()).collect();
        let (stored, destinations) =
            futures::future::join(self.ledger.alerts(&ids), self.destinations.get()).await;
        let (stored, destinations) = (stored?, destinations?);
        let unusable = |one: &Wanted| {
            let found = destinations.get(one.retry.destination_id);
            found.is_none_or(|destination| destination.enabled == Enabled::No)
        };
        let lost = |found: &Found| {
            found
                .as_ref()
                .is_ok_and(|stored| stored.routing.lost_a_target(&destinations))
        };
        if stored.values().any(lost) || due.iter().any(unusable) {
            return Ok((stored, self.destinations.get_fresh().await?));
        }
        Ok((stored, destinations))
    }
}

impl Wanted {
    fn consign(
        self,
        stored: &HashMap<AlertId, Found>,
        destinations: &Destinations,
    ) -> Result<RoutedDeliveries, (Record, Reason)> {
        let Some(stored) = stored.get(&self.retry.alert_id) else {
            return Err(self.reject("AlertExpired", "the alert is not in the ledger any more"));
        };
        let stored = match stored {
            Ok(stored) => stored,
            Err(error) => return Err(self.reject("AlertUnreadable", &error.to_string())),
        };
        let id = self.retry.destination_id;
        let targets = &stored.routing.targets;
        let destination = destinations.get(id);
        let routed = targets.iter().find(|target| target.destination_id == id);
        let target = match (routed, self.retry.fallback_for, destination) {
            (Some(target), _, _) => target.clone(),
            (None, Some(_), Some(fallback)) => Target::fallback(fallback),
            (None, Some(_), None) => {
                return Err(self.reject("FallbackGone", "the fallback destination was deleted"));
            }
            (None, None, _) => {
                let why = "the alert was not routed to this destination";
                return Err(self.reject("NotATarget", why));
            }
        };
        Ok(RoutedDeliveries {
            provider: target.provider.clone(),
            entry: AlertDeliveries {
                alert: stored.alert.clone(),
                severity: stored.routing.severity,
                deliveries: vec![Delivery::again(&target, destination, &self.retry)],
            },
            message_ids: vec![self.message_id],
        })
    }

    fn reject(self, code: &'static str, detail: &str) -> (Record, Reason) {
        let record = Record {
            message_id: self.message_id,
            body: self.body,
            sent_at: self.sent_at,
        };
        let reason = Reason {
            code,
            detail: detail.to_owned(),
        };
        (record, reason)
    }
}
