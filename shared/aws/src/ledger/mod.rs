//! The ledger: the record of every alert and every delivery.
//!
//! The alert has an item of its own (`item = ALERT`: the alert and its routing), and
//! so has each delivery (`item = <destination id>`). All writes are conditional
//! `PartiQL` statements, 25 in one call, each with an answer of its own: deliveries
//! that are claimed or settled together share one round trip.
//!
//! A delivery is recorded with its alert, as `QUEUED`. Until it is settled it has a due
//! time, and with it an entry in the sparse index `due`, the outbox: whatever vanishes,
//! somebody looks at it then. See [`tocsin_core::delivery`] for the states and
//! [`tocsin_core::outbox`] for the order.
//!
//! A claim holds a lease. No other sender attempts the delivery while the lease lasts.
//! When its holder disappears, the delivery becomes due, and the next claim finds an
//! attempt that was begun and not settled: the provider may have accepted the message.
//! The lease only makes duplicates rare: delivery stays at least once.
//!
//! Two attributes have names of version 0.1.0: `standsInFor` is the destination
//! that a delivery is the fallback of, `mayHaveArrived` that one of its attempts may
//! have been delivered.

mod alerts;
mod attributes;
mod claim;
mod compression;
mod defer;
mod deliveries;
mod drain;
mod error;
mod fallbacks;
mod health;
mod memory;
mod operations;
mod outbox;
mod pulse;
mod read;
mod resent;
mod settle;
mod statement;
mod table;
mod timeline;

use std::collections::HashMap;
use std::time::Duration;

use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::State;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::Health;
use tocsin_core::history::{History, StoredAlert};
use tocsin_core::routing::Routing;

use crate::clients::Clients;
use crate::env::{Env, EnvError};

pub use alerts::{AlertRecord, PutAlert};
pub use deliveries::Added;
pub use drain::TakeDrain;
pub use error::{AttributeError, LedgerError};
pub use fallbacks::{Begun, FallbackRef};
pub use health::{CasResult, VersionedHealth};
use memory::Memory;
pub use outbox::{OutboxCursor, OutboxPage};
pub use pulse::{Pulse, PulseRecord};
pub use read::DeliveryRecords;
use table::Table;
pub use timeline::{
    AttentionEntry, AttentionPage, Cursor, TimelineEntry, TimelinePage, UnroutedEntry, UnroutedPage,
};

/// How long the ledger keeps an item, unless `TOCSIN_RETENTION_DAYS` says otherwise.
const DEFAULT_RETENTION_DAYS: u32 = 90;

/// The ledger.
#[derive(Clone, Debug)]
pub struct Ledger(Backend);

/// Where the ledger is kept.
#[derive(Clone, Debug)]
enum Backend {
    Table(Table),
    Memory(Memory),
}

impl Ledger {
    /// How long the ledger keeps an item: `TOCSIN_RETENTION_DAYS`, 90 days by default.
    ///
    /// # Errors
    ///
    /// When the variable is not a number.
    pub fn retention(env: &Env) -> Result<Duration, EnvError> {
        let days = env.parsed::<u32>("TOCSIN_RETENTION_DAYS")?;
        let hours = u64::from(days.unwrap_or(DEFAULT_RETENTION_DAYS)) * 24;
        Ok(Duration::from_hours(hours))
    }

    /// The ledger in this table. Each item expires `retention` after it was created.
    #[must_use]
    pub fn new(clients: &Clients, table: impl Into<String>, retention: Duration) -> Self {
        if clients.offline.is_some() {
            return Self::in_memory();
        }
        Self(Backend::Table(Table {
            client: clients.dynamodb.clone(),
            name: table.into(),
            retention,
        }))
    }

    /// A ledger without a table, for functions that run without a stack and for tests.
    /// It has no lists by time.
    #[must_use]
    pub fn in_memory() -> Self {
        Self(Backend::Memory(Memory::default()))
    }

