//! The ledger's table, and reads by key.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use tocsin_core::Timestamp;

use super::attributes::{Item, key};
use super::error::LedgerError;
use crate::error::AwsError;

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
        let warmed = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key("warm-up", "warm-up")))
            .send()
            .await;
        if let Err(error) = warmed {
            let error = AwsError::new("warming up the ledger's connection", error);
            tracing::debug!(%error, "warming up the ledger's connection failed; the first call opens it");
        }
    }

    /// The items with these keys; keys without an item are left out.
    /// `BatchGetItem` takes 100 keys and answers with 16 MB at most: the caller must
    /// stay below both.
    pub(super) async fn batch_get(
        &self,
        action: &'static str,
        keys: Vec<Item>,
    ) -> Result<Vec<Item>, LedgerError> {
        /// When `DynamoDB` throttles, it leaves keys unprocessed. The SDK does not ask
        /// for them again.
        const ROUNDS: usize = 5;
        let mut items = Vec::new();
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build()
            .map_err(|error| AwsError::caused_by(action, error))?;
        let mut pending = HashMap::from([(self.name.clone(), wanted)]);
        for _ in 0..ROUNDS {
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
