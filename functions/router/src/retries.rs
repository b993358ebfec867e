//! The retry queue: one delivery for each record, with the alert from the ledger and
//! the destination as it is configured now.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join;
use tocsin_aws::{DestinationCache, Ledger, LedgerError, Message, Queue};
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::{AlertDeliveries, Delivery, Retry};
use tocsin_core::destination::{Destinations, Enabled};
use tocsin_core::history::StoredAlert;
use tocsin_core::routing::Target;
use tracing::Span;

use crate::dispatch::RoutedDeliveries;
use crate::records::{FailedRecords, Record};
use crate::reject::{Rejection, reject};

/// SQS counts delays in whole seconds: a retry that is this early counts as due.
const TOLERANCE: Duration = Duration::from_secs(1);

/// The alerts in the ledger, or why one of them cannot be read.
type StoredAlerts = HashMap<AlertId, Result<StoredAlert, LedgerError>>;

/// Turns records of the retry queue into deliveries.
pub(crate) struct RetryIntake<'a> {
    pub(crate) destinations: &'a DestinationCache,
    pub(crate) ledger: &'a Ledger,
    /// For retries that are not due yet.
    pub(crate) retry_queue: &'a Queue,
    /// For retries that can never be made.
    pub(crate) dead_letter_queue: &'a Queue,
}

/// A record that asks for another attempt.
struct ParsedRetry {
    record: Record,
    retry: Retry,
}

/// Why a retry can never be made.
#[derive(Debug, thiserror::Error)]
enum RetryError {
    #[error("only senders put messages on the retry queue: {0}")]
    NotARetry(#[from] serde_json::Error),
    #[error("the alert is not in the ledger any more")]
    AlertExpired,
    #[error(transparent)]
    AlertUnreadable(#[from] LedgerError),
    #[error("the fallback destination was deleted")]
    FallbackGone,
    #[error("the alert was not routed to this destination")]
    NotATarget,
}

impl RetryError {
    /// The name in the dead letter's attribute `tocsinReason`.
    const fn code(&self) -> &'static str {
        match self {
            Self::NotARetry(_) => "NotARetry",
            Self::AlertExpired => "AlertExpired",
            Self::AlertUnreadable(_) => "AlertUnreadable",
            Self::FallbackGone => "FallbackGone",
            Self::NotATarget => "NotATarget",
        }
    }
}

impl From<RetryError> for Rejection {
    fn from(error: RetryError) -> Self {
        Self {
            code: error.code(),
            detail: error.to_string(),
        }
    }
}

impl RetryIntake<'_> {
    /// The deliveries of these records. A failure of one record does not affect the
    /// others.
    pub(crate) async fn process(
        &self,
        records: Vec<Record>,
        failed: &mut FailedRecords,
    ) -> Vec<RoutedDeliveries> {
        if records.is_empty() {
            return Vec::new();
        }
        let parsed = self.parse(records, failed).await;
        let now = Timestamp::now();
        let (early, due): (Vec<_>, Vec<_>) = parsed
            .into_iter()
            .partition(|one| one.retry.due.since(now) > TOLERANCE);
        self.requeue(early, now, failed).await;
        self.process_due(due, failed).await
    }

    async fn parse(&self, records: Vec<Record>, failed: &mut FailedRecords) -> Vec<ParsedRetry> {
        let mut parsed = Vec::new();
        let mut rejected = Vec::new();
        for record in records {
            match serde_json::from_str(&record.body) {
                Ok(retry) => parsed.push(ParsedRetry { record, retry }),
                Err(error) => rejected.push((record, RetryError::from(error).into())),
            }
        }
        reject(self.dead_letter_queue, rejected, failed).await;
        parsed
    }

