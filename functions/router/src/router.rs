//! One batch: what it takes, in which order.

use std::time::{Duration, SystemTime};

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use tocsin_aws::telemetry::{self, Counts};
use tocsin_aws::{Clients, DestinationCache, DestinationStore, Env, EnvError, Ledger, Queue};

use crate::Config;
use crate::dispatch::{RoutedDeliveries, Senders};
use crate::records::{FailedRecords, Records};

/// Kept back at the end of an invocation to answer in.
const RESERVE: Duration = Duration::from_secs(2);

/// Why the router cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its environment is incomplete.
    #[error(transparent)]
    Env(#[from] EnvError),
}

/// The router and what it works with.
#[derive(Debug)]
pub struct Router {
    pub(crate) config: Config,
    pub(crate) destinations: DestinationCache,
    pub(crate) ledger: Ledger,
    pub(crate) alerts_dlq: Queue,
    pub(crate) retry_queue: Queue,
    pub(crate) retry_dlq: Queue,
    senders: Senders,
}

impl Router {
    /// Reads the environment, makes the clients, opens the first connection.
    ///
    /// # Errors
    ///
    /// When the environment is incomplete.
    pub async fn start() -> Result<Self, StartError> {
        let env = Env::of_process();
        telemetry::init(&env);
        let config = Config::read(&env)?;
        let clients = Clients::load(&env).await?;
        let router = Self::new(&clients, config);
        router.ledger.warm_up().await;
        Ok(router)
    }

    /// A router of these clients.
    #[must_use]
    pub fn new(clients: &Clients, config: Config) -> Self {
        let store = DestinationStore::new(clients, &config.destinations_table);
        let lambda = aws_sdk_lambda::Client::new(&clients.config);
        Self {
            destinations: DestinationCache::new(store),
            ledger: Ledger::new(clients, &config.ledger_table, config.retention),
            alerts_dlq: Queue::new(clients, &config.alerts_dlq_url),
            retry_queue: Queue::new(clients, &config.retry_queue_url),
            retry_dlq: Queue::new(clients, &config.retry_dlq_url),
            senders: Senders::new(lambda, &config.sender_prefix),
            config,
        }
    }

    /// Deals with a batch. The answer names the records that SQS must deliver
    /// again; nothing else can fail. A batch that is not done shortly before
    /// `deadline` is delivered again as a whole: what was recorded and claimed
    /// keeps that from doing anything twice.
    pub async fn handle(&self, event: SqsEvent, deadline: SystemTime) -> SqsBatchResponse {
        let ids: Vec<_> = event
            .records
            .iter()
            .filter_map(|record| record.message_id.clone())
            .collect();
        let left = deadline
            .duration_since(SystemTime::now())
            .unwrap_or(Duration::ZERO);
        let worked = tokio::time::timeout(left.saturating_sub(RESERVE), self.work(event)).await;
        worked.unwrap_or_else(|_| {
            let mut unfinished = FailedRecords::default();
            unfinished.add_all(&ids, &"there was no time left; AWS answers slowly");
            unfinished.into_response()
        })
    }

    async fn work(&self, event: SqsEvent) -> SqsBatchResponse {
        let records = Records::of(event, &self.config.retry_queue_arn);
        let mut counts = Counts::of_function("router");
        let mut failed = FailedRecords::default();
        let mut consignments = self
            .take_alerts(records.alerts, &mut counts, &mut failed)
            .await;
        consignments.extend(self.take_retries(records.retries, &mut failed).await);
        self.hand_over(consignments, &mut failed).await;
        counts.emit();
        failed.into_response()
    }

    async fn hand_over(&self, consignments: Vec<RoutedDeliveries>, failed: &mut FailedRecords) {
        for not in self.senders.hand_over(consignments).await {
            failed.add_all(&not.message_ids, &not.error);
        }
    }
}
