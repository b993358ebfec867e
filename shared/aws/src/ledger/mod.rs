//! The ledger: the truth about what happened to every alert and delivery.
//!
//! One item for the alert (`item = ALERT`: the alert and its routing), one for
//! each delivery (`item = <destination id>`). All writes are conditional `PartiQL`
//! statements, 25 in one call, each answered for alone: what is claimed or
//! recorded together costs one round trip together.
//!
//! ## A delivery's life
//!
//! ```text
//!            claim                settle
//!  (nothing) ────► SENDING ─┬──► DELIVERED
//!                   ▲   ▲   ├──► FAILED | EXHAUSTED
//!    claim of the   │   │   └──► RETRYING ──┐
//!    next attempt   │   └── lease run out   │
//!                   └───────────────────────┘
//! ```
//!
//! A delivery that must wait before its first attempt begins as `RETRYING`, with
//! attempt 0.
//!
//! A claim carries a lease. While it lasts, nobody else may attempt the
//! delivery; when its holder vanished, the next claim takes over, knowing that
//! the message may have arrived. The lease only makes duplicates rare:
//! delivery stays at least once.

mod alerts;
mod claim;
mod defer;
mod health;
mod memory;
mod read;
mod settle;
mod statement;
mod timeline;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use memory::Memory;
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::State;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::Health;
use tocsin_core::history::{History, StoredAlert};

use crate::{AwsError, Clients};

pub use alerts::{AlertRecord, PutAlert};
pub use claim::{Claim, ClaimRequest, Lease};
pub use defer::Deferral;
pub use health::{CasResult, VersionedHealth};
pub use settle::{SettleResult, Settlement, Verdict};
pub use timeline::{AttentionEntry, AttentionPage, Cursor, TimelineEntry, TimelinePage};

/// The sort key of the item that holds the alert itself.
const ALERT_ITEM: &str = "ALERT";

/// The sort key of the item that holds a destination's health; its partition is
/// the destination's id.
const HEALTH_ITEM: &str = "HEALTH";

/// Settled attempts are attributes called this and their number: `attempt#1`.
const ATTEMPT_PREFIX: &str = "attempt#";

/// The ledger.
#[derive(Clone, Debug)]
pub struct Ledger(Backend);

/// Where the ledger is kept.
#[derive(Clone, Debug)]
enum Backend {
    InTable(Table),
    InMemory(Memory),
}

/// The ledger's table.
#[derive(Clone, Debug)]
struct Table {
    client: Client,
    table: String,
    retention: Duration,
}

