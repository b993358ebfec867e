//! The pipeline: admit, claim, attempt, decide, queue the retry, settle.
//!
//! One lane for each destination, all at once: a destination that hangs or is
//! paused keeps no other waiting. See [`lane`] for what happens in one.

mod attempt;
mod budget;
mod ending;
mod health;
mod lane;
mod order;
mod round;
mod settle;
mod waiting;

use std::collections::BTreeMap;
use std::time::SystemTime;

use futures::future::join_all;
use tocsin_aws::telemetry::{Counts, Metric};
use tocsin_aws::{AwsError, Clients, Ledger, LedgerError, Queue};
use tocsin_core::delivery::DeliveryBatch;
use tocsin_core::destination::{DestinationId, NotAProviderName, ProviderName};

use crate::Config;
use crate::transport::{Context, Transport};
use budget::Budget;
use health::HealthCache;
use order::Order;

/// Why an invocation failed. Lambda repeats it; the claims keep what is done from
/// being done again.
#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    /// The ledger did not take what some attempts came to.
    #[error("{count} attempts could not be recorded: {first}")]
    Ledger {
        /// How many.
        count: usize,
        /// What the first of them met.
        first: LedgerError,
    },
    /// The retry queue did not take some retries.
    #[error("{count} retries could not be queued: {first}")]
    RetryQueue {
        /// How many.
        count: usize,
        /// What the first of them met.
        first: AwsError,
    },
}

impl From<SenderError> for lambda_runtime::Diagnostic {
    fn from(error: SenderError) -> Self {
        let error_type = match error {
            SenderError::Ledger { .. } => "Ledger",
            SenderError::RetryQueue { .. } => "RetryQueue",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// A sender: one provider's pipeline.
#[derive(Debug)]
pub struct Sender<D> {
    provider: ProviderName,
    deliver: D,
    context: Context,
    config: Config,
    retry_queue: Queue,
    health: HealthCache,
    pub(crate) ledger: Ledger,
}

/// What a lane did, and could not do.
#[derive(Default)]
struct Report {
    counts: Vec<(Metric, usize)>,
    ledger: Vec<LedgerError>,
    queue: Vec<AwsError>,
}

impl<D: Transport> Sender<D> {
    /// A sender of what `deliver` can deliver.
    ///
    /// # Errors
    ///
    /// When its name cannot be a provider's.
    pub fn new(
        deliver: D,
        context: Context,
        clients: &Clients,
        config: Config,
    ) -> Result<Self, NotAProviderName> {
        let ledger = Ledger::new(clients, &config.ledger_table, config.retention);
        Ok(Self {
            provider: ProviderName::new(D::NAME)?,
            deliver,
            context,
            retry_queue: Queue::new(clients, &config.retry_queue_url),
            config,
            health: HealthCache::new(ledger.clone()),
            ledger,
        })
    }

    /// Attempts every delivery of a hand-over whose destination takes any. The
    /// others, and what there is no time for before `deadline`, go back through
    /// the retry queue, without using up an attempt.
    ///
    /// # Errors
    ///
    /// When the ledger or the retry queue did not take something until the time
    /// was over; whatever a provider does is an outcome, not an error.
    pub async fn handle(
        &self,
        hand_over: DeliveryBatch,
        deadline: SystemTime,
    ) -> Result<(), SenderError> {
        let budget = Budget::until(deadline);
        let mut lanes: BTreeMap<DestinationId, Vec<Order<'_>>> = BTreeMap::new();
        for entry in &hand_over.alerts {
            for delivery in &entry.deliveries {
                lanes
                    .entry(delivery.destination_id)
                    .or_default()
                    .push(Order::new(entry, delivery));
            }
        }
        let ids: Vec<_> = lanes.keys().copied().collect();
        self.health.refresh(&ids).await;
        let lanes = lanes
            .into_iter()
            .map(|(id, orders)| self.run_lane(id, orders, budget));
        let mut whole = Report::default();
        for report in join_all(lanes).await {
            whole.take(report);
        }
        let mut counts = Counts::of_function(D::NAME);
        for (metric, count) in &whole.counts {
            counts.add(*metric, *count);
        }
        counts.emit();
        whole.into_result()
    }
}

impl Report {
    fn count(&mut self, metric: Metric, count: usize) {
        self.counts.push((metric, count));
    }

    fn take(&mut self, other: Self) {
        self.counts.extend(other.counts);
        self.ledger.extend(other.ledger);
        self.queue.extend(other.queue);
    }

    fn into_result(self) -> Result<(), SenderError> {
        let (ledger, queue) = (self.ledger.len(), self.queue.len());
        if let Some(first) = self.ledger.into_iter().next() {
            return Err(SenderError::Ledger {
                count: ledger,
                first,
            });
        }
        match self.queue.into_iter().next() {
            Some(first) => Err(SenderError::RetryQueue {
                count: queue,
                first,
            }),
            None => Ok(()),
        }
    }
}
