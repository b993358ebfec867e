//! The ledger's table, and reads by key.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use tocsin_core::Timestamp;

use super::attributes::{Item, Key};
use super::error::LedgerError;
use crate::error::AwsError;

/// How long the initialization of a function may wait for the table. Lambda ends it
/// after 10 seconds, and then begins it again on the time of the first invocation.
const WARM_UP_LIMIT: Duration = Duration::from_secs(3);

/// How often keys that `DynamoDB` leaves unprocessed are asked for again. It leaves them
/// when it throttles, and the SDK does not ask again.
const BATCH_GET_ROUNDS: u32 = 6;

/// The delay before the second round; it doubles with each round: 1.5 seconds in all.
const BATCH_GET_DELAY: Duration = Duration::from_millis(50);

#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) client: Client,
    pub(super) name: String,
    /// How long an item lives after it was written.
    pub(super) retention: Duration,
}

impl Table {
    /// When an item written now expires: seconds since 1970, as `DynamoDB`'s time to
    /// live needs it.
    pub(super) fn expiry(&self, now: Timestamp) -> i64 {
        now.plus(self.retention).unix_seconds()
    }

    pub(super) async fn warm_up(&self) {
        let read = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(Key::new("warm-up", "warm-up").attributes()))
            .send();
        match tokio::time::timeout(WARM_UP_LIMIT, read).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                let error = AwsError::new("warming up the ledger's connection", error);
                tracing::debug!(%error, "warming up the ledger's connection failed; the first call opens it");
            }
            Err(elapsed) => {
                tracing::debug!(error = %elapsed, "warming up the ledger's connection took too long; the first call opens it");
            }
        }
    }

    /// The items with these keys, read consistently; keys without an item are left out.
    /// `BatchGetItem` takes 100 keys and answers with 16 MB at most: the caller must
    /// stay below both.
    pub(super) async fn batch_get(
        &self,
        action: &'static str,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<Vec<Item>, LedgerError> {
        let mut items = Vec::new();
        let keys = keys.into_iter().map(Key::attributes).collect();
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build()
            .map_err(|error| AwsError::caused_by(action, error))?;
        let mut pending = HashMap::from([(self.name.clone(), wanted)]);
        for round in 0..BATCH_GET_ROUNDS {
            if round > 0 {
                tokio::time::sleep(batch_get_delay(round, fastrand::f64())).await;
            }
            let answer = self
                .client
                .batch_get_item()
                .set_request_items(Some(pending))
                .send()
                .await
                .map_err(|error| AwsError::new(action, error))?;
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            pending = answer.unprocessed_keys.unwrap_or_default();
            if pending.is_empty() {
                return Ok(items);
            }
        }
        Err(AwsError::unexpected(action, "DynamoDB left keys unprocessed; it throttles").into())
    }
}

/// The delay before a round (from 1): 50 ms, doubling, of which a random share of up to
/// a half is left out, so that functions that were throttled together part.
fn batch_get_delay(round: u32, random: f64) -> Duration {
    let full = BATCH_GET_DELAY * 2_u32.pow(round.saturating_sub(1).min(8));
    full.mul_f64(1.0 - random / 2.0)
}

#[cfg(test)]
impl Table {
    /// A table whose calls a fake answers.
    pub(super) fn fake(replay: &tocsin_testing::aws::Replay) -> Self {
        Self {
            client: Client::new(&replay.config()),
            name: "ledger".to_owned(),
            retention: Duration::from_hours(24),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tocsin_testing::aws::{Answer, Replay};

    use super::*;

    #[test]
    fn delays_double_and_spread() {
        let millis = |round, random| batch_get_delay(round, random).as_millis();
        assert_eq!(
            [1, 2, 3, 4, 5].map(|round| millis(round, 0.0)),
            [50, 100, 200, 400, 800]
        );
        assert_eq!(millis(5, 1.0), 400);
    }

    #[tokio::test]
    async fn unprocessed_keys_are_asked_for_again() {
        let item = |alert: &str| json!({"alertId": {"S": alert}, "item": {"S": "ALERT"}});
        let throttled = json!({
            "Responses": {"ledger": [item("a")]},
            "UnprocessedKeys": {"ledger": {"Keys": [item("b")], "ConsistentRead": true}},
        });
        let rest = json!({"Responses": {"ledger": [item("b")]}, "UnprocessedKeys": {}});
        let replay = Replay::of([throttled, rest].map(|body| Answer::new(200, body.to_string())));
        let keys = ["a", "b"].map(|alert| Key::new(alert, "ALERT"));
        let items = Table::fake(&replay)
            .batch_get("testing", keys)
            .await
            .unwrap();
        assert_eq!(items.len(), 2);
        let asked = replay.asked();
        assert!(!asked[1].body.contains(r#""S":"a""#), "{}", asked[1].body);
    }
}
