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

/// The shortest time between two scans of the table, whatever is asked: many alerts that
/// name a missing destination, and many deliveries that are given up, share one scan.
const FLOOR: Duration = Duration::from_secs(2);

/// How old a copy may be that replaces a scan that fails. Routing by destinations as
/// they were is better than not routing at all; after an hour somebody has been called.
const MAX_STALE: Duration = Duration::from_hours(1);

/// How far the clocks of SQS and of this function may differ.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(1);

/// A moment, by both clocks.
#[derive(Clone, Copy, Debug)]
struct Moment {
    monotonic: Instant,
    wall: Timestamp,
}

impl Moment {
    fn now() -> Self {
        Self {
            monotonic: Instant::now(),
            wall: Timestamp::now(),
        }
    }

    fn since(self, earlier: Self) -> Duration {
        let (now, then) = (self.monotonic, earlier.monotonic);
        now.saturating_duration_since(then)
    }
}

#[derive(Debug)]
struct Copy {
    /// The moment before the scan: the copy may lack what is written during it.
    read: Moment,
    destinations: Arc<Destinations>,
}

/// What the cache holds.
#[derive(Debug, Default)]
struct Cached {
    copy: Option<Copy>,
    /// The last scan, if it failed.
    failure: Option<(Moment, AwsError)>,
}

/// How recent a copy must be.
#[derive(Clone, Copy, Debug)]
enum Freshness {
    WithinTtl,
    Fresh,
    Since(Timestamp),
    /// As [`Self::Since`], by this function's own clock, and never stale.
    ReadAfter(Timestamp),
}

impl Freshness {
    fn accepts(self, copy: &Copy, now: Moment) -> bool {
        let age = now.since(copy.read);
        match self {
            Self::WithinTtl => age < DESTINATIONS_CACHE_TTL,
            Self::Fresh => age < FLOOR,
            Self::Since(moment) => age < FLOOR || copy.read.wall >= moment.plus(MAX_CLOCK_SKEW),
            Self::ReadAfter(moment) => copy.read.wall >= moment,
        }
    }

    /// Whether an old copy replaces a scan that fails. Not where a delivery would be
    /// given up because of it.
    fn accepts_stale(self, copy: &Copy, now: Moment) -> bool {
        match self {
            Self::WithinTtl | Self::Since(_) => now.since(copy.read) <= MAX_STALE,
            Self::Fresh | Self::ReadAfter(_) => false,
        }
    }
}

/// The time until the table may be scanned again, where a copy that was read at `read`
/// is older than `moment`.
fn until_scan(read: Moment, moment: Timestamp, now: Moment) -> Duration {
    if read.wall >= moment {
        Duration::ZERO
    } else {
        FLOOR.saturating_sub(now.since(read))
    }
}

/// The destinations, read once however many callers ask at the same time.
#[derive(Debug)]
pub struct DestinationCache {
    store: DestinationStore,
    cached: Mutex<Cached>,
}

impl DestinationCache {
    /// An empty cache in front of `store`.
    #[must_use]
    pub fn new(store: DestinationStore) -> Self {
        Self {
            store,
            cached: Mutex::default(),
        }
    }

    /// The destinations, at most [`DESTINATIONS_CACHE_TTL`] old, or up to an hour while
    /// they cannot be read.
    ///
    /// # Errors
    ///
    /// As [`DestinationStore::load`].
    pub async fn get(&self) -> Result<Arc<Destinations>, AwsError> {
        self.copy(Freshness::WithinTtl, Moment::now()).await
    }

    /// The destinations, at most 2 seconds old: for deciding that a delivery is
    /// given up.
    ///
    /// # Errors
    ///
    /// As [`DestinationStore::load`].
    pub async fn get_fresh(&self) -> Result<Arc<Destinations>, AwsError> {
        self.copy(Freshness::Fresh, Moment::now()).await
    }

    /// The destinations as they were at `moment` or later, for an alert that names a
    /// missing destination, which may have been added just before the alert was sent: or
    /// as they were up to an hour ago while they cannot be read. Waits up to 2 seconds
    /// for the next scan, since a wrong route cannot be taken back.
    ///
    /// # Errors
    ///
    /// As [`DestinationStore::load`].
    pub async fn get_since(&self, moment: Timestamp) -> Result<Arc<Destinations>, AwsError> {
        self.wait_for_scan(moment).await;
        self.copy(Freshness::Since(moment), Moment::now()).await
    }

    /// The destinations as they were at `moment` or later, by this function's clock: for
    /// giving up deliveries to a destination that is missing or disabled, which may have
    /// been added or enabled just now. Waits up to 2 seconds for the next scan.
    ///
    /// # Errors
    ///
    /// As [`DestinationStore::load`].
    pub async fn get_read_after(&self, moment: Timestamp) -> Result<Arc<Destinations>, AwsError> {
        self.wait_for_scan(moment).await;
        self.copy(Freshness::ReadAfter(moment), Moment::now()).await
    }

    async fn wait_for_scan(&self, moment: Timestamp) {
        let copy = self.cached.lock().await.copy.as_ref().map(|copy| copy.read);
        if let Some(read) = copy {
            tokio::time::sleep(until_scan(read, moment, Moment::now())).await;
        }
    }

