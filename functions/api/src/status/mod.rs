//! What is wrong now: the outbox, the health of destinations, what ended without success,
//! the queues, and the signs of life, read at one moment. [`assess`] says what of it
//! needs a person.

mod assess;
mod facts;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Duration;

use futures::future::try_join3;
use futures::try_join;
use tocsin_api_types::{ApiError, Canary, Coverage, GetStatus, Status, Unrouted};
use tocsin_aws::{AttentionEntry, Cursor, Pulse, PulseRecord};
use tocsin_core::Timestamp;
use tocsin_core::alert::{AlertId, Severity};
use tocsin_core::delivery::State;
use tocsin_core::destination::{DestinationId, Destinations};

use crate::Api;
use crate::error::OrApiError;
use crate::pagination::{Budget, Range};
use facts::{Facts, Waiting};

/// How long one call reads; what it has not seen then, it does not count.
const TIME_LIMIT: Duration = Duration::from_secs(15);

/// The most entries of the index `attention` that are read of each kind.
const MOST_ENTRIES: usize = 2_000;

/// Entries of one page of that index.
const PAGE: usize = 500;

/// The deliveries of each destination whose age is looked at.
const LOOKED_AT: usize = 25;

impl Api {
    pub(crate) async fn status(&self, request: GetStatus) -> Result<Status, ApiError> {
        let range = Range::read(request.since, None, None)?;
        let budget = Budget::of(TIME_LIMIT);
        let destinations = self.store.load().await.or_api_error()?;
        let ids: Vec<_> = destinations.iter().map(|one| one.destination_id).collect();
        let (outbox, healths, queues, pulses) = try_join!(
            self.outbox(&budget),
            async { self.ledger.health(&ids).await.or_api_error() },
            self.queue_depths(),
            async { self.ledger.pulses().await.or_api_error() },
        )?;
        let (waiting, outbox_coverage) = outbox;
        let ((failed, failed_coverage), (unrouted, unrouted_coverage), canary) = try_join3(
            self.failed(&destinations, range.since, &budget),
            self.unrouted(range.since, &budget),
            self.canary(pulses.get(&Pulse::Canary)),
        )
        .await?;
        let parts = [outbox_coverage, failed_coverage, unrouted_coverage];
        let facts = Facts {
            at: Timestamp::now(),
            since: range.since,
            canary_interval: self.canary_interval,
            waiting: self.with_ages(waiting).await?,
            healths,
            failed,
            unrouted,
            queues,
            last_sweep_at: pulses.get(&Pulse::Sweep).map(|pulse| pulse.at),
            canary,
            coverage: if parts.contains(&Coverage::Part) {
                Coverage::Part
            } else {
                Coverage::Whole
            },
        };
        Ok(assess::assess(facts, &destinations))
    }

    /// All that waits, by destination.
    async fn outbox(&self, budget: &Budget) -> Result<(Waiting, Coverage), ApiError> {
        let mut waiting = Waiting::default();
        let mut start = None;
        loop {
            let page = self.ledger.outbox_page(start).await.or_api_error()?;
            waiting.add(page.entries);
            start = page.next;
            if start.is_none() {
                return Ok((waiting, Coverage::Whole));
            }
            if budget.is_spent() {
                return Ok((waiting, Coverage::Part));
            }
        }
    }

    /// Adds when the oldest of those began that are due first.
    async fn with_ages(&self, mut waiting: Waiting) -> Result<Waiting, ApiError> {
        let looked_at = waiting.due_first(LOOKED_AT);
        let records = self.ledger.records(&looked_at).await.or_api_error()?;
        for ((_, destination), record) in records {
            // One that cannot be read has no age; the audit reports it.
            if let Ok(record) = record {
                waiting.began(destination, record.began_at);
            }
        }
        Ok(waiting)
    }

