//! The destinations table, and the router's 30-second copy of it.

mod write;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use tocsin_core::Timestamp;
use tocsin_core::destination::{Destination, DestinationId, Destinations};
use tokio::sync::Mutex;

pub use write::{Stored, Superseded};

use crate::clients::Offline;
use crate::{AwsError, Clients};

/// Display names are unique because each holds an item of its own in the table,
/// whose key begins with this. No destination's id does: ids are UUIDs.
const NAME_KEY: &str = "name#";

type Item = HashMap<String, AttributeValue>;

/// The table, or the file that stands in for it offline.
#[derive(Clone, Debug)]
pub struct DestinationStore {
    client: Client,
    table: String,
    offline: Option<Arc<Offline>>,
}

/// Why a destination could not be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The name is in use.
    #[error("there already is a destination called {name:?}; choose another display name")]
    NameTaken {
        /// The display name.
        name: String,
    },
    /// Somebody else changed or deleted the destination meanwhile.
    #[error("{0}")]
    Changed(Box<Changed>),
    /// The fallback was deleted meanwhile.
    #[error("the destination that is to be its fallback does not exist any more")]
    NoFallback,
    /// `DynamoDB` refused or did not answer.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

/// What became of a destination between its reading and its writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It was changed.
    ByAnother {
        /// By whom.
        by: String,
        /// When.
        at: Timestamp,
        /// Its revision now.
        revision: u64,
    },
    /// It was deleted.
    Deleted,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByAnother { by, at, revision } => write!(
                f,
                "{by} changed the destination at {at}, and it is at revision {revision} now: read it again, and repeat what you wanted to change"
            ),
            Self::Deleted => f.write_str("somebody deleted the destination meanwhile"),
        }
    }
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

    /// All destinations. An item that cannot be read is logged and left out, so
    /// that it costs itself only.
    ///
    /// The cost is one call for each megabyte of the table: about 1,000
    /// destinations.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses or does not answer.
    pub async fn load(&self) -> Result<Destinations, AwsError> {
        if let Some(offline) = &self.offline {
            return Ok(offline.destinations.iter().cloned().collect());
        }
        let mut pages = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut all = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| AwsError::new("reading the destinations", &error))?;
            all.extend(read(item));
        }
        Ok(all.into_iter().collect())
    }

    /// All destinations with what else is stored of them.
    ///
    /// # Errors
    ///
    /// As [`DestinationStore::load`].
    pub async fn stored(&self) -> Result<Vec<Stored>, AwsError> {
        if let Some(offline) = &self.offline {
            let all = offline.destinations.iter().cloned();
            return Ok(all.map(Stored::from).collect());
        }
        let mut pages = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut all = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| AwsError::new("reading the destinations", &error))?;
            all.extend(Stored::read(item));
        }
        Ok(all)
    }
}

/// A destination, unless the item is a name's, or broken.
fn read(item: Item) -> Option<Destination> {
    let key = item
        .get("destinationId")
        .and_then(|key| key.as_s().ok())
        .cloned()
        .unwrap_or_default();
    if DestinationId::parse(&key).is_none() && key.starts_with(NAME_KEY) {
        return None;
    }
    match serde_dynamo::from_item(item) {
        Ok(destination) => Some(destination),
        Err(error) => {
            tracing::error!(
                destination.id = key,
                %error,
                "a destination cannot be read and receives nothing; remove it or mend it"
            );
            None
        }
    }
}

/// How old a copy may be that gives a delivery up: young enough that a
/// destination enabled just now is seen, old enough that many retries share a scan.
const FRESH: Duration = Duration::from_secs(2);

/// How far clocks may be apart: SQS's, and the function's own.
const SKEW: Duration = Duration::from_secs(1);

/// A copy of the destinations.
#[derive(Debug)]
struct Copy {
    read: Instant,
    /// The same by the clock on the wall.
    read_at: Timestamp,
    destinations: Arc<Destinations>,
}

/// The destinations, at most 30 seconds old, read once however many ask.
#[derive(Debug)]
pub struct DestinationCache {
    store: DestinationStore,
    held: Mutex<Option<Copy>>,
}

impl DestinationCache {
    /// How old the copy may be: an edited destination is in force after this long.
    /// Panther's own delivery refreshes as often.
    pub const TIME_TO_LIVE: Duration = Duration::from_secs(30);

    /// An empty cache before `store`.
    #[must_use]
    pub fn new(store: DestinationStore) -> Self {
        Self {
            store,
            held: Mutex::new(None),
        }
    }

    /// The destinations, at most 30 seconds old.
    ///
    /// # Errors
    ///
    /// As [`DestinationStore::load`].
    pub async fn get(&self) -> Result<Arc<Destinations>, AwsError> {
        self.copy_if(|copy| copy.read.elapsed() < Self::TIME_TO_LIVE)
            .await
    }

    /// The destinations, at most 2 seconds old: for when a delivery would be given
    /// up by what the copy says.
    ///
    /// # Errors
    ///
    /// As [`DestinationStore::load`].
    pub async fn get_fresh(&self) -> Result<Arc<Destinations>, AwsError> {
        self.copy_if(|copy| copy.read.elapsed() < FRESH).await
    }

    /// The destinations as they were at `moment` or later: for when one that an
    /// alert names is missing, since it may have been added just before the alert
    /// was sent.
    ///
    /// # Errors
    ///
    /// As [`DestinationStore::load`].
    pub async fn get_since(&self, moment: Timestamp) -> Result<Arc<Destinations>, AwsError> {
        let moment = moment.plus(SKEW);
        self.copy_if(|copy| copy.read_at >= moment).await
    }

    async fn copy_if(&self, good: impl Fn(&Copy) -> bool) -> Result<Arc<Destinations>, AwsError> {
        let mut held = self.held.lock().await;
        if let Some(copy) = &*held
            && good(copy)
        {
            return Ok(Arc::clone(&copy.destinations));
        }
        // Of the moment before the read: what is written during it may be missing.
        let (read, read_at) = (Instant::now(), Timestamp::now());
        let destinations = Arc::new(self.store.load().await?);
        *held = Some(Copy {
            read,
            read_at,
            destinations: Arc::clone(&destinations),
        });
        Ok(destinations)
    }
}
