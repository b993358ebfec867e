//! The drain of a destination: its due deliveries are taken from the outbox and given
//! to its sender.
//!
//! One drain of a destination runs at a time: it holds a lease, which the sender
//! releases when it has processed the deliveries. Whatever fails on the way, the
//! deliveries stay due.

mod load;
mod select;
mod undeliverable;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use futures::{StreamExt, stream};
use tocsin_aws::telemetry::Metric;
use tocsin_aws::{
    AwsError, DeliveryRecords, DestinationCache, FallbackRef, Ledger, LedgerError, TakeDrain,
    VersionedHealth,
};
use tocsin_core::Timestamp;
use tocsin_core::delivery::{Drain, FallbackTarget, State};
use tocsin_core::destination::{DestinationId, Destinations, Enabled};
use tocsin_core::health::Health;
use tocsin_core::history::DeliveryRecord;
use tocsin_core::outbox::{DRAIN_LEASE, DueEntry, Priority};
use tracing::Instrument;

use crate::dispatch::Senders;
use crate::health::HealthCache;
use crate::invocation::Invocation;
use load::{ALERTS_PER_READ, load};
use select::{Originals, Verdict, held_until, judge, originals, select};

/// Destinations that are drained concurrently. Each holds 25 alerts and a payload: up
/// to 12 MB.
const CONCURRENT_DRAINS: usize = 4;

/// Deliveries of one priority that are read, at first and if too few of those may be
/// taken. The first number is about what one page of the index holds, so that a detection
/// with many deliveries does not hide the others.
const READ_LIMITS: [usize; 2] = [1_000, 10_000];

/// A hold that ends this soon gets a wake-up from here; later ones have one from the
/// sender that met the trouble, or get it from the sweep.
const SOON: Duration = Duration::from_secs(15);

/// The delay of the wake-up after a drain that met deliveries and dispatched none of
/// them: others may be due.
const AFTER_CHANGES: Duration = Duration::from_secs(1);

/// How long a delivery waits whose item cannot be read.
const UNREADABLE_DELAY: Duration = Duration::from_hours(1);

/// Drains destinations.
pub(crate) struct Drains<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) healths: &'a HealthCache,
    pub(crate) destinations: &'a DestinationCache,
    pub(crate) senders: &'a Senders,
}

/// What a drain came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Drained {
    /// The delay of the next wake-up, where the router sends it.
    wake_up: Option<Duration>,
    /// Deliveries that can never be made.
    failed: usize,
}

/// The step at which the work of a drain ended.
enum Step {
    /// The sender has the deliveries and the lease.
    Dispatched(Drained),
    /// The router is done, and releases the lease.
    Done(Drained),
}

/// The due deliveries of a drain, by what happens to them.
#[derive(Default)]
struct Sorted {
    dispatch: VecDeque<(DueEntry, DeliveryRecord)>,
    cancel: Vec<FallbackRef>,
    settled: Vec<(DueEntry, State)>,
    unreadable: Vec<DueEntry>,
}