/// Why the ledger could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// `DynamoDB` refused or did not answer.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// An item does not have the form it was written in.
    #[error("the ledger's item {item} of alert {alert_id} cannot be read: {problem}")]
    Unreadable {
        /// Which alert.
        alert_id: String,
        /// Which item of it.
        item: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Ledger {
    /// The ledger in this table; what is written expires after `retention`.
    #[must_use]
    pub fn new(clients: &Clients, table: impl Into<String>, retention: Duration) -> Self {
        Self(if clients.offline.is_some() {
            Backend::InMemory(Memory::default())
        } else {
            Backend::InTable(Table {
                client: clients.dynamodb.clone(),
                table: table.into(),
                retention,
            })
        })
    }

    /// Records alerts with their routings, each only if its id is new.
    pub async fn record(&self, records: &[AlertRecord<'_>]) -> Vec<Result<PutAlert, LedgerError>> {
        match &self.0 {
            Backend::InTable(table) => table.record(records).await,
            Backend::InMemory(memory) => memory.record(records),
        }
    }

    /// The recorded alerts of these ids; ids without one are left out.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses or does not answer, or an item cannot be read.
    pub async fn alerts(
        &self,
        ids: &[AlertId],
    ) -> Result<HashMap<AlertId, Result<StoredAlert, LedgerError>>, LedgerError> {
        match &self.0 {
            Backend::InTable(table) => table.alerts(ids).await,
            Backend::InMemory(memory) => Ok(memory.alerts(ids)),
        }
    }

    /// Claims deliveries, all in one call where nothing stands in the way: a
    /// first attempt is an insert, a later one an update. What is refused is
    /// tried once more as the update that takes over a vanished holder's claim.
    pub async fn claim(
        &self,
        requests: &[ClaimRequest],
        now: Timestamp,
    ) -> Vec<Result<Claim, LedgerError>> {
        match &self.0 {
            Backend::InTable(table) => table.claim(requests, now).await,
            Backend::InMemory(memory) => memory.claim(requests, now),
        }
    }

    /// Settles attempts, 25 in one call. [`SettleResult::LeaseLost`] where the lease had run
    /// out and somebody else took over: that attempt stands in nobody's record,
    /// and the caller logs it.
    pub async fn settle(
        &self,
        settlements: &[Settlement],
    ) -> Vec<Result<SettleResult, LedgerError>> {
        match &self.0 {
            Backend::InTable(table) => table.settle(settlements).await,
            Backend::InMemory(memory) => memory.settle(settlements),
        }
    }

    /// Records that deliveries wait, 25 in one call.
    pub async fn defer(
        &self,
        deferrals: &[Deferral],
        now: Timestamp,
    ) -> Vec<Result<(), LedgerError>> {
        match &self.0 {
            Backend::InTable(table) => table.defer(deferrals, now).await,
            Backend::InMemory(_) => vec![Ok(()); deferrals.len()],
        }
    }

    /// The health of these destinations; those that nothing was ever wrong with
    /// are left out. One call for 100 of them.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses or does not answer, or an item cannot be read.
    pub async fn health(
        &self,
        ids: &[DestinationId],
    ) -> Result<HashMap<DestinationId, VersionedHealth>, LedgerError> {
        match &self.0 {
            Backend::InTable(table) => table.health(ids).await,
            Backend::InMemory(memory) => Ok(memory.health(ids)),
        }
    }

    /// Swaps a destination's health for another, if it is still the one that was
    /// seen.
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
            Backend::InTable(table) => table.compare_and_swap_health(id, seen, health, now).await,
            Backend::InMemory(memory) => Ok(memory.compare_and_swap_health(id, seen, health)),
        }
    }

    /// Everything about one alert; `None` when there is no such alert.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses or does not answer, or an item cannot be read.
    pub async fn history(&self, id: &AlertId) -> Result<Option<History>, LedgerError> {
        match &self.0 {
            Backend::InTable(table) => table.history(id).await,
            Backend::InMemory(memory) => Ok(memory.history(id)),
        }
    }

    /// Alerts received at or after `since`, newest first, from `from` on: what one
    /// call gives of one day, at most `limit`. The last moments may be missing:
    /// the index is behind the table by up to a second or so.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses or does not answer, or an item cannot be read.
    pub async fn timeline(
        &self,
        since: Timestamp,
        from: &Cursor,
        limit: usize,
    ) -> Result<TimelinePage, LedgerError> {
        match &self.0 {
            Backend::InTable(table) => table.timeline(since, from, limit).await,
            Backend::InMemory(_) => Ok(TimelinePage::default()),
        }
    }

    /// Deliveries that ended in `state` (`FAILED` or `EXHAUSTED`) at or after
    /// `since`, latest first, from `from` on: at most `limit`.
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
            Backend::InTable(table) => table.attention(state, since, from, limit).await,
            Backend::InMemory(_) => Ok(AttentionPage::default()),
        }
    }

    /// Opens the connection to the table while the function initialises, when
    /// processor time is not rationed yet. Whether it works shows with the first
    /// real call, so a failure here is only logged.
    pub async fn warm_up(&self) {
        if let Backend::InTable(table) = &self.0 {
            table.warm_up().await;
        }
    }
}

impl Table {
    /// When an item written now expires, in seconds since 1970, as TTL needs it.
    fn expiry(&self, now: Timestamp) -> i64 {
        now.plus(self.retention).unix_seconds()
    }

    async fn warm_up(&self) {
        let warmed = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("alertId", statement::s("warm-up"))
            .key("item", statement::s("warm-up"))
            .send()
            .await;
        if let Err(error) = warmed {
            let error = AwsError::new("warming up the ledger's connection", &error);
            tracing::debug!(%error, "the first call will open the connection");
        }
    }
}
