//! The circuit breaker of a destination: how long nothing is sent, and which
//! delivery may probe whether the destination takes deliveries again.
//!
//! A destination without a [`CircuitBreaker`] has a closed one.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::admission::{Admission, Priority};
use super::observation::AttemptKind;
use crate::Timestamp;
use crate::outcome::FailureKind;

/// How long the breaker stays open after the first trip; each further trip in a
/// row doubles it.
pub(super) const INITIAL_BACKOFF: Duration = Duration::from_secs(5);

/// The longest time that the breaker stays open unless the provider's own
/// `Retry-After` asks for more: a destination that has recovered gets its alerts
/// after this long at the latest.
pub(super) const MAX_BACKOFF: Duration = Duration::from_mins(5);

/// The trip whose backoff (40 s) is the longest after a probe by a delivery that
/// had failed before: the message may be to blame, not the destination.
const MAX_TRIPS_AFTER_REPEAT: u32 = 4;

/// The shortest time between two fresh alerts that probe while the breaker is open.
const FRESH_PROBE_INTERVAL: Duration = Duration::from_secs(30);

/// How long a probe may take before another delivery may probe: longer than the
/// longest attempt (25 s).
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(30);

/// A circuit breaker that is open or half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CircuitBreaker {
    /// Nothing is sent before this time. While a delivery probes: when the probe
    /// is taken for lost.
    pub until: Timestamp,
    /// Consecutive trips so far, starting at 1.
    #[serde(rename = "number")]
    pub trips: u32,
    /// Whether a delivery is probing the destination (`probing`) or not (`waiting`).
    #[serde(rename = "stage")]
    pub state: BreakerState,
    /// The kind of failure that tripped it.
    pub cause: FailureKind,
    /// When a delivery was last attempted.
    #[serde(rename = "triedAt")]
    pub last_attempt_at: Timestamp,
}

/// The state of a circuit breaker that is not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BreakerState {
    /// Nothing is sent.
    #[serde(rename = "waiting")]
    Open,
    /// One delivery probes the destination; the others wait for its result.
    #[serde(rename = "probing")]
    HalfOpen,
}

impl CircuitBreaker {
    /// What a fault does to the breaker there is; `slot_interval` is the rate
    /// limiter's, if the destination has one.
    pub(super) fn trip(
        current: Option<Self>,
        fault: Fault,
        slot_interval: Option<Duration>,
        now: Timestamp,
    ) -> Transition {
        let trips = match current {
            // An attempt that began before the trip: the backoff does not start again.
            Some(breaker) if breaker.state == BreakerState::Open && breaker.until > now => {
                return Transition::Extended(Self {
                    until: breaker.until.max(now.plus(fault.retry_after)),
                    ..breaker
                });
            }
            Some(breaker) => breaker.trips.saturating_add(1),
            None => 1,
        };
        let trips = match fault.attempt {
            AttemptKind::Repeat if !fault.kind.trips_at_once() => trips.min(MAX_TRIPS_AFTER_REPEAT),
            _ => trips,
        };
        let backoff = match slot_interval {
            // The rate limiter is slightly too fast, no more: a short break will do.
            Some(interval) if trips == 1 && fault.kind == FailureKind::Throttled => {
                (interval * 2).min(INITIAL_BACKOFF)
            }
            _ => backoff(trips),
        };
        Transition::Tripped(Self {
            until: now.plus(backoff.max(fault.retry_after)),
            trips,
            state: BreakerState::Open,
            cause: fault.kind,
            last_attempt_at: now,
        })
    }

    /// The breaker with a probe under way.
    pub(super) fn begin_probe(self, now: Timestamp) -> Self {
        Self {
            until: now.plus(PROBE_TIMEOUT),
            state: BreakerState::HalfOpen,
            last_attempt_at: now,
            ..self
        }
    }

    /// The breaker after a probe without a result: the next delivery may probe now.
    pub(super) fn cancel_probe(self, now: Timestamp) -> Self {
        match self.state {
            BreakerState::HalfOpen => Self {
                until: now,
                state: BreakerState::Open,
                ..self
            },
            BreakerState::Open => self,
        }
    }

    /// Whether a response that arrives now closes the breaker. The response to an
    /// attempt that began before the trip does not.
    pub(super) fn closes(self, now: Timestamp) -> bool {
        self.state == BreakerState::HalfOpen || self.until <= now
    }

    /// Whether a delivery may probe before the backoff is over. Timeouts and 5xx
    /// responses may be about single messages, even about many: a fresh alert may
    /// probe when no delivery has been attempted for a while.
    pub(super) fn early_probe(self, priority: Priority, now: Timestamp) -> Admission {
        let fresh = priority != Priority::Retry;
        let overdue = now.since(self.last_attempt_at) >= FRESH_PROBE_INTERVAL;
        if fresh && overdue && !self.cause.trips_at_once() {
            Admission::Probe
        } else {
            Admission::Reject
        }
    }
}

/// What a fault did to a circuit breaker.
pub(super) enum Transition {
    /// It tripped, for the first time or again.
    Tripped(CircuitBreaker),
    /// It was open already and stays so, perhaps for longer.
    Extended(CircuitBreaker),
}

/// The faults of several deliveries that were attempted together, as one.
#[derive(Clone, Copy)]
pub(super) struct Fault {
    pub(super) kind: FailureKind,
    /// The provider's `Retry-After`; zero if it had none.
    pub(super) retry_after: Duration,
    pub(super) attempt: AttemptKind,
}

impl Fault {
    /// Combines two faults. Throttling says how fast to go on, so it takes
    /// precedence over every other kind.
    pub(super) fn merge(self, other: Self) -> Self {
        let keeps = self.kind == FailureKind::Throttled
            || (self.kind.trips_at_once() && other.kind != FailureKind::Throttled);
        Self {
            kind: if keeps { self.kind } else { other.kind },
            retry_after: self.retry_after.max(other.retry_after),
            attempt: match (self.attempt, other.attempt) {
                (AttemptKind::Repeat, AttemptKind::Repeat) => AttemptKind::Repeat,
                _ => AttemptKind::First,
            },
        }
    }
}

/// How long the breaker stays open after this many trips in a row, from 1.
fn backoff(trips: u32) -> Duration {
    let doubled = 2u32.saturating_pow(trips.saturating_sub(1));
    INITIAL_BACKOFF.saturating_mul(doubled).min(MAX_BACKOFF)
}
