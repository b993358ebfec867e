//! The health of destinations: one small item for each destination, shared by all
//! senders.
//!
//! A change replaces the whole item, if the item still has the version that was read.
//! The loser of a race reads the winner's version from the refused write.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use tocsin_core::Timestamp;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::Health;

use super::attributes::{Item, Key, NO_LEASE, destination_id, integer, json, n, s};
use super::error::LedgerError;
use super::statement::{Statement, Written};
use super::table::Table;

/// Keys of one `BatchGetItem`: `DynamoDB`'s limit.
const KEYS_PER_CALL: usize = 100;

/// The action that errors of changes name.
const ACTION: &str = "recording a destination's health";

/// The health of a destination, with its version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionedHealth {
    /// The destination's health.
    pub health: Health,
    /// Counts the changes; 0 when the ledger has no health of the destination.
    pub version: i64,
}

/// The result of a compare-and-swap of a destination's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CasResult {
    /// The ledger holds the new health, which has this version.
    Swapped(VersionedHealth),
    /// Another sender wrote this health first.
    Conflict(VersionedHealth),
}

impl Table {
    pub(super) async fn health(
        &self,
        ids: &[DestinationId],
    ) -> Result<HashMap<DestinationId, VersionedHealth>, LedgerError> {
        let mut found = HashMap::new();
        for chunk in ids.chunks(KEYS_PER_CALL) {
            let keys = chunk.iter().map(|id| Key::health(*id));
            for item in self.batch_get("reading destinations' health", keys).await? {
                let id = destination_id(&item, "alertId")?;
                found.insert(id, VersionedHealth::read(&item)?);
            }
        }
        Ok(found)
    }

    pub(super) async fn compare_and_swap_health(
        &self,
        id: DestinationId,
        seen: &VersionedHealth,
        health: Health,
        now: Timestamp,
    ) -> Result<CasResult, LedgerError> {
        let next = VersionedHealth {
            health,
            version: seen.version + 1,
        };
        let statement = if seen.version == 0 {
            Statement::insert(
                Key::health(id),
                self.health_attributes(&next, NO_LEASE, now),
            )
        } else {
            Statement::update(Key::health(id))
                .set("health", s(next.json()))
                .set("version", n(next.version))
                .set("updatedAt", s(now.to_string()))
                .set("expiresAt", n(self.expiry(now)))
                .only_if("\"version\" = ?", [n(seen.version)])
        };
        match self.write_one(ACTION, statement).await? {
            Written::Applied => Ok(CasResult::Swapped(next)),
            Written::ConditionFailed(Some(item)) => {
                Ok(CasResult::Conflict(VersionedHealth::read(&item)?))
            }
            // A refused insert does not return the item, and an expired item cannot
            // be returned.
            Written::ConditionFailed(None) => {
                let current = self.health(&[id]).await?.remove(&id);
                Ok(CasResult::Conflict(current.unwrap_or_default()))
            }
        }
    }

    /// The attributes of the item besides its key.
    pub(super) fn health_attributes(
        &self,
        health: &VersionedHealth,
        drain_until: i64,
        now: Timestamp,
    ) -> Vec<(&'static str, AttributeValue)> {
        vec![
            ("health", s(health.json())),
            ("version", n(health.version)),
            ("drainUntil", n(drain_until)),
            ("updatedAt", s(now.to_string())),
            ("expiresAt", n(self.expiry(now))),
        ]
    }
}

impl VersionedHealth {
    fn read(item: &Item) -> Result<Self, LedgerError> {
        Ok(Self {
            health: json(item, "health")?,
            version: integer(item, "version")?,
        })
    }

    fn json(&self) -> String {
        // A struct of strings and numbers always serializes.
        serde_json::to_string(&self.health).unwrap_or_default()
    }
}
