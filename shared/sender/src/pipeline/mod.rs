//! The pipeline of a sender, from a batch of deliveries to their settlement.
//!
//! [`Sender::handle`] groups the deliveries by destination and works on many destinations
//! at once: one that hangs, or whose circuit breaker is open, delays no other as long as
//! there are connections. For each destination, [`destination`] takes these steps until
//! all deliveries are attempted, or none may be:
//!
//! 1. **plan**: the destination's health says which deliveries are next ([`plan`],
//!    [`breakers`]);
//! 2. **claim** them in the ledger ([`claims`]), so that no other sender does;
//! 3. **attempt** them concurrently ([`attempts`]);
//! 4. **observe**: record in the destination's health what the outcomes say about it;
//! 5. **decide** what follows each attempt ([`decide`]);
//! 6. **settle**: record it ([`settlements`]);
//! 7. **report** destinations that do not accept deliveries ([`report`]).
//!
//! A batch comes by the fast path or by a drain. On the fast path the deliveries are
//! fresh, and what is not attempted is left to the outbox ([`deferrals`]). A drain works
//! off what is due there, in its order; what it does not attempt stays due. In both cases
//! the router is woken up when there is more to do ([`retry_queue`]). A wake-up is a hint:
//! whatever is lost, each unsettled delivery has a due time, at which the sweep finds it.
//!
//! [`invocation`] has what all steps share: the deadline, the connections, the metrics,
//! the errors.

mod attempts;
mod breakers;
mod claims;
mod deadline;
mod decide;
mod deferrals;
mod destination;
mod drains;
mod health_cache;
mod invocation;
mod plan;
mod probe;
mod report;
mod retry_queue;
mod settlements;
mod task;

use std::collections::BTreeMap;
use std::time::SystemTime;

use futures::StreamExt;
use tocsin_aws::{Clients, Ledger, Queue};
use tocsin_core::Timestamp;
use tocsin_core::delivery::DeliveryBatch;
use tocsin_core::destination::{DestinationId, NotAProviderName, ProviderName};

use crate::Config;
use crate::transport::{Context, Transport};
use attempts::Attempts;
use breakers::Breakers;
use claims::Claims;
use deadline::Deadline;
use deferrals::Deferrals;
use destination::Steps;
use drains::Drains;
use health_cache::HealthCache;
use invocation::Invocation;
use report::Reports;
use retry_queue::RetryQueue;
use settlements::Settlements;
use task::DeliveryTask;

pub use deadline::{RECORDING_RESERVE, longest_attempt};
pub use invocation::SenderError;
pub use task::LEASE;

/// Destinations that one invocation works on at the same time. Each may have a call of
/// AWS under way besides its attempts, and Lambda gives a function 1,024 file
/// descriptors.
const MAX_DESTINATIONS: usize = 100;

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
    /// others, and those that there is no time for before `deadline`, stay in the outbox
    /// without using up an attempt.
    ///
    /// # Errors
    ///
    /// When an accepted delivery could be neither recorded nor forwarded, or a delivery of
    /// version 0.1.0 could not be recorded. A failure of the provider is an outcome,
    /// not an error, and what else fails is found in the outbox.
    pub async fn handle(
        &self,
        batch: DeliveryBatch,
        deadline: SystemTime,
    ) -> Result<(), SenderError> {
        let deadline = Deadline::at(deadline);
        let invocation = Invocation::until(match batch.drain {
            Some(drain) => deadline.within(drain.until, Timestamp::now()),
            None => deadline,
        });
        let mut by_destination = by_destination(&batch);
        let ids: Vec<_> = by_destination.keys().copied().collect();
        self.health.refresh(&ids).await;
        let steps = self.steps(&invocation);
        match batch.drain {
            Some(drain) => {
                let tasks = by_destination.remove(&drain.destination_id);
                steps.drain(drain, tasks.unwrap_or_default()).await;
            }
            None => {
                futures::stream::iter(by_destination)
                    .for_each_concurrent(MAX_DESTINATIONS, |(id, tasks)| steps.deliver(id, tasks))
                    .await;
            }
        }
        invocation.finish(T::NAME)
    }

    fn steps<'a>(&'a self, invocation: &'a Invocation) -> Steps<'a, T> {
        let (ledger, provider) = (&self.ledger, &self.provider);
        let retry_queue = RetryQueue {
            invocation,
            queue: &self.retry_queue,
        };
        let breakers = Breakers {
            invocation,
            cache: &self.health,
        };
        Steps {
            invocation,
            policy: self.config.policy,
            breakers,
            claims: Claims { ledger, provider },
            attempts: Attempts {
                invocation,
                transport: &self.transport,
                context: &self.context,
            },
            settlements: Settlements {
                invocation,
                ledger,
                retry_queue,
            },
            deferrals: Deferrals {
                invocation,
                ledger,
                breakers,
                provider,
            },
            drains: Drains { invocation, ledger },
            reports: Reports {
                invocation,
                retry_queue,
                breakers,
                provider,
                canary_destination: self.config.canary_destination.as_deref(),
            },
            retry_queue,
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

#[cfg(test)]
mod tests;
