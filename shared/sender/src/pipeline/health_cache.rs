//! What this sandbox knows of its destinations' health, shared through the ledger.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tocsin_aws::{CasResult, Ledger, LedgerError, VersionedHealth};
use tocsin_core::Timestamp;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::Health;

/// How old an entry may be. A sandbox in a storm reads each destination's health
/// once a second, not once for each invocation.
const MAX_AGE: Duration = Duration::from_secs(1);

/// Lost races after which a change is given up: the other senders have made the
/// same observations.
const MAX_TRIES: u32 = 8;

/// The longest delay before the next try.
const MAX_BACKOFF: Duration = Duration::from_millis(40);

/// The health of destinations. It is advice: when the ledger cannot be read or
/// written, deliveries go on by what is known here.
#[derive(Debug)]
pub(super) struct HealthCache {
    ledger: Ledger,
    entries: Mutex<HashMap<DestinationId, (Instant, VersionedHealth)>>,
}

impl HealthCache {
    pub(super) fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            entries: Mutex::default(),
        }
    }

    /// Reads the health of these destinations where the entry is too old.
    pub(super) async fn refresh(&self, ids: &[DestinationId]) {
        let stale: Vec<_> = {
            let entries = self.entries();
            ids.iter()
                .copied()
                .filter(|id| {
                    entries
                        .get(id)
                        .is_none_or(|(at, _)| at.elapsed() >= MAX_AGE)
                })
                .collect()
        };
        if stale.is_empty() {
            return;
        }
        match self.ledger.health(&stale).await {
            Ok(mut read) => {
                let mut entries = self.entries();
                for id in stale {
                    let health = read.remove(&id).unwrap_or_default();
                    entries.insert(id, (Instant::now(), health));
                }
            }
            Err(error) => tracing::warn!(
                %error,
                "the health of destinations could not be read ({error}); this sender uses what it knew before"
            ),
        }
    }

    /// The destination's health, as far as it is known here.
    pub(super) fn get(&self, id: DestinationId) -> Health {
        self.entry(id).health
    }

    /// Changes a destination's health for all senders. `change` is repeated on what
    /// another sender wrote in between. `None` when `change` returns it, or when
    /// other senders were faster every time.
    pub(super) async fn change<T>(
        &self,
        id: DestinationId,
        change: impl Fn(&Health) -> Option<(Health, T)> + Send,
    ) -> Option<T> {
        let mut seen = self.entry(id);
        for _ in 0..MAX_TRIES {
            let (next, result) = change(&seen.health)?;
            if next == seen.health {
                return Some(result);
            }
            let now = Timestamp::now();
            match self
                .ledger
                .compare_and_swap_health(id, &seen, next.clone(), now)
                .await
            {
                Ok(CasResult::Swapped(health)) => {
                    self.insert(id, health);
                    return Some(result);
                }
                Ok(CasResult::Conflict(health)) => {
                    self.insert(id, health.clone());
                    seen = health;
                    tokio::time::sleep(MAX_BACKOFF.mul_f64(fastrand::f64())).await;
                }
                Err(error) => {
                    self.change_locally(id, &seen, next, &error);
                    return Some(result);
                }
            }
        }
        tracing::warn!(
            destination.id = %id,
            "many senders change the health of destination {id} at once; this change was dropped"
        );
        None
    }

    fn change_locally(
        &self,
        id: DestinationId,
        seen: &VersionedHealth,
        next: Health,
        error: &LedgerError,
    ) {
        tracing::warn!(
            destination.id = %id,
            %error,
            "the health of destination {id} could not be recorded ({error}); only this sender knows it"
        );
        let health = VersionedHealth {
            health: next,
            version: seen.version,
        };
        self.insert(id, health);
    }

    fn entry(&self, id: DestinationId) -> VersionedHealth {
        self.entries()
            .get(&id)
            .map(|(_, health)| health.clone())
            .unwrap_or_default()
    }

    fn insert(&self, id: DestinationId, health: VersionedHealth) {
        self.entries().insert(id, (Instant::now(), health));
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<DestinationId, (Instant, VersionedHealth)>> {
        // Nothing in here panics halfway, so the map is whole even after a panic elsewhere.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
