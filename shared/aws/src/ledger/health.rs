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
            for item in self.health_items(chunk).await? {
                match VersionedHealth::read_with_id(&item) {
                    Ok((id, health)) => {
                        found.insert(id, health);
                    }
                    // Health is advice: the deliveries of this destination are attempted
                    // as if it had none, and no other destination notices. To hold them
                    // would lose them for good, since nothing repairs the item.
                    Err(error) => tracing::error!(
                        %error,
                        "the health of a destination cannot be read; its deliveries are attempted: {error}"
                    ),
                }
            }
        }
        Ok(found)
    }

    async fn health_items(&self, ids: &[DestinationId]) -> Result<Vec<Item>, LedgerError> {
        let keys = ids.iter().map(|id| Key::health(*id));
        self.batch_get("reading destinations' health", keys).await
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
                let items = self.health_items(&[id]).await?;
                let current = items.first().map(VersionedHealth::read).transpose()?;
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
    /// Health that cannot be read counts as that of a healthy destination: the next
    /// change replaces it.
    ///
    /// # Errors
    ///
    /// When the item has no version: then no change can replace it.
    fn read(item: &Item) -> Result<Self, LedgerError> {
        let version = integer(item, "version")?;
        let health = json(item, "health").unwrap_or_else(|error| {
            tracing::error!(
                %error,
                "a destination counts as healthy because its health cannot be read: {error}"
            );
            Health::default()
        });
        Ok(Self { health, version })
    }

    fn read_with_id(item: &Item) -> Result<(DestinationId, Self), LedgerError> {
        Ok((destination_id(item, "alertId")?, Self::read(item)?))
    }

    fn json(&self) -> String {
        // A struct of strings and numbers always serializes.
        serde_json::to_string(&self.health).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tocsin_testing::aws::{Answer, Replay};

    use super::*;

    const DAMAGED: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";
    const WHOLE: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d12";

    fn id(text: &str) -> DestinationId {
        DestinationId::parse(text).unwrap()
    }

    fn item(id: &str, health: &str, version: Option<&str>) -> Value {
        let mut item = json!({
            "alertId": {"S": id}, "item": {"S": "HEALTH"}, "health": {"S": health},
        });
        if let Some(version) = version {
            item["version"] = json!({"N": version});
        }
        item
    }

    fn found(items: &[Value]) -> Answer {
        let body = json!({"Responses": {"ledger": items}, "UnprocessedKeys": {}});
        Answer::new(200, body.to_string())
    }

    #[tokio::test]
    async fn an_unreadable_item_affects_no_other_destination() {
        for (health, version, expected) in [
            ("{}", Some("3"), Some(3)),
            ("{", Some("4"), Some(4)),
            (r#"{"failures": "many"}"#, Some("5"), Some(5)),
            // Nothing could replace it.
            ("{}", None, None),
        ] {
            let whole = item(WHOLE, r#"{"failures": 2}"#, Some("7"));
            let replay = Replay::of([found(&[item(DAMAGED, health, version), whole])]);
            let ids = [id(DAMAGED), id(WHOLE)];
            let read = Table::fake(&replay).health(&ids).await.unwrap();
            let damaged = read.get(&id(DAMAGED));
            assert_eq!(damaged.map(|one| one.version), expected, "{health}");
            assert!(damaged.is_none_or(|one| one.health == Health::default()));
            let whole = &read[&id(WHOLE)];
            assert_eq!((whole.health.failures, whole.version), (2, 7), "{health}");
        }
    }

    #[tokio::test]
    async fn health_that_cannot_be_read_is_replaced() {
        let refused = json!({"Responses": [{"Error": {"Code": "ConditionalCheckFailed"}}]});
        for (version, expected) in [(Some("4"), Some(4)), (None, None)] {
            let replay = Replay::of([
                Answer::new(200, refused.to_string()),
                found(&[item(DAMAGED, "{", version)]),
            ]);
            let now = Timestamp::now();
            let table = Table::fake(&replay);
            let seen = VersionedHealth::default();
            let swap = table.compare_and_swap_health(id(DAMAGED), &seen, Health::default(), now);
            let conflict = match swap.await {
                Ok(CasResult::Conflict(health)) => Some(health.version),
                Ok(CasResult::Swapped(_)) => panic!("the item exists"),
                Err(_) => None,
            };
            assert_eq!(conflict, expected);
        }
    }
}
