//! What was read about the stack.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tocsin_api_types::{Canary, Coverage, QueueDepths, Unrouted};
use tocsin_aws::VersionedHealth;
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::DetectionKey;
use tocsin_core::outbox::DueEntry;

/// Deliveries that ended without success, by destination.
pub(super) type Failed = HashMap<DestinationId, u64>;

/// All of it.
pub(super) struct Facts {
    pub(super) at: Timestamp,
    pub(super) since: Timestamp,
    /// The time between two canaries; `None` if none are sent.
    pub(super) canary_interval: Option<Duration>,
    pub(super) waiting: Waiting,
    pub(super) healths: HashMap<DestinationId, VersionedHealth>,
    pub(super) failed: Failed,
    pub(super) unrouted: Unrouted,
    pub(super) queues: QueueDepths,
    pub(super) last_sweep_at: Option<Timestamp>,
    pub(super) canary: Option<Canary>,
    pub(super) coverage: Coverage,
}

/// What waits, by destination.
#[derive(Default)]
pub(super) struct Waiting(HashMap<DestinationId, OfDestination>);

/// What waits for one destination.
#[derive(Default)]
pub(super) struct OfDestination {
    pub(super) deliveries: u64,
    /// The earliest due time of each detection's deliveries.
    pub(super) earliest: BTreeMap<DetectionKey, Timestamp>,
    /// When the oldest of those began that were looked at.
    pub(super) oldest: Option<Timestamp>,
    due: Vec<(Timestamp, AlertId)>,
}

impl Waiting {
    pub(super) fn add(&mut self, entries: Vec<DueEntry>) {
        for entry in entries {
            let waiting = self.0.entry(entry.destination_id).or_default();
            waiting.deliveries += 1;
            let detection = DetectionKey::of(&entry.detection_id);
            let earliest = waiting.earliest.entry(detection).or_insert(entry.due.at);
            *earliest = entry.due.at.min(*earliest);
            waiting.due.push((entry.due.at, entry.alert_id));
        }
    }

    /// The first `count` deliveries of each destination by their due times.
    pub(super) fn due_first(&mut self, count: usize) -> Vec<(AlertId, DestinationId)> {
        let mut first = Vec::new();
        for (id, waiting) in &mut self.0 {
            waiting.due.sort_unstable();
            let due = waiting.due.drain(..).take(count);
            first.extend(due.map(|(_, alert)| (alert, *id)));
        }
        first
    }

    pub(super) fn began(&mut self, id: DestinationId, at: Timestamp) {
        if let Some(waiting) = self.0.get_mut(&id) {
            let oldest = waiting.oldest.get_or_insert(at);
            *oldest = at.min(*oldest);
        }
    }

    pub(super) fn get(&self, id: DestinationId) -> Option<&OfDestination> {
        self.0.get(&id)
    }

    /// The destinations that deliveries wait for.
    pub(super) fn ids(&self) -> impl Iterator<Item = DestinationId> {
        self.0.keys().copied()
    }
}
