//! A copy of the destinations in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tocsin_core::Timestamp;
use tocsin_core::destination::Destinations;
use tokio::sync::Mutex;

use super::store::DestinationStore;
use crate::error::AwsError;

/// How old the router's copy of the destinations may be. An edited destination is
/// in force after this long at the latest. Panther's own delivery refreshes as often.
pub const DESTINATIONS_CACHE_TTL: Duration = Duration::from_secs(30);

/// How old the copy may be when it decides that a delivery is given up: young
/// enough to contain a destination that was enabled a moment ago, old enough that
/// many retries share one scan.
const FRESH: Duration = Duration::from_secs(2);

/// How far the clocks of SQS and of this function may differ.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Copy {
    /// When the copy was read, by the monotonic clock.
    read: Instant,
    /// When the copy was read, by the wall clock.
    read_at: Timestamp,
    destinations: Arc<Destinations>,
}

/// The destinations, read once however many callers ask at the same time.
#[derive(Debug)]
pub struct DestinationCache {
    store: DestinationStore,
    copy: Mutex<Option<Copy>>,
}

impl DestinationCache {
    /// An empty cache in front of `store`.
    #[must_use]
    pub fn new(store: DestinationStore) -> Self {
        Self {
            store,
            copy: Mutex::new(None),
        }
    }

    /// The destinations, at most [`DESTINATIONS_CACHE_TTL`] old.
    ///
    /// # Errors
    ///
    /// As [`DestinationStore::load`].
    pub async fn get(&self) -> Result<Arc<Destinations>, AwsError> {
        self.copy_if(|copy| copy.read.elapsed() < DESTINATIONS_CACHE_TTL)
            .await
    }

    /// The destinations, at most 2 seconds old: for deciding that a delivery is
    /// given up.
    ///
    /// # Errors
    ///
    /// As [`DestinationStore::load`].
    pub async fn get_fresh(&self) -> Result<Arc<Destinations>, AwsError> {
        self.copy_if(|copy| copy.read.elapsed() < FRESH).await
    }

    /// The destinations as they were at `moment` or later: for an alert that names a
    /// missing destination, which may have been added just before the alert was sent.
    ///
    /// # Errors
    ///
    /// As [`DestinationStore::load`].
    pub async fn get_since(&self, moment: Timestamp) -> Result<Arc<Destinations>, AwsError> {
        let moment = moment.plus(MAX_CLOCK_SKEW);
        self.copy_if(|copy| copy.read_at >= moment).await
    }

    async fn copy_if(
        &self,
        is_recent: impl Fn(&Copy) -> bool,
    ) -> Result<Arc<Destinations>, AwsError> {
        let mut held = self.copy.lock().await;
        if let Some(copy) = &*held
            && is_recent(copy)
        {
            return Ok(Arc::clone(&copy.destinations));
        }
        // The moment before the scan: the copy may lack what is written during it.
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
