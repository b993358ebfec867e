//! The router, and the steps of one batch.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use tocsin_aws::telemetry;
use tocsin_aws::{Clients, DestinationCache, DestinationStore, Env, Ledger, Queue, StartError};
use tocsin_core::destination::Destinations;

use crate::adopt::Adopter;
use crate::alerts::{AlertIntake, RoutedAlert};
use crate::config::Config;
use crate::dispatch::Senders;
use crate::drain::Drains;
use crate::health::HealthCache;
use crate::invocation::Invocation;
use crate::outbox::Outbox;
use crate::records::{FailedRecords, Records};
use crate::sweep::Sweeper;

/// Reserved at the end of an invocation, to answer within its time limit.
const RESERVE: Duration = Duration::from_secs(2);

/// Reserved at the end of a sweep, to read the destinations' health and to send the
/// wake-ups.
const SWEEP_RESERVE: Duration = Duration::from_secs(6);

/// The router with its clients.
#[derive(Debug)]
pub struct Router {
    config: Config,
    destinations: DestinationCache,
    ledger: Ledger,
    healths: HealthCache,
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
        let ledger = Ledger::new(clients, &config.ledger_table, config.retention);
        Self {
            destinations: DestinationCache::new(store),
            healths: HealthCache::new(ledger.clone()),
            ledger,
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
    /// whole. That does nothing twice: the ledger recognizes alerts and deliveries that
    /// it holds.
    pub async fn handle(&self, event: SqsEvent, deadline: SystemTime) -> SqsBatchResponse {
        let ids: Vec<_> = event
            .records
            .iter()
            .filter_map(|record| record.message_id.clone())
            .collect();
        let left = deadline
            .duration_since(SystemTime::now())
            .unwrap_or(Duration::ZERO);
        let left = left.saturating_sub(RESERVE);
        let process = self.process(event, Instant::now() + left);
        let processed = tokio::time::timeout(left, process).await;
        processed.unwrap_or_else(|_| {
            let mut unfinished = FailedRecords::default();
            unfinished.add_all(&ids, &"the invocation ran out of time; AWS answers slowly");
            unfinished.into_response()
        })
    }

    async fn process(&self, event: SqsEvent, deadline: Instant) -> SqsBatchResponse {
        let records = Records::of(event, &self.config.retry_queue_arn);
        let mut invocation = Invocation::new();
        if !records.alerts.is_empty() {
            let alerts = self.intake().process(records.alerts, &mut invocation).await;
            self.deliver(alerts, &mut invocation).await;
        }
        let adopter = self.adopter();
        adopter.reject(records.unreadable, &mut invocation).await;
        adopter.settle(records.unrecorded, &mut invocation).await;
        adopter.adopt(records.retries, &mut invocation).await;
        self.drains().drain(records.wake_ups, &mut invocation).await;
        if records.sweep.is_some() {
            let ledger = &self.ledger;
            let deadline = deadline.checked_sub(SWEEP_RESERVE).unwrap_or(deadline);
            let sweeper = Sweeper { ledger, deadline };
            sweeper.sweep(&mut invocation).await;
        }
        if !invocation.rejected.is_empty() {
            let alerts = self.intake().report_rejected(&mut invocation).await;
            self.deliver(alerts, &mut invocation).await;
        }
        invocation.wake_ups.send(&self.retry_queue).await;
        invocation.counts.emit();
        invocation.failed.into_response()
    }

    fn intake(&self) -> AlertIntake<'_> {
        AlertIntake {
            destinations: &self.destinations,
            ledger: &self.ledger,
            dead_letter_queue: &self.alerts_dlq,
            default_destination: self.config.default_destination.as_deref(),
        }
    }

    async fn deliver(
        &self,
        alerts: Option<(Vec<RoutedAlert>, Arc<Destinations>)>,
        invocation: &mut Invocation,
    ) {
        let outbox = Outbox {
            ledger: &self.ledger,
            healths: &self.healths,
            senders: &self.senders,
        };
        if let Some((alerts, destinations)) = alerts {
            outbox.deliver(alerts, &destinations, invocation).await;
        }
    }

    const fn adopter(&self) -> Adopter<'_> {
        Adopter {
            ledger: &self.ledger,
            destinations: &self.destinations,
            dead_letter_queue: &self.retry_dlq,
        }
    }

    const fn drains(&self) -> Drains<'_> {
        Drains {
            ledger: &self.ledger,
            healths: &self.healths,
            destinations: &self.destinations,
            senders: &self.senders,
        }
    }
}