    /// Records alerts with their routings, each only if its id is new, 25 in one call.
    /// The routing is stored as [`Routing::bounded`] gives it; of thousands of targets
    /// those that the item has no room for are left out, with a line in the log.
    pub async fn record(&self, records: &[AlertRecord<'_>]) -> Vec<Result<PutAlert, LedgerError>> {
        match &self.0 {
            Backend::Table(table) => table.record(records).await,
            Backend::Memory(memory) => memory.record(records),
        }
    }

    /// The recorded alerts with these ids; unknown ids are left out.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses the call or does not answer, or an item cannot be read.
    pub async fn alerts(
        &self,
        ids: &[AlertId],
    ) -> Result<HashMap<AlertId, Result<StoredAlert, LedgerError>>, LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.alerts(ids).await,
            Backend::Memory(memory) => Ok(memory.alerts(ids)),
        }
    }

    /// Records the routing of a recorded alert that has got more targets or a higher
    /// severity.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses the call or does not answer, or the ledger does not have
    /// the alert.
    pub async fn update_routing(&self, id: &AlertId, routing: &Routing) -> Result<(), LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.update_routing(id, routing).await,
            Backend::Memory(memory) => {
                memory.update_routing(id, routing);
                Ok(())
            }
        }
    }

    /// The health of these destinations, 100 in one call. Destinations that never had
    /// a failure nor a drain are left out.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses the call or does not answer, or an item cannot be read.
    pub async fn health(
        &self,
        ids: &[DestinationId],
    ) -> Result<HashMap<DestinationId, VersionedHealth>, LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.health(ids).await,
            Backend::Memory(memory) => Ok(memory.health(ids)),
        }
    }

    /// Replaces a destination's health, if it still has the version that was `seen`.
    ///
    /// # Errors
    ///
    /// As [`Ledger::health`].
    pub async fn compare_and_swap_health(
        &self,
        id: DestinationId,
        seen: &VersionedHealth,
        health: Health,
        now: Timestamp,
    ) -> Result<CasResult, LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.compare_and_swap_health(id, seen, health, now).await,
            Backend::Memory(memory) => Ok(memory.compare_and_swap_health(id, seen, health)),
        }
    }

    /// Takes the right to drain a destination until `until`, unless another drain of it
    /// runs. `until`, with its nanoseconds, identifies the drain.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses the call or does not answer.
    pub async fn take_drain(
        &self,
        id: DestinationId,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<TakeDrain, LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.take_drain(id, until, now).await,
            Backend::Memory(memory) => Ok(memory.take_drain(id, until, now)),
        }
    }

    /// Ends the drain that was taken until `until`. A drain whose time is over may have
    /// been replaced by another one, which goes on.
    ///
    /// # Errors
    ///
    /// As [`Ledger::take_drain`].
    pub async fn release_drain(
        &self,
        id: DestinationId,
        until: Timestamp,
    ) -> Result<(), LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.release_drain(id, until).await,
            Backend::Memory(memory) => {
                memory.release_drain(id, until);
                Ok(())
            }
        }
    }

    /// Everything about one alert; `None` when the ledger does not know it.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses the call or does not answer, or an item cannot be read.
    pub async fn history(&self, id: &AlertId) -> Result<Option<History>, LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.history(id).await,
            Backend::Memory(memory) => Ok(memory.history(id)),
        }
    }

    /// Alerts received at or after `since`, newest first, starting at `from`: one page
    /// of one day, at most `limit` entries, and often fewer. The newest alerts may be missing, because
    /// the index is about a second behind the table.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses the call or does not answer, or an item cannot be read.
    pub async fn timeline(
        &self,
        since: Timestamp,
        from: &Cursor,
        limit: usize,
    ) -> Result<TimelinePage, LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.timeline(since, from, limit).await,
            Backend::Memory(_) => Ok(TimelinePage::default()),
        }
    }

    /// Deliveries that ended in `state` (`FAILED` or `EXHAUSTED`) at or after `since`,
    /// newest first, starting at `from`: at most `limit` entries.
    ///
    /// # Errors
    ///
    /// As [`Ledger::timeline`].
    pub async fn attention(
        &self,
        state: State,
        since: Timestamp,
        from: &Cursor,
        limit: usize,
    ) -> Result<AttentionPage, LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.attention(state, since, from, limit).await,
            Backend::Memory(_) => Ok(AttentionPage::default()),
        }
    }

    /// Alerts that nothing matched at or after `since`, newest first, starting at `from`:
    /// at most `limit` entries. Those that were sent again are left out.
    ///
    /// # Errors
    ///
    /// As [`Ledger::timeline`].
    pub async fn unrouted(
        &self,
        since: Timestamp,
        from: &Cursor,
        limit: usize,
    ) -> Result<UnroutedPage, LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.unrouted(since, from, limit).await,
            Backend::Memory(_) => Ok(UnroutedPage::default()),
        }
    }

    /// Links what ended without success, of this alert and these destinations, to the
    /// alert as which it was sent again; it no longer needs attention. Deliveries that
    /// are still under way, or were accepted, stay as they are. That is not an error.
    pub async fn link_resent(
        &self,
        original: &AlertId,
        destinations: &[DestinationId],
        resent: &AlertId,
    ) -> Vec<Result<(), LedgerError>> {
        match &self.0 {
            Backend::Table(table) => table.link_resent(original, destinations, resent).await,
            Backend::Memory(memory) => {
                memory.link_resent(original, destinations, resent);
                Vec::new()
            }
        }
    }

    /// Records a sign of life, about an alert if there is one.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses the call or does not answer.
    pub async fn record_pulse(
        &self,
        pulse: Pulse,
        alert: Option<&AlertId>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.record_pulse(pulse, alert, now).await,
            Backend::Memory(memory) => {
                memory.record_pulse(pulse, alert, now);
                Ok(())
            }
        }
    }

    /// The last signs of life.
    ///
    /// # Errors
    ///
    /// As [`Ledger::record_pulse`], or when an item cannot be read.
    pub async fn pulses(&self) -> Result<HashMap<Pulse, PulseRecord>, LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.pulses().await,
            Backend::Memory(memory) => Ok(memory.pulses()),
        }
    }

    /// Opens the connection to the table while the function initializes, when Lambda
    /// does not limit its processor time yet: for 3 seconds at most, since Lambda ends
    /// the initialization after 10. A failure is only logged: the first real call shows
    /// whether the connection works.
    pub async fn warm_up(&self) {
        if let Backend::Table(table) = &self.0 {
            table.warm_up().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_is_90_days_unless_the_environment_says_otherwise() {
        let retention =
            |days: &[(String, String)]| Ledger::retention(&days.iter().cloned().collect());
        let days = |days: &str| [("TOCSIN_RETENTION_DAYS".to_owned(), days.to_owned())];
        assert_eq!(retention(&[]).unwrap(), Duration::from_hours(90 * 24));
        assert_eq!(retention(&days("7")).unwrap(), Duration::from_hours(7 * 24));
        assert!(retention(&days("a week")).is_err());
    }
}
