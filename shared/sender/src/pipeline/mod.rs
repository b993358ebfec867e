//! The pipeline of a sender, from a batch of deliveries to their settlement.
//!
//! [`Sender::handle`] groups the deliveries by destination and processes all
//! destinations at once: one that hangs, or whose circuit breaker is open, delays no
//! other. For each destination, [`destination`] takes these steps:
//!
//! 1. **admit**: the circuit breaker and the rate limiter ([`breakers`]) say which
//!    deliveries may be attempted; the others are deferred ([`defer`]);
//! 2. **claim** them in the ledger ([`claims`]), so that no other sender does;
//! 3. **attempt** them concurrently ([`attempts`]);
//! 4. **observe**: record in the destination's health what the outcomes say about it;
//! 5. **decide** what follows each attempt ([`decide`]);
//! 6. **settle** ([`settlements`]): queue the retry, then record the attempt;
//! 7. **report** destinations that do not accept deliveries ([`report`]).
//!
//! [`invocation`] has what all steps share: the deadline, the metrics, the errors.

mod attempts;
mod breakers;
mod claims;
mod deadline;
mod decide;
mod defer;
mod destination;
mod health_cache;
mod invocation;
mod report;
mod retry_queue;
mod settlements;
mod task;

use std::collections::BTreeMap;
use std::time::SystemTime;

use futures::future::join_all;
use tocsin_aws::{Clients, Ledger, Queue};
use tocsin_core::delivery::DeliveryBatch;
use tocsin_core::destination::{DestinationId, NotAProviderName, ProviderName};

use crate::Config;
use crate::transport::{Context, Transport};
use attempts::Attempts;
use breakers::Breakers;
use claims::Claims;
use defer::Deferrals;
use destination::Steps;
use health_cache::HealthCache;
use invocation::Invocation;
use report::Reports;
use retry_queue::RetryQueue;
use settlements::Settlements;
use task::DeliveryTask;

pub use deadline::{ATTEMPT_LIMIT, RECORDING_RESERVE};
pub use invocation::SenderError;
pub use task::LEASE;

/// The sender of one provider.
#[derive(Debug)]
pub struct Sender<T> {
    provider: ProviderName,
    transport: T,
    context: Context,
    config: Config,
    retry_queue: Queue,
    health: HealthCache,
    pub(crate) ledger: Ledger,
}

impl<T: Transport> Sender<T> {
    /// A sender that delivers by `transport`.
    ///
    /// # Errors
    ///
    /// When the transport's name is not a valid provider name.
    pub fn new(
        transport: T,
        context: Context,
        clients: &Clients,
        config: Config,
    ) -> Result<Self, NotAProviderName> {
        let ledger = Ledger::new(clients, &config.ledger_table, config.retention);
        Ok(Self {
            provider: ProviderName::new(T::NAME)?,
            transport,
            context,
            retry_queue: Queue::new(clients, &config.retry_queue_url),
            config,
            health: HealthCache::new(ledger.clone()),
            ledger,
        })
    }

    /// Attempts every delivery of a batch whose destination accepts deliveries. The
    /// others, and those that there is no time for before `deadline`, go back to the
    /// retry queue without using up an attempt.
    ///
    /// # Errors
    ///
    /// When the ledger or the retry queue failed until the deadline. A failure of the
    /// provider is an outcome, not an error.
    pub async fn handle(
        &self,
        batch: DeliveryBatch,
        deadline: SystemTime,
    ) -> Result<(), SenderError> {
        let invocation = Invocation::until(deadline);
        let by_destination = by_destination(&batch);
        let ids: Vec<_> = by_destination.keys().copied().collect();
        self.health.refresh(&ids).await;
        let steps = self.steps(&invocation);
        let deliveries = by_destination
            .into_iter()
            .map(|(id, tasks)| steps.deliver(id, tasks));
        join_all(deliveries).await;
        invocation.finish(T::NAME)
    }

    fn steps<'a>(&'a self, invocation: &'a Invocation) -> Steps<'a, T> {
        let (ledger, provider) = (&self.ledger, &self.provider);
        let policy = self.config.policy;
        let retry_queue = RetryQueue {
            invocation,
            queue: &self.retry_queue,
        };
        let breakers = Breakers {
            invocation,
            cache: &self.health,
        };
        Steps {
            deadline: invocation.deadline,
            policy,
            breakers,
            claims: Claims {
                invocation,
                ledger,
                retry_queue,
                provider,
                policy,
            },
            attempts: Attempts {
                invocation,
                transport: &self.transport,
                context: &self.context,
            },
            settlements: Settlements {
                invocation,
                ledger,
                retry_queue,
                policy,
            },
            deferrals: Deferrals {
                invocation,
                ledger,
                retry_queue,
                breakers,
                provider,
                policy,
            },
            reports: Reports {
                invocation,
                retry_queue,
                breakers,
                provider,
                canary_destination: self.config.canary_destination.as_deref(),
            },
        }
    }
}

fn by_destination(batch: &DeliveryBatch) -> BTreeMap<DestinationId, Vec<DeliveryTask<'_>>> {
    let mut tasks: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for entry in &batch.alerts {
        for delivery in &entry.deliveries {
            tasks
                .entry(delivery.destination_id)
                .or_default()
                .push(DeliveryTask::new(entry, delivery));
        }
    }
    tasks
}
