//! The ledger: the record of every alert and every delivery.
//!
//! The alert has an item of its own (`item = ALERT`: the alert and its routing), and
//! so has each delivery (`item = <destination id>`). All writes are conditional
//! `PartiQL` statements, 25 in one call, each with an answer of its own: deliveries
//! that are claimed or settled together share one round trip.
//!
//! ## The states of a delivery
//!
//! ```text
//!            claim                settle
//!  (nothing) ────► SENDING ─┬──► DELIVERED
//!                   ▲   ▲   ├──► FAILED | EXHAUSTED
//!    claim of the   │   │   └──► RETRYING ──┐
//!    next attempt   │   └── lease expired   │
//!                   └───────────────────────┘
//! ```
//!
//! A delivery that must wait before its first attempt begins as `RETRYING`, with
//! attempt 0.
//!
//! A claim holds a lease. No other sender attempts the delivery while the lease lasts.
//! When its holder disappears, the next claim takes the delivery over, and knows that
//! the provider may have accepted the message. The lease only makes duplicates rare:
//! delivery stays at least once.

mod alerts;
mod attributes;
mod claim;
mod defer;
mod error;
mod health;
mod memory;
mod read;
mod settle;
mod statement;
mod table;
mod timeline;

use std::collections::HashMap;
use std::time::Duration;

use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::State;
use tocsin_core::delivery::claim::{Claim, ClaimRequest};
use tocsin_core::delivery::settlement::{Deferral, SettleResult, Settlement};
use tocsin_core::destination::DestinationId;
use tocsin_core::health::Health;
use tocsin_core::history::{History, StoredAlert};

use crate::clients::Clients;
use crate::env::{Env, EnvError};

pub use alerts::{AlertRecord, PutAlert};
pub use error::{AttributeError, LedgerError};
pub use health::{CasResult, VersionedHealth};
use memory::Memory;
use table::Table;
pub use timeline::{AttentionEntry, AttentionPage, Cursor, TimelineEntry, TimelinePage};

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
        Self(if clients.offline.is_some() {
            Backend::Memory(Memory::default())
        } else {
            Backend::Table(Table {
                client: clients.dynamodb.clone(),
                name: table.into(),
                retention,
            })
        })
    }

    /// Records alerts with their routings, each only if its id is new.
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

    /// Claims deliveries, 25 in one call. A refused claim costs one or two further
    /// calls, which take over an expired lease or find out why it was refused.
    pub async fn claim(
        &self,
        requests: &[ClaimRequest],
        now: Timestamp,
    ) -> Vec<Result<Claim, LedgerError>> {
        match &self.0 {
            Backend::Table(table) => table.claim(requests, now).await,
            Backend::Memory(memory) => memory.claim(requests, now),
        }
    }

    /// Settles attempts, 25 in one call. The ledger does not record an attempt whose
    /// lease was lost ([`SettleResult::LeaseLost`]); the caller logs it.
    pub async fn settle(
        &self,
        settlements: &[Settlement],
    ) -> Vec<Result<SettleResult, LedgerError>> {
        match &self.0 {
            Backend::Table(table) => table.settle(settlements).await,
            Backend::Memory(memory) => memory.settle(settlements),
        }
    }

    /// Records that deliveries wait, 25 in one call. A delivery that another sender
    /// holds or has settled stays as it is.
    pub async fn defer(
        &self,
        deferrals: &[Deferral],
        now: Timestamp,
    ) -> Vec<Result<(), LedgerError>> {
        match &self.0 {
            Backend::Table(table) => table.defer(deferrals, now).await,
            Backend::Memory(_) => vec![Ok(()); deferrals.len()],
        }
    }

    /// The health of these destinations, 100 in one call. Destinations that never had
    /// a failure are left out.
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
    /// of one day, at most `limit` entries. The newest alerts may be missing, because
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

    /// Opens the connection to the table while the function initializes, when Lambda
    /// does not limit its processor time yet. A failure is only logged: the first
    /// real call shows whether the connection works.
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
