//! The ledger: the truth about what happened to every alert and delivery.
//!
//! One item for the alert (`item = ALERT`: the alert and its routing), one for
//! each delivery (`item = <destination id>`). All writes are conditional PartiQL
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
//! A claim carries a lease. While it lasts, nobody else may attempt the
//! delivery; when its holder vanished, the next claim takes over, knowing that
//! the message may have arrived. The lease only makes duplicates rare:
//! delivery stays at least once.

mod alerts;
mod claim;
mod read;
mod settle;
mod statement;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use tocsin_core::Timestamp;

use crate::AwsError;

pub use alerts::{AlertRecord, Recorded, StoredAlert};
pub use claim::{Claim, ClaimRequest, Lease};
pub use read::{DeliveryRecord, History};
pub use settle::{Fenced, Settlement, Verdict};

/// The sort key of the item that holds the alert itself.
const ALERT_ITEM: &str = "ALERT";

/// Settled attempts are attributes called this and their number: `attempt#1`.
const ATTEMPT_PREFIX: &str = "attempt#";

/// The ledger's table.
#[derive(Clone, Debug)]
pub struct Ledger {
    client: Client,
    table: String,
    retention: Duration,
}

/// Why the ledger could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// DynamoDB refused or did not answer.
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
    pub fn new(client: Client, table: impl Into<String>, retention: Duration) -> Self {
        Self {
            client,
            table: table.into(),
            retention,
        }
    }

    /// When an item written now expires, in seconds since 1970, as TTL needs it.
    fn expiry(&self, now: Timestamp) -> i64 {
        now.plus(self.retention).unix_seconds()
    }

    /// Opens the connection to the table while the function initialises, when
    /// processor time is not rationed yet. Whether it works shows with the first
    /// real call, so a failure here is only logged.
    pub async fn warm_up(&self) {
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
