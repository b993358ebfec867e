//! What this sandbox knows of its destinations' health, and how it tells others.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tocsin_aws::{CasResult, Ledger, LedgerError, VersionedHealth};
use tocsin_core::Timestamp;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::Health;

/// How old a copy may be. A sandbox that works through a storm reads each
/// destination's health once a second, not once for each invocation.
const FRESH: Duration = Duration::from_secs(1);

/// Lost races until a change is given up: then the others have said the same.
const TRIES: u32 = 8;

/// Before the next try, at most.
const REST: Duration = Duration::from_millis(40);

/// The health of destinations. It is advice: where the ledger cannot be asked or
/// told, deliveries go on by what is known here.
#[derive(Debug)]
pub(super) struct HealthCache {
    ledger: Ledger,
    held: Mutex<HashMap<DestinationId, (Instant, VersionedHealth)>>,
}

impl HealthCache {
    pub(super) fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            held: Mutex::default(),
        }
    }

    /// Reads what is not fresh.
    pub(super) async fn refresh(&self, ids: &[DestinationId]) {
        let stale: Vec<_> = {
            let held = self.held();
            ids.iter()
                .copied()
                .filter(|id| held.get(id).is_none_or(|(at, _)| at.elapsed() >= FRESH))
                .collect()
        };
        if stale.is_empty() {
            return;
        }
        match self.ledger.health(&stale).await {
            Ok(mut read) => {
                let mut held = self.held();
                for id in stale {
                    let kept = read.remove(&id).unwrap_or_default();
                    held.insert(id, (Instant::now(), kept));
                }
            }
            Err(error) => tracing::warn!(
                %error,
                "the destinations' health could not be read; deliveries go on by what was known"
            ),
        }
    }

    /// How a destination fares, as far as is known here.
    pub(super) fn of(&self, id: DestinationId) -> Health {
        self.kept(id).health
    }

    /// Changes a destination's health, for everyone. `change` is made again on
    /// what somebody else wrote in between; `None` from it changes nothing. `None`
    /// as well when others were quicker again and again.
    pub(super) async fn change<T>(
        &self,
        id: DestinationId,
        change: impl Fn(&Health) -> Option<(Health, T)> + Send,
    ) -> Option<T> {
        let mut seen = self.kept(id);
        for _ in 0..TRIES {
            let (next, given) = change(&seen.health)?;
            if next == seen.health {
                return Some(given);
            }
            let now = Timestamp::now();
            match self
                .ledger
                .compare_and_swap_health(id, &seen, next.clone(), now)
                .await
            {
                Ok(CasResult::Swapped(kept)) => {
                    self.hold(id, kept);
                    return Some(given);
                }
                Ok(CasResult::Conflict(kept)) => {
                    self.hold(id, kept.clone());
                    seen = kept;
                    tokio::time::sleep(REST.mul_f64(fastrand::f64())).await;
                }
                Err(error) => return Some(self.keep_to_itself(id, &seen, next, given, &error)),
            }
        }
        tracing::warn!(
            destination.id = %id,
            "many senders change this destination's health at once; this one leaves it to the others"
        );
        None
    }

    fn keep_to_itself<T>(
        &self,
        id: DestinationId,
        seen: &VersionedHealth,
        next: Health,
        given: T,
        error: &LedgerError,
    ) -> T {
        tracing::warn!(
            destination.id = %id,
            %error,
            "the destination's health could not be recorded; only this sender knows"
        );
        let kept = VersionedHealth {
            health: next,
            version: seen.version,
        };
        self.hold(id, kept);
        given
    }

    fn kept(&self, id: DestinationId) -> VersionedHealth {
        self.held()
            .get(&id)
            .map(|(_, kept)| kept.clone())
            .unwrap_or_default()
    }

    fn hold(&self, id: DestinationId, kept: VersionedHealth) {
        self.held().insert(id, (Instant::now(), kept));
    }

    fn held(&self) -> MutexGuard<'_, HashMap<DestinationId, (Instant, VersionedHealth)>> {
        // Nothing in here panics halfway, so what a panic elsewhere left is whole.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
