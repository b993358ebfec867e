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

use super::attributes::{HEALTH_ITEM, Item, destination_id, integer, json, key, n, s};
use super::error::LedgerError;
use super::statement::{Statement, Written};
use super::table::Table;
use crate::error::AwsError;

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
            let keys = chunk
                .iter()
                .map(|id| key(id.to_string(), HEALTH_ITEM))
                .collect();
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
            Statement::insert(&self.name, self.attributes(id, &next, now))
        } else {
            Statement::update(
                &self.name,
                "SET \"health\" = ? SET \"version\" = ? SET \"updatedAt\" = ? SET \"expiresAt\" = ?",
                "\"version\" = ?",
                vec![
                    s(next.json()),
                    n(next.version),
                    s(now.to_string()),
                    n(self.expiry(now)),
                    s(id.to_string()),
                    s(HEALTH_ITEM),
                    n(seen.version),
                ],
            )
        };
        let written = self.write(ACTION, vec![statement]).await.pop();
        match written.ok_or_else(|| AwsError::unexpected(ACTION, "no answer"))?? {
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

    fn attributes(
        &self,
        id: DestinationId,
        next: &VersionedHealth,
        now: Timestamp,
    ) -> Vec<(&'static str, AttributeValue)> {
        vec![
            ("alertId", s(id.to_string())),
            ("item", s(HEALTH_ITEM)),
            ("health", s(next.json())),
            ("version", n(next.version)),
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