    async fn copy(&self, freshness: Freshness, now: Moment) -> Result<Arc<Destinations>, AwsError> {
        let mut cached = self.cached.lock().await;
        if let Some(copy) = &cached.copy
            && freshness.accepts(copy, now)
        {
            return Ok(Arc::clone(&copy.destinations));
        }
        // A failed scan may have taken all of its time limit: the callers that waited for
        // it get the same answer.
        let failure = cached
            .failure
            .take()
            .filter(|(at, _)| now.since(*at) < FLOOR);
        let error = match failure {
            Some(failure) => failure,
            None => match self.store.load().await {
                Ok(destinations) => {
                    let destinations = Arc::new(destinations);
                    cached.copy = Some(Copy {
                        read: now,
                        destinations: Arc::clone(&destinations),
                    });
                    return Ok(destinations);
                }
                Err(error) => (now, error),
            },
        };
        let (_, error) = cached.failure.insert(error).clone();
        match &cached.copy {
            Some(copy) if freshness.accepts_stale(copy, now) => {
                let age_s = now.since(copy.read).as_secs();
                tracing::warn!(%error, age_s, "the destinations could not be read; an older copy of them is used: {error}");
                Ok(Arc::clone(&copy.destinations))
            }
            _ => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tocsin_testing::aws::{Answer, Replay};

    use super::*;
    use crate::clients::Clients;

    /// A cache whose table answers this often; after that it fails. It was read once.
    async fn cache(answers: usize) -> (DestinationCache, Replay, Moment) {
        let empty = json!({"Items": [], "Count": 0, "ScannedCount": 0}).to_string();
        let replay = Replay::of(vec![Answer::new(200, empty); answers]);
        let clients = Clients::of(replay.config());
        let cache = DestinationCache::new(DestinationStore::new(&clients, "destinations"));
        let start = Moment::now();
        cache.copy(Freshness::WithinTtl, start).await.unwrap();
        (cache, replay, start)
    }

    fn later(start: Moment, seconds: u64) -> Moment {
        let after = Duration::from_secs(seconds);
        Moment {
            monotonic: start.monotonic + after,
            wall: start.wall.plus(after),
        }
    }

    #[tokio::test]
    async fn a_copy_is_read_again_when_it_is_too_old_for_its_use() {
        type Case = (fn(Moment) -> Freshness, u64, usize);
        let cases: [Case; 10] = [
            (|_| Freshness::WithinTtl, 29, 1),
            (|_| Freshness::WithinTtl, 30, 2),
            (|_| Freshness::Fresh, 1, 1),
            (|_| Freshness::Fresh, 2, 2),
            (
                |start| Freshness::Since(start.wall.minus(Duration::from_secs(1))),
                20,
                1,
            ),
            (|start| Freshness::Since(start.wall), 20, 2),
            (|start| Freshness::Since(start.wall), 1, 1),
            (|start| Freshness::Since(later(start, 5).wall), 2, 2),
            (|start| Freshness::ReadAfter(start.wall), 20, 1),
            (|start| Freshness::ReadAfter(later(start, 1).wall), 1, 2),
        ];
        for (at, (freshness, age, scans)) in cases.into_iter().enumerate() {
            let (cache, replay, start) = cache(2).await;
            cache
                .copy(freshness(start), later(start, age))
                .await
                .unwrap();
            assert_eq!(replay.asked().len(), scans, "case {at}");
        }
    }

    #[test]
    fn an_alert_that_is_newer_than_the_copy_waits_for_the_next_scan() {
        let read = Moment::now();
        for (sent, now, waits) in [(0, 1, 0), (1, 1, 1), (2, 2, 0), (5, 5, 0)] {
            let waited = until_scan(read, later(read, sent).wall, later(read, now));
            assert_eq!(waited, Duration::from_secs(waits), "{sent} {now}");
        }
    }

    #[tokio::test]
    async fn an_older_copy_replaces_a_scan_that_fails() {
        let (cache, replay, start) = cache(1).await;
        for (freshness, age, succeeds, scans) in [
            (Freshness::WithinTtl, 100, true, 2),
            // Not scanned again so soon.
            (Freshness::Since(later(start, 100).wall), 101, true, 2),
            (Freshness::Fresh, 101, false, 2),
            (Freshness::Since(later(start, 110).wall), 110, true, 3),
            (Freshness::Fresh, 120, false, 4),
            (Freshness::WithinTtl, 3_600, true, 5),
            (Freshness::WithinTtl, 3_610, false, 6),
        ] {
            let copy = cache.copy(freshness, later(start, age)).await;
            assert_eq!(copy.is_ok(), succeeds, "{freshness:?} after {age} s");
            assert_eq!(replay.asked().len(), scans, "{freshness:?} after {age} s");
        }
    }

    #[tokio::test]
    async fn without_a_copy_a_failed_scan_is_an_error() {
        let clients = Clients::of(Replay::default().config());
        let cache = DestinationCache::new(DestinationStore::new(&clients, "destinations"));
        assert!(cache.get().await.is_err());
    }
}
