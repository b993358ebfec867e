//! The health of destinations, for choosing the path of fresh deliveries.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tocsin_aws::{CasResult, Ledger, LedgerError, VersionedHealth};
use tocsin_core::Timestamp;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::Health;

/// How old the copy of a health may be. A delivery that takes the fast path meanwhile
/// meets the sender, which looks at the health again.
const MAX_AGE: Duration = Duration::from_secs(1);

/// Compare-and-swaps that lose against others, before a change is left to the next
/// occasion.
const MAX_CONFLICTS: usize = 4;

/// Copies of the health of destinations.
#[derive(Debug)]
pub(crate) struct HealthCache {
    ledger: Ledger,
    copies: Mutex<HashMap<DestinationId, Copy>>,
}

#[derive(Clone, Debug)]
struct Copy {
    read: Instant,
    health: VersionedHealth,
}

impl HealthCache {
    /// An empty cache in front of `ledger`.
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            copies: Mutex::default(),
        }
    }

    fn copies(&self) -> MutexGuard<'_, HashMap<DestinationId, Copy>> {
        // No change here can panic halfway, so a poisoned lock guards whole copies.
        self.copies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The health of these destinations, at most [`MAX_AGE`] old. Health is advice:
    /// when it cannot be read, the destinations count as healthy.
    pub(crate) async fn get(&self, ids: &[DestinationId]) -> HashMap<DestinationId, Health> {
        let read = Instant::now();
        let missing: Vec<_> = {
            let mut copies = self.copies();
            copies.retain(|_, copy| copy.read.elapsed() < MAX_AGE);
            let missing = ids.iter().filter(|id| !copies.contains_key(id));
            missing.copied().collect()
        };
        let mut found = HashMap::new();
        if !missing.is_empty() {
            match self.ledger.health(&missing).await {
                Ok(health) => found = health,
                Err(error) => {
                    tracing::warn!(%error, "the destinations' health could not be read: {error}");
                    // Not kept: the next batch tries again.
                    return HashMap::new();
                }
            }
        }
        let mut copies = self.copies();
        for id in missing {
            let health = found.remove(&id).unwrap_or_default();
            copies.insert(id, Copy { read, health });
        }
        ids.iter()
            .filter_map(|id| Some((*id, copies.get(id)?.health.health.clone())))
            .collect()
    }

    /// Records that deliveries to these destinations wait.
    pub(crate) async fn record_backlog(&self, ids: &[DestinationId]) {
        for id in ids {
            let copy = self.copies().get(id).cloned();
            let seen = copy.map(|copy| copy.health).unwrap_or_default();
            self.change(*id, seen, Health::with_backlog).await;
        }
    }

    /// Records that nothing waits for a destination any more, unless its health was
    /// changed since it was read: then something may.
    pub(crate) async fn record_drained(
        &self,
        id: DestinationId,
        seen: &VersionedHealth,
        now: Timestamp,
    ) {
        let next = seen.health.drained(now);
        if next == seen.health {
            return;
        }
        self.copies().remove(&id);
        let swapped = self.ledger.compare_and_swap_health(id, seen, next, now);
        if let Err(error) = swapped.await {
            tracing::warn!(
                destination.id = %id,
                %error,
                "the health of destination {id} could not be changed: {error}"
            );
        }
    }

    /// Replaces the health of a destination with what `change` makes of it. Does
    /// nothing if that is the same. A failure is logged only: what waits is in the
    /// outbox, and the sweep finds it there.
    pub(crate) async fn change(
        &self,
        id: DestinationId,
        seen: VersionedHealth,
        change: impl Fn(&Health) -> Health,
    ) {
        match self.try_change(id, seen, change).await {
            Ok(health) => {
                let read = Instant::now();
                self.copies().insert(id, Copy { read, health });
            }
            Err(error) => {
                self.copies().remove(&id);
                tracing::warn!(
                    destination.id = %id,
                    %error,
                    "the health of destination {id} could not be changed: {error}"
                );
            }
        }
    }

    async fn try_change(
        &self,
        id: DestinationId,
        mut seen: VersionedHealth,
        change: impl Fn(&Health) -> Health,
    ) -> Result<VersionedHealth, LedgerError> {
        for _ in 0..MAX_CONFLICTS {
            let next = change(&seen.health);
            if next == seen.health {
                break;
            }
            let now = Timestamp::now();
            let swapped = self.ledger.compare_and_swap_health(id, &seen, next, now);
            match swapped.await? {
                CasResult::Swapped(health) => return Ok(health),
                CasResult::Conflict(current) => seen = current,
            }
        }
        Ok(seen)
    }
}
