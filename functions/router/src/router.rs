//! The router, and the steps of one batch.

use std::time::{Duration, SystemTime};

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use tocsin_aws::telemetry::{self, Counts};
use tocsin_aws::{Clients, DestinationCache, DestinationStore, Env, Ledger, Queue, StartError};

use crate::alerts::AlertIntake;
use crate::config::Config;
use crate::dispatch::Senders;
use crate::records::{FailedRecords, Records};
use crate::retries::RetryIntake;

/// Reserved at the end of an invocation, to answer within its time limit.
const RESERVE: Duration = Duration::from_secs(2);

/// The router with its clients.
#[derive(Debug)]
pub struct Router {
    config: Config,
    destinations: DestinationCache,
    ledger: Ledger,
    alerts_dlq: Queue,
    retry_queue: Queue,
    retry_dlq: Queue,
    senders: Senders,
}

impl Router {
    /// Reads the environment, creates the clients, opens the first connection.
    ///
    /// # Errors
    ///
    /// When an environment variable is missing or invalid.
    pub async fn start() -> Result<Self, StartError> {
        let env = Env::of_process();
        telemetry::init(&env);
        let config = Config::read(&env)?;
        let clients = Clients::load(&env).await?;
        let router = Self::new(&clients, config);
        router.ledger.warm_up().await;
        Ok(router)
    }

    /// A router that uses these clients.
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

    /// Processes a batch. The response names the records that SQS must deliver again.
    ///
    /// A batch that is not finished shortly before `deadline` is delivered again as a
    /// whole. That does nothing twice: the ledger recognizes alerts that it holds, and
    /// the senders' claims are refused for deliveries that were made.
    pub async fn handle(&self, event: SqsEvent, deadline: SystemTime) -> SqsBatchResponse {
        let ids: Vec<_> = event
            .records
            .iter()
            .filter_map(|record| record.message_id.clone())
            .collect();
        let left = deadline
            .duration_since(SystemTime::now())
            .unwrap_or(Duration::ZERO);
        let processed =
            tokio::time::timeout(left.saturating_sub(RESERVE), self.process(event)).await;
        processed.unwrap_or_else(|_| {
            let mut unfinished = FailedRecords::default();
            unfinished.add_all(&ids, &"the invocation ran out of time; AWS answers slowly");
            unfinished.into_response()
        })
    }

    async fn process(&self, event: SqsEvent) -> SqsBatchResponse {
        let records = Records::of(event, &self.config.retry_queue_arn);
        let mut counts = Counts::of_function("router");
        let mut failed = FailedRecords::default();
        let mut deliveries = self
            .alert_intake()
            .process(records.alerts, &mut counts, &mut failed)
            .await;
        deliveries.extend(
            self.retry_intake()
                .process(records.retries, &mut failed)
                .await,
        );
        for dispatch in self.senders.dispatch(deliveries).await {
            failed.add_all(&dispatch.message_ids, &dispatch.error);
        }
        counts.emit();
        failed.into_response()
    }

    fn alert_intake(&self) -> AlertIntake<'_> {
        AlertIntake {
            destinations: &self.destinations,
            ledger: &self.ledger,
            dead_letter_queue: &self.alerts_dlq,
            default_destination: self.config.default_destination.as_deref(),
        }
    }

    fn retry_intake(&self) -> RetryIntake<'_> {
        RetryIntake {
            destinations: &self.destinations,
            ledger: &self.ledger,
            retry_queue: &self.retry_queue,
            dead_letter_queue: &self.retry_dlq,
        }
    }
}
