//! What waits for a destination goes out as soon as somebody has changed it: a new
//! secret or setting may be what its deliveries wait for.
//!
//! The change is made already, so a failure here is only logged. What waits is then
//! delivered later, as without a change: when the circuit breaker is probed (within five
//! minutes), and when the deliveries are due.

use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use tocsin_aws::{CasResult, LedgerError, Message};
use tocsin_core::Timestamp;
use tocsin_core::destination::{Destination, DestinationId, Enabled};
use tokio::time::Instant;

use crate::Api;

/// How long one call brings deliveries forward: thousands of them. The function must
/// answer before its own timeout, and applying a file takes 40 s before this.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Destinations whose deliveries are brought forward at the same time.
const CONCURRENT_DESTINATIONS: usize = 8;

/// Attempts to reset a destination's health, which its senders change as well.
const RESET_ATTEMPTS: usize = 5;

/// The delay of the wake-up: the index of the outbox is up to a second behind the
/// ledger.
const WAKE_UP_DELAY: Duration = Duration::from_secs(1);

impl Api {
    /// Closes the circuit breakers of these destinations and makes what waits for them
    /// due now. A disabled one is left out: its deliveries would fail.
    pub(crate) async fn bring_forward<'a>(
        &self,
        changed: impl IntoIterator<Item = &'a Destination>,
    ) {
        let deadline = Instant::now() + TIME_LIMIT;
        let enabled = changed
            .into_iter()
            .filter(|one| one.enabled == Enabled::Yes)
            .map(|one| one.destination_id);
        let enabled: Vec<DestinationId> = enabled.collect();
        stream::iter(enabled)
            .for_each_concurrent(CONCURRENT_DESTINATIONS, |id| {
                self.bring_forward_one(id, deadline)
            })
            .await;
    }

    async fn bring_forward_one(&self, id: DestinationId, deadline: Instant) {
        if let Err(error) = self.reset_health(id).await {
            tracing::warn!(destination.id = %id, %error, "the circuit breaker could not be closed; it stays open until its next probe");
        }
        let moving = self.ledger.bring_forward(id, Timestamp::now());
        match tokio::time::timeout_at(deadline, moving).await {
            Ok(Ok(0)) => {}
            Ok(Ok(deliveries)) => {
                tracing::info!(destination.id = %id, deliveries, "what waits was brought forward");
            }
            Ok(Err(error)) => {
                tracing::warn!(destination.id = %id, %error, "what waits could not be brought forward; it is delivered when it is due");
            }
            Err(_) => {
                tracing::warn!(destination.id = %id, seconds = TIME_LIMIT.as_secs(), "not everything that waits was brought forward in time; the rest is delivered when it is due");
            }
        }
        // What was due before waits for a wake-up as well.
        let wake_up = Message::wake_up(id, WAKE_UP_DELAY);
        for sent in self.queues.retries.send(&[wake_up]).await {
            if let Err(error) = sent {
                tracing::warn!(destination.id = %id, %error, "the wake-up could not be sent; the next sweep sends one");
            }
        }
    }

    /// Closes the circuit breakers of a destination; its pace stays.
    async fn reset_health(&self, id: DestinationId) -> Result<(), LedgerError> {
        let mut known = self.ledger.health(&[id]).await?;
        let Some(mut seen) = known.remove(&id) else {
            return Ok(());
        };
        for _ in 0..RESET_ATTEMPTS {
            let now = Timestamp::now();
            let health = seen.health.reset(now);
            if health == seen.health {
                return Ok(());
            }
            let swap = self.ledger.compare_and_swap_health(id, &seen, health, now);
            match swap.await? {
                CasResult::Swapped(_) => return Ok(()),
                CasResult::Conflict(newer) => seen = newer,
            }
        }
        tracing::warn!(destination.id = %id, "the circuit breaker was not closed, because senders changed it at the same time; it stays open until its next probe");
        Ok(())
    }
}
