//! The health of destinations: one small item each, shared by all senders.
//!
//! The item is swapped as a whole, and only for the one that was read: whoever
//! loses the race reads what the winner wrote from the refusal itself.

use std::collections::HashMap;

use tocsin_core::Timestamp;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::Health;

use super::statement::{Item, Statement, Written, n, s};
use super::{HEALTH_ITEM, LedgerError, Table};
use crate::AwsError;

/// Keys of one call: `BatchGetItem`'s own limit.
const MOST_KEYS: usize = 100;

/// A destination's health, and which version of it this is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionedHealth {
    /// How the destination fares.
    pub health: Health,
    /// Counts the changes; 0 when there is none yet.
    pub version: i64,
}

/// How swapping a health for another ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CasResult {
    /// The new one holds.
    Swapped(VersionedHealth),
    /// Somebody else was quicker, and wrote this.
    Conflict(VersionedHealth),
}

impl Table {
    pub(super) async fn health(
        &self,
        ids: &[DestinationId],
    ) -> Result<HashMap<DestinationId, VersionedHealth>, LedgerError> {
        let mut found = HashMap::new();
        for some in ids.chunks(MOST_KEYS) {
            let keys = some.iter().map(|id| key(*id)).collect();
            for item in self.batch_get("reading destinations' health", keys).await? {
                let id = DestinationId::parse(super::read::text(&item, "alertId")?)
                    .ok_or_else(|| unreadable(&item, "alertId is no destination's id"))?;
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
            Statement::insert(&self.table, self.attributes(id, &next, now))
        } else {
            Statement::update(
                &self.table,
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
        let written = self
            .write("recording a destination's health", vec![statement])
            .await
            .pop();
        match written.ok_or_else(|| {
            AwsError::unexpected("recording a destination's health", "no answer")
        })?? {
            Written::Done => Ok(CasResult::Swapped(next)),
            Written::Refused(Some(item)) => Ok(CasResult::Conflict(VersionedHealth::read(&item)?)),
            // An insert is refused without the item, an update when it expired.
            Written::Refused(None) => {
                let now_there = self.health(&[id]).await?.remove(&id);
                Ok(CasResult::Conflict(now_there.unwrap_or_default()))
            }
        }
    }

    fn attributes(
        &self,
        id: DestinationId,
        kept: &VersionedHealth,
        now: Timestamp,
    ) -> Vec<(&'static str, aws_sdk_dynamodb::types::AttributeValue)> {
        vec![
            ("alertId", s(id.to_string())),
            ("item", s(HEALTH_ITEM)),
            ("health", s(kept.json())),
            ("version", n(kept.version)),
            ("updatedAt", s(now.to_string())),
            ("expiresAt", n(self.expiry(now))),
        ]
    }
}

impl VersionedHealth {
    fn read(item: &Item) -> Result<Self, LedgerError> {
        let health = serde_json::from_str(super::read::text(item, "health")?)
            .map_err(|error| unreadable(item, &format!("health: {error}")))?;
        let version = item
            .get("version")
            .and_then(|value| value.as_n().ok())
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| unreadable(item, "version is missing"))?;
        Ok(Self { health, version })
    }

    fn json(&self) -> String {
        // A struct of strings and numbers: there is nothing to fail on.
        serde_json::to_string(&self.health).unwrap_or_default()
    }
}

fn key(id: DestinationId) -> Item {
    Item::from([
        ("alertId".to_owned(), s(id.to_string())),
        ("item".to_owned(), s(HEALTH_ITEM)),
    ])
}

fn unreadable(item: &Item, problem: &str) -> LedgerError {
    super::read::unreadable(item, problem.to_owned())
}