    /// Puts retries back that are not due yet: SQS delays a message by 15 minutes at
    /// most, so a longer wait takes several rounds.
    async fn requeue(&self, early: Vec<ParsedRetry>, now: Timestamp, failed: &mut FailedRecords) {
        let messages: Vec<_> = early
            .iter()
            .map(|one| Message::retry(&one.retry, now))
            .collect();
        let sent = self.retry_queue.send(&messages).await;
        for (one, sent) in early.iter().zip(sent) {
            if let Err(error) = sent {
                one.fail(&error, failed);
            }
        }
    }

    async fn process_due(
        &self,
        due: Vec<ParsedRetry>,
        failed: &mut FailedRecords,
    ) -> Vec<RoutedDeliveries> {
        if due.is_empty() {
            return Vec::new();
        }
        let (alerts, destinations) = match self.look_up(&due).await {
            Ok(found) => found,
            Err(error) => {
                for one in &due {
                    one.fail(&error, failed);
                }
                return Vec::new();
            }
        };
        let mut deliveries = Vec::new();
        let mut rejected = Vec::new();
        for one in due {
            match one.delivery(&alerts, &destinations) {
                Ok(delivery) => deliveries.push(delivery),
                Err(error) => rejected.push((one.record, error.into())),
            }
        }
        reject(self.dead_letter_queue, rejected, failed).await;
        deliveries
    }

    /// The alerts of these retries, and the destinations. When a retry would be given
    /// up because of its destination, the destinations are read again.
    async fn look_up(
        &self,
        due: &[ParsedRetry],
    ) -> Result<(StoredAlerts, Arc<Destinations>), LedgerError> {
        let ids: Vec<_> = due.iter().map(|one| one.retry.alert_id.clone()).collect();
        let (alerts, destinations) = join(self.ledger.alerts(&ids), self.destinations.get()).await;
        let (alerts, destinations) = (alerts?, destinations?);
        let is_unusable = |one: &ParsedRetry| {
            let found = destinations.get(one.retry.destination_id);
            found.is_none_or(|destination| destination.enabled == Enabled::No)
        };
        let lost_a_target = alerts
            .values()
            .flatten()
            .any(|stored| stored.routing.lost_a_target(&destinations));
        if lost_a_target || due.iter().any(is_unusable) {
            return Ok((alerts, self.destinations.get_fresh().await?));
        }
        Ok((alerts, destinations))
    }
}

impl ParsedRetry {
    /// The span of everything that is logged about this retry.
    fn span(&self) -> Span {
        tracing::error_span!(
            "retry",
            alert.id = self.retry.alert_id.as_str(),
            destination.id = %self.retry.destination_id,
            attempt = self.retry.attempt
        )
    }

    /// Has SQS deliver the record again.
    fn fail(&self, why: &dyn std::fmt::Display, failed: &mut FailedRecords) {
        self.span()
            .in_scope(|| failed.add(&self.record.message_id, why));
    }

    fn delivery(
        &self,
        alerts: &StoredAlerts,
        destinations: &Destinations,
    ) -> Result<RoutedDeliveries, RetryError> {
        let Some(stored) = alerts.get(&self.retry.alert_id) else {
            return Err(RetryError::AlertExpired);
        };
        let stored = stored.as_ref().map_err(Clone::clone)?;
        let id = self.retry.destination_id;
        let destination = destinations.get(id);
        let mut targets = stored.routing.targets.iter();
        let routed = targets.find(|target| target.destination_id == id);
        let target = match (routed, self.retry.fallback_for, destination) {
            (Some(target), _, _) => target.clone(),
            (None, Some(_), Some(fallback)) => Target::fallback(fallback),
            (None, Some(_), None) => return Err(RetryError::FallbackGone),
            (None, None, _) => return Err(RetryError::NotATarget),
        };
        Ok(RoutedDeliveries {
            provider: target.provider.clone(),
            entry: AlertDeliveries {
                alert: stored.alert.clone(),
                severity: stored.routing.severity,
                deliveries: vec![Delivery::again(&target, destination, &self.retry)],
            },
            message_ids: vec![self.record.message_id.clone()],
        })
    }
}
