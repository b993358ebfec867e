//! What waits for a destination goes out as soon as somebody has changed it: a new
//! secret or setting may be what its deliveries wait for.
//!
//! The change is made already, so a failure here is only logged. What waits is then
//! delivered later, as without a change: when the circuit breaker is probed (within five
//! minutes), and when the deliveries are due.

use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use tocsin_api_types::{ApiError, Retried, RetryDeliveries};
use tocsin_aws::{CasResult, LedgerError, Message};
use tocsin_core::Timestamp;
use tocsin_core::destination::{Destination, DestinationId, Enabled};
use tokio::time::Instant;

use crate::Api;
use crate::error::OrApiError;
use crate::send::choose;
use crate::validate::checked_actor;

/// How long one call brings deliveries forward: thousands of them. The function must
/// answer before its own timeout, and applying a file takes 40 s before this.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Destinations whose deliveries are brought forward at the same time.
const CONCURRENT_DESTINATIONS: usize = 8;

/// Attempts to reset a destination's health, which its senders change as well.
const RESET_ATTEMPTS: usize = 5;

/// The delay of the wake-up: the index of the outbox is up to a second behind the
/// ledger, and the router's copy of the destinations up to two.
const WAKE_UP_DELAY: Duration = Duration::from_secs(3);

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
            .for_each_concurrent(CONCURRENT_DESTINATIONS, |id| async move {
                self.bring_forward_one(id, deadline).await;
            })
            .await;
    }

    /// Closes the circuit breakers of these destinations and makes what waits for them
    /// due now, as a person asks.
    pub(crate) async fn retry_deliveries(
        &self,
        request: RetryDeliveries,
    ) -> Result<Vec<Retried>, ApiError> {
        let actor = checked_actor(request.actor)?;
        let all = self.store.load().await.or_api_error()?;
        let chosen = choose(&all, &request.destinations)?;
        let deadline = Instant::now() + TIME_LIMIT;
        let mut retried = Vec::new();
        for one in chosen {
            let deliveries = self.bring_forward_one(one.destination_id, deadline).await;
            tracing::info!(destination.id = %one.destination_id, deliveries, actor, "what waits was retried");
            retried.push(Retried {
                destination_id: one.destination_id,
                display_name: one.display_name.clone(),
                deliveries: deliveries as u64,
            });
        }
        Ok(retried)
    }

    /// The number of deliveries that were moved, as far as it is known.
    async fn bring_forward_one(&self, id: DestinationId, deadline: Instant) -> usize {
        let mut moved = 0;
        if let Err(error) = self.reset_health(id).await {
            tracing::warn!(destination.id = %id, %error, "the circuit breaker could not be closed; it stays open until its next probe");
        }
        let moving = self.ledger.bring_forward(id, Timestamp::now());
        match tokio::time::timeout_at(deadline, moving).await {
            Ok(Ok(0)) => {}
            Ok(Ok(deliveries)) => {
                moved = deliveries;
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
        moved
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

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tocsin_aws::VersionedHealth;
    use tocsin_core::alert::{AlertId, Severity};
    use tocsin_core::delivery::NewDelivery;
    use tocsin_core::destination::ProviderName;
    use tocsin_core::health::{DetectionKey, Health, Observation};
    use tocsin_core::outbox::Priority;
    use tocsin_core::outcome::{Failure, FailureKind};

    use super::*;
    use crate::fixture::api;

    const ID: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";

    /// An enabled or disabled destination whose credential is refused, with a delivery
    /// that waits for an hour.
    async fn waiting(api: &Api, enabled: bool) -> Destination {
        let id = DestinationId::parse(ID).unwrap();
        let now = Timestamp::now();
        let refused = Observation::Misconfigured {
            failure: Failure::new(FailureKind::Unauthorized, "no"),
        };
        let detection = DetectionKey::of("D");
        let health = Health::default().record(&[(detection, refused)], now, 0.5);
        assert!(health.held_until(now).is_some());
        let unknown = VersionedHealth::default();
        let swap = api
            .ledger
            .compare_and_swap_health(id, &unknown, health, now);
        assert!(matches!(swap.await, Ok(CasResult::Swapped(_))));
        let delivery = NewDelivery {
            alert_id: AlertId::new("a").unwrap(),
            destination_id: id,
            display_name: "d".to_owned(),
            provider: ProviderName::new("slack").unwrap(),
            detection_id: "D".to_owned(),
            severity: Severity::High,
            due: now.plus(Duration::from_hours(1)),
            fallback_for: None,
        };
        for added in api.ledger.add_deliveries(&[delivery], now).await {
            added.unwrap();
        }
        serde_json::from_value(json!({
            "destinationId": ID, "displayName": "d", "type": "slack", "enabled": enabled,
            "createdAt": "2026-01-01T00:00:00Z", "createdBy": "a",
            "updatedAt": "2026-01-01T00:00:00Z", "updatedBy": "a", "revision": 2,
        }))
        .unwrap()
    }

    /// Whether the breaker is closed, and how many deliveries are due.
    async fn released(api: &Api) -> (bool, usize) {
        let id = DestinationId::parse(ID).unwrap();
        let now = Timestamp::now();
        let health = api.ledger.health(&[id]).await.unwrap().remove(&id).unwrap();
        let due = api
            .ledger
            .due(id, Priority::High, now, 10)
            .await
            .unwrap()
            .entries;
        (health.health.held_until(now).is_none(), due.len())
    }

    #[tokio::test]
    async fn a_changed_destination_gets_what_waits() {
        let (api, sent) = api(&json!([])).await;
        let changed = waiting(&api, true).await;
        assert_eq!(released(&api).await, (false, 0));
        api.bring_forward([&changed]).await;
        assert_eq!(released(&api).await, (true, 1));
        let [request] = &sent.asked()[..] else {
            panic!("one wake-up");
        };
        assert!(
            request.body.contains("wakeUp") && request.body.contains(ID),
            "{request:?}"
        );
        assert!(request.body.contains("\"DelaySeconds\":3"), "{request:?}");
    }

    #[tokio::test]
    async fn what_waits_for_a_disabled_destination_goes_on_waiting() {
        let (api, sent) = api(&json!([])).await;
        let changed = waiting(&api, false).await;
        api.bring_forward([&changed]).await;
        assert_eq!(released(&api).await, (false, 0));
        assert!(sent.asked().is_empty());
    }
}