impl Drains<'_> {
    /// Drains these destinations. A failure of one does not affect the others.
    pub(crate) async fn drain(&self, ids: BTreeSet<DestinationId>, invocation: &mut Invocation) {
        let drained: Vec<_> = stream::iter(ids)
            .map(|id| {
                let span = tracing::error_span!("drain", destination.id = %id);
                async move { (id, self.drain_one(id).await) }.instrument(span)
            })
            .buffer_unordered(CONCURRENT_DRAINS)
            .collect()
            .await;
        for (id, Drained { wake_up, failed }) in drained {
            invocation.counts.add(Metric::DeliveriesFailed, failed);
            if let Some(delay) = wake_up {
                invocation.wake_ups.add(id, delay);
            }
        }
    }

    async fn drain_one(&self, id: DestinationId) -> Drained {
        self.try_drain(id).await.unwrap_or_else(|error| {
            tracing::error!(
                %error,
                "destination {id} could not be drained; its deliveries stay due: {error}"
            );
            // The next sweep sends a wake-up. One from here for each failed drain would add
            // to it, minute after minute.
            Drained::default()
        })
    }

    async fn try_drain(&self, id: DestinationId) -> Result<Drained, LedgerError> {
        let now = Timestamp::now();
        let mut health = self.ledger.health(&[id]).await?;
        let health = health.remove(&id).unwrap_or_default();
        if let Some(until) = health.health.held_until(now) {
            return Ok(Drained {
                wake_up: soon(until, now),
                failed: 0,
            });
        }
        let drain = Drain {
            destination_id: id,
            until: now.plus(DRAIN_LEASE),
        };
        if self.ledger.take_drain(id, drain.until, now).await? == TakeDrain::InUse {
            return Ok(Drained::default());
        }
        match self.work(drain, health, now).await {
            Ok(Step::Dispatched(drained)) => Ok(drained),
            Ok(Step::Done(drained)) => {
                self.release(drain).await;
                Ok(drained)
            }
            Err(error) => {
                self.release(drain).await;
                Err(error)
            }
        }
    }

    async fn release(&self, drain: Drain) {
        let id = drain.destination_id;
        if let Err(error) = self.ledger.release_drain(id, drain.until).await {
            tracing::warn!(
                %error,
                "the drain of destination {id} is not released before its lease ends: {error}"
            );
        }
    }

    async fn work(
        &self,
        drain: Drain,
        health: VersionedHealth,
        now: Timestamp,
    ) -> Result<Step, LedgerError> {
        let id = drain.destination_id;
        let (due, selected) = self.select(id, &health.health, now).await?;
        if due.is_empty() {
            self.healths.record_drained(id, &health, now).await;
            return Ok(Step::Done(Drained::default()));
        }
        if selected.is_empty() {
            let until = held_until(&due, &health.health, now);
            return Ok(Step::Done(Drained {
                wake_up: until.and_then(|until| soon(until, now)),
                failed: 0,
            }));
        }
        drop(due);
        let destinations = self.configured(id, now).await?;
        let mut sorted = self.sort(id, selected, &destinations, now).await?;
        sorted.dispatch.truncate(health.health.drain_size(now));
        self.cancel(&sorted.cancel).await;
        self.leave_outbox(&sorted.settled).await;
        self.postpone(&sorted.unreadable, now).await;
        let loaded = load(self.ledger, &destinations, drain, sorted.dispatch).await?;
        let failed = undeliverable::end(self.ledger, &loaded.undeliverable).await;
        let payload = loaded.payload;
        let Some(provider) = loaded.provider.filter(|_| !payload.is_empty()) else {
            return Ok(Step::Done(Drained {
                wake_up: Some(AFTER_CHANGES),
                failed,
            }));
        };
        self.senders.invoke(&provider, &payload).await?;
        let deliveries = payload.deliveries();
        tracing::info!(deliveries, "{deliveries} due deliveries were dispatched");
        Ok(Step::Dispatched(Drained {
            wake_up: None,
            failed,
        }))
    }

    /// The due deliveries, and those of them that the drain takes.
    async fn select(
        &self,
        id: DestinationId,
        health: &Health,
        now: Timestamp,
    ) -> Result<(Vec<DueEntry>, Vec<DueEntry>), LedgerError> {
        let mut read = (Vec::new(), Vec::new());
        for limit in READ_LIMITS {
            let by_priority = Priority::ALL.map(|one| self.ledger.due(id, one, now, limit));
            let by_priority = try_join_all(by_priority).await?;
            let is_whole = by_priority.iter().all(|page| page.next.is_none());
            let pages = by_priority.into_iter();
            let due: Vec<_> = pages.flat_map(|page| page.entries).collect();
            let selected = select(due.clone(), health, now);
            let is_enough = selected.len() >= health.drain_size(now);
            read = (due, selected);
            if is_whole || is_enough {
                break;
            }
        }
        Ok(read)
    }

    /// The destinations, as they are now where this one is missing or disabled.
    async fn configured(
        &self,
        id: DestinationId,
        now: Timestamp,
    ) -> Result<Arc<Destinations>, AwsError> {
        let fresh = self.destinations.get_fresh().await?;
        match fresh.get(id) {
            Some(destination) if destination.enabled == Enabled::Yes => Ok(fresh),
            _ => self.destinations.get_read_after(now).await,
        }
    }

    async fn sort(
        &self,
        id: DestinationId,
        selected: Vec<DueEntry>,
        destinations: &Destinations,
        now: Timestamp,
    ) -> Result<Sorted, LedgerError> {
        let keys: Vec<_> = selected
            .iter()
            .map(|entry| (entry.alert_id.clone(), entry.destination_id))
            .collect();
        let mut records: DeliveryRecords = self.ledger.records(&keys).await?;
        let originals = self.originals(id, &records, destinations).await?;
        let keys: Vec<_> = originals
            .iter()
            .flat_map(|(alert, ids)| ids.iter().map(|id| (alert.clone(), *id)))
            .collect();
        if !keys.is_empty() {
            records.extend(self.ledger.records(&keys).await?);
        }
        let mut sorted = Sorted::default();
        for entry in selected {
            match judge(&entry, &records, &originals, now) {
                Verdict::Dispatch(record) => sorted.dispatch.push_back((entry, record.clone())),
                Verdict::Cancel(fallback) => sorted.cancel.push(fallback),
                Verdict::Skip => {}
                Verdict::Leave(state) => sorted.settled.push((entry, state)),
                Verdict::Unreadable(error) => {
                    tracing::error!(
                        alert.id = entry.alert_id.as_str(),
                        %error,
                        "a delivery cannot be read and waits for an hour: {error}"
                    );
                    sorted.unreadable.push(entry);
                }
            }
        }
        Ok(sorted)
    }

    /// The destinations that due fallbacks are for: several targets of an alert may share
    /// one fallback.
    async fn originals(
        &self,
        fallback: DestinationId,
        records: &DeliveryRecords,
        destinations: &Destinations,
    ) -> Result<Originals, LedgerError> {
        let mut originals = originals(records);
        let alerts: Vec<_> = originals.keys().cloned().collect();
        for ids in alerts.chunks(ALERTS_PER_READ) {
            for (id, stored) in self.ledger.alerts(ids).await? {
                // A delivery whose alert cannot be read ends later.
                if let (Ok(stored), Some(originals)) = (stored, originals.get_mut(&id)) {
                    let targets = &stored.routing.targets;
                    originals.extend(FallbackTarget::originals(fallback, targets, destinations));
                }
            }
        }
        Ok(originals)
    }

    async fn cancel(&self, fallbacks: &[FallbackRef]) {
        for result in self.ledger.cancel_fallbacks(fallbacks).await {
            if let Err(error) = result {
                // It stays due, and the next drain tries again.
                tracing::warn!(%error, "a fallback could not be cancelled: {error}");
            }
        }
    }

    async fn leave_outbox(&self, settled: &[(DueEntry, State)]) {
        for result in self.ledger.leave_outbox(settled).await {
            if let Err(error) = result {
                tracing::warn!(%error, "a settled delivery stays in the outbox: {error}");
            }
        }
    }

    /// Keeps deliveries from being taken by every drain.
    async fn postpone(&self, entries: &[DueEntry], now: Timestamp) {
        let until = now.plus(UNREADABLE_DELAY);
        for result in self.ledger.postpone(entries, until, now).await {
            if let Err(error) = result {
                tracing::warn!(%error, "a delivery could not be postponed: {error}");
            }
        }
    }
}

/// The delay of a wake-up at `until`, if that is soon.
fn soon(until: Timestamp, now: Timestamp) -> Option<Duration> {
    let wait = until.since(now);
    (wait <= SOON).then_some(wait)
}