    /// How many deliveries to each destination ended without success and have not been
    /// delivered otherwise.
    async fn failed(
        &self,
        destinations: &Destinations,
        since: Timestamp,
        budget: &Budget,
    ) -> Result<(facts::Failed, Coverage), ApiError> {
        let mut entries = Vec::new();
        let mut coverage = Coverage::Whole;
        for state in [State::Failed, State::Exhausted] {
            let mut next = Some(Cursor::before(Timestamp::now()));
            let mut read = 0;
            while let Some(from) = next.take_if(|_| read < MOST_ENTRIES && !budget.is_spent()) {
                let page = self.ledger.attention(state, since, &from, PAGE);
                let page = page.await.or_api_error()?;
                read += page.entries.len();
                entries.extend(page.entries);
                next = page.next;
            }
            if next.is_some() {
                coverage = Coverage::Part;
            }
        }
        let delivered = self.delivered_by_fallbacks(destinations, &entries).await?;
        let mut failed = facts::Failed::default();
        for entry in entries {
            let key = (entry.alert_id, entry.destination_id);
            if !delivered.contains(&key) {
                *failed.entry(key.1).or_default() += 1;
            }
        }
        Ok((failed, coverage))
    }

    /// Those of these deliveries whose fallback has delivered the alert.
    pub(crate) async fn delivered_by_fallbacks(
        &self,
        destinations: &Destinations,
        entries: &[AttentionEntry],
    ) -> Result<HashSet<(AlertId, DestinationId)>, ApiError> {
        let fallback = |id| Some(destinations.get(id)?.fallback?.destination_id);
        let with_fallback: Vec<_> = entries
            .iter()
            .filter_map(|entry| Some((entry, fallback(entry.destination_id)?)))
            .collect();
        let keys: Vec<_> = with_fallback
            .iter()
            .map(|(entry, fallback)| (entry.alert_id.clone(), *fallback))
            .collect();
        let records = self.ledger.records(&keys).await.or_api_error()?;
        let delivered = with_fallback.iter().zip(&keys).filter(|(_, key)| {
            let record = records.get(key);
            matches!(record, Some(Ok(record)) if record.state == State::Delivered)
        });
        Ok(delivered
            .map(|((entry, _), _)| (entry.alert_id.clone(), entry.destination_id))
            .collect())
    }

    async fn unrouted(
        &self,
        since: Timestamp,
        budget: &Budget,
    ) -> Result<(Unrouted, Coverage), ApiError> {
        let mut unrouted = Unrouted::default();
        let mut next = Some(Cursor::before(Timestamp::now()));
        let is_open = |unrouted: &Unrouted| {
            usize::try_from(unrouted.alerts).is_ok_and(|read| read < MOST_ENTRIES)
        };
        while let Some(from) = next.take_if(|_| is_open(&unrouted) && !budget.is_spent()) {
            let page = self.ledger.unrouted(since, &from, PAGE);
            let page = page.await.or_api_error()?;
            next = page.next;
            for entry in page.entries {
                unrouted.alerts += 1;
                if entry.severity >= Severity::High {
                    unrouted.urgent += 1;
                    unrouted.newest_urgent.get_or_insert(entry.alert_id);
                }
            }
        }
        let coverage = match next {
            Some(_) => Coverage::Part,
            None => Coverage::Whole,
        };
        Ok((unrouted, coverage))
    }

    async fn canary(&self, pulse: Option<&PulseRecord>) -> Result<Option<Canary>, ApiError> {
        let Some(pulse) = pulse else {
            return Ok(None);
        };
        let history = match &pulse.alert_id {
            Some(id) => self.ledger.history(id).await.or_api_error()?,
            None => None,
        };
        let state = history.and_then(|history| {
            let mut states = history.deliveries.iter().map(|one| one.state);
            states.next()
        });
        Ok(Some(Canary {
            at: pulse.at,
            alert_id: pulse.alert_id.clone(),
            state,
        }))
    }
}
