//! The lease of the one drain that a destination may have: two attributes of the item of
//! its health. It does not change the version of the health.
//!
//! `drainUntil` is the end of the lease, in milliseconds, which one comparison reads.
//! `drain` is the same moment with its nanoseconds: it identifies the drain, because two
//! routers may take a drain in the same millisecond.

use aws_sdk_dynamodb::types::AttributeValue;
use tocsin_core::Timestamp;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::Health;

use super::attributes::{Key, NO_LEASE, n, s};
use super::error::LedgerError;
use super::health::VersionedHealth;
use super::statement::{Statement, Written};
use super::table::Table;

/// The result of taking the drain of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeDrain {
    /// The caller drains the destination.
    Taken,
    /// Another drain of the destination runs.
    InUse,
}

/// The lease has run out, or was released.
const FREE: &str = "\"drainUntil\" < ?";

/// The drain that is released has the lease, or had it last.
const HELD: &str = "\"drain\" = ?";

/// The item is from version 0.1.0.
const NEVER_TAKEN: &str = "\"drainUntil\" IS MISSING";

impl Table {
    pub(super) async fn take_drain(
        &self,
        id: DestinationId,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<TakeDrain, LedgerError> {
        const ACTION: &str = "taking the drain of a destination";
        let take = || {
            Statement::update(Key::health(id))
                .set("drainUntil", n(until.unix_millis()))
                .set("drain", token(until))
                .set("expiresAt", n(self.expiry(now)))
        };
        let free = take().only_if(FREE, [n(now.unix_millis())]);
        let written = match self.write_one(ACTION, free).await? {
            // There is no item: the destination never had trouble.
            Written::ConditionFailed(None) => {
                let fresh = VersionedHealth {
                    health: Health::default(),
                    version: 1,
                };
                let mut attributes = self.health_attributes(&fresh, until.unix_millis(), now);
                attributes.push(("drain", token(until)));
                let inserted = Statement::insert(Key::health(id), attributes);
                self.write_one(ACTION, inserted).await?
            }
            Written::ConditionFailed(Some(item)) if !item.contains_key("drainUntil") => {
                let never_taken = take().only_if(NEVER_TAKEN, []);
                self.write_one(ACTION, never_taken).await?
            }
            written => written,
        };
        Ok(match written {
            Written::Applied => TakeDrain::Taken,
            // An earlier write succeeded, and only its answer was lost.
            Written::ConditionFailed(Some(item)) if item.get("drain") == Some(&token(until)) => {
                TakeDrain::Taken
            }
            Written::ConditionFailed(_) => TakeDrain::InUse,
        })
    }

    /// A refused write: the lease has run out, and another drain has taken it.
    pub(super) async fn release_drain(
        &self,
        id: DestinationId,
        until: Timestamp,
    ) -> Result<(), LedgerError> {
        let released = Statement::update(Key::health(id))
            .set("drainUntil", n(NO_LEASE))
            .only_if(HELD, [token(until)]);
        let action = "releasing the drain of a destination";
        self.write_one(action, released).await.map(drop)
    }
}

/// What identifies a drain.
fn token(until: Timestamp) -> AttributeValue {
    s(until.sortable())
}
