//! The destinations' table, read as a whole.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use tocsin_core::destination::Destinations;

use super::stored::{Item, StoredDestination, read_destination};
use crate::clients::Clients;
use crate::error::AwsError;
use crate::offline::Offline;

/// The destinations' table, or the file that replaces it offline.
#[derive(Clone, Debug)]
pub struct DestinationStore {
    pub(super) client: Client,
    pub(super) table: String,
    offline: Option<Arc<Offline>>,
}

impl DestinationStore {
    /// The table of this name.
    #[must_use]
    pub fn new(clients: &Clients, table: impl Into<String>) -> Self {
        Self {
            client: clients.dynamodb.clone(),
            table: table.into(),
            offline: clients.offline.clone(),
        }
    }

    /// All destinations. An item that cannot be read is logged and left out; it does
    /// not affect the others.
    ///
    /// This costs one call for each megabyte of the table: about 1,000 destinations.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses the call or does not answer.
    pub async fn load(&self) -> Result<Destinations, AwsError> {
        if let Some(offline) = &self.offline {
            return Ok(offline.destinations.iter().cloned().collect());
        }
        let all = self.scan(read_destination).await?;
        Ok(all.into_iter().collect())
    }

    /// All destinations with the attributes that no reader sees.
    ///
    /// # Errors
    ///
    /// As [`DestinationStore::load`].
    pub async fn stored(&self) -> Result<Vec<StoredDestination>, AwsError> {
        if let Some(offline) = &self.offline {
            let all = offline.destinations.iter().cloned();
            return Ok(all.map(StoredDestination::from).collect());
        }
        self.scan(StoredDestination::read).await
    }

    async fn scan<T>(&self, read: fn(Item) -> Option<T>) -> Result<Vec<T>, AwsError> {
        let mut items = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut all = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| AwsError::new("reading the destinations", error))?;
            all.extend(read(item));
        }
        Ok(all)
    }
}
