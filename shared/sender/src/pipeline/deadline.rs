//! The time of an invocation, and what is reserved of it.

use std::time::{Duration, SystemTime};

use tocsin_core::Timestamp;
use tocsin_core::provider::TIME_LIMIT;

/// The longest attempt with the default time limit of requests: a lookup, a rejected
/// request, its minimal form and a renewed secret, each with that limit, all cut off
/// after this time.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(25);

/// The longest attempt when a request of the destination may take `request`: such a
/// request fits, after that of an access token or a lookup.
#[must_use]
pub fn longest_attempt(request: Duration) -> Duration {
    ATTEMPT_LIMIT.max(TIME_LIMIT + request)
}

/// Reserved at the end of an invocation for recording what was attempted.
pub const RECORDING_RESERVE: Duration = Duration::from_secs(10);

/// Reserved of that for forwarding what could not be recorded.
const FORWARDING_RESERVE: Duration = Duration::from_secs(3);

/// Reserved of that for the invocation's response.
const RESPONSE_RESERVE: Duration = Duration::from_millis(500);

/// An attempt is worth making if one request may use all of its own limit and this, so
/// that a timeout is the destination's fault and not ours: the three seconds of its
/// confirmation, and one more.
const BEYOND_REQUEST: Duration = Duration::from_secs(4);

/// The longest call of AWS whose failure has no consequence but a worse guess: the
/// health of a destination.
const BEST_EFFORT_TIMEOUT: Duration = Duration::from_secs(2);

/// The first and the longest delay before a call that AWS refused is repeated.
const INITIAL_BACKOFF: Duration = Duration::from_millis(250);
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// When an invocation must have ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(SystemTime);

impl Deadline {
    pub(super) const fn at(time: SystemTime) -> Self {
        Self(time)
    }

    /// The deadline, or the end of a lease if that is earlier.
    pub(super) fn within(self, lease: Timestamp, now: Timestamp) -> Self {
        Self(self.0.min(SystemTime::now() + lease.since(now)))
    }

    fn left(self) -> Duration {
        self.0
            .duration_since(SystemTime::now())
            .unwrap_or(Duration::ZERO)
    }

    /// Whether another group that begins after `wait`, and whose requests may take
    /// `request`, can be attempted and recorded.
    pub(super) fn allows_group_after(self, wait: Duration, request: Duration) -> bool {
        self.left().saturating_sub(wait) >= longest_attempt(request) + RECORDING_RESERVE
    }

    /// How long an attempt that begins now may take, if its requests may take `request`;
    /// `None` when there is no time for one.
    pub(super) fn attempt_limit(self, request: Duration) -> Option<Duration> {
        let left = self.left().saturating_sub(RECORDING_RESERVE);
        (left >= request + BEYOND_REQUEST).then(|| left.min(longest_attempt(request)))
    }

    /// How long a necessary call of AWS may take.
    pub(super) fn call_limit(self) -> Duration {
        self.left().saturating_sub(FORWARDING_RESERVE)
    }

    /// How long the last call may take: what could not be recorded is queued.
    pub(super) fn final_budget(self) -> Duration {
        self.left().saturating_sub(RESPONSE_RESERVE)
    }

    /// How long a call of AWS may take whose result is optional.
    pub(super) fn best_effort(self) -> Duration {
        self.call_limit().min(BEST_EFFORT_TIMEOUT)
    }

    /// Waits before the try that follows number `tries` (from 1); false when there
    /// is no time for another.
    pub(super) async fn backoff(self, tries: u32) -> bool {
        let doubled = INITIAL_BACKOFF.saturating_mul(2u32.saturating_pow(tries - 1));
        let wait = doubled.min(MAX_BACKOFF);
        if self.left() < wait + FORWARDING_RESERVE {
            return false;
        }
        tokio::time::sleep(wait).await;
        true
    }
}
