//! The health of a destination: whether it accepts deliveries, and how fast.
//!
//! All functions share one [`Health`] for each destination. It is advice, not truth:
//! two that read it at the same moment may make one request too many, but never lose a
//! delivery. Everything here is pure; the ledger stores the value and replaces it by
//! compare-and-swap.
//!
//! ## Circuit breaker
//!
//! ```text
//!             failure                    interval over: one may probe
//!   closed ───────────────► open ────────────────────────────► half-open
//!    ▲                      ▲                                    │   │
//!    │                      └──────────── failure, longer ───────┘   │
//!    └────────────────────────────────── response ───────────────────┘
//! ```
//!
//! Causes differ. Throttling, an unreachable destination and a refused credential are
//! about the destination and open its breaker at once. Everything else may be about
//! content, which an attacker may write, so it takes failures of *different detections*
//! without a response between. A detection whose alerts alone fail is held by a breaker
//! of its own, and the others go on; see [`Suspects`].
//!
//! While the destination's breaker is open nothing is sent and no delivery uses up an
//! attempt, with one exception: where the cause may be about content, a fresh alert of
//! a detection that did not fail probes at once. A response to it proves that the
//! receiver works and cannot process the content of the alerts that failed.
//!
//! ## Rate limiter
//!
//! A destination that throttled gets one delivery for each interval, from one drain:
//! see [`Health::pace`]. Fresh alerts are recorded as due, so that the drain takes them
//! by priority.

mod admission;
mod circuit_breaker;
mod observation;
mod parameters;
mod rate_limiter;
mod record;
#[cfg(test)]
mod simulation;
mod suspects;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::outbox::DueEntry;
use crate::outcome::{Failure, FailureKind};

pub use admission::{Admission, Backlog, Pace, Path};
pub use circuit_breaker::{BreakerState, CircuitBreaker, PROBE_TIMEOUT};
pub use observation::{DetectionKey, NotADetectionKey, Observation};
pub use parameters::{PARAMETERS, Parameters};
pub use rate_limiter::RateLimiter;
pub use suspects::{Suspect, Suspects};

/// The health of a destination. The default is a healthy one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Health {
    /// The first failure since the last accepted delivery; `None` when the last
    /// delivery was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// Failed attempts since then.
    pub failures: u32,
    /// The most recent failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Failure>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure_at: Option<Timestamp>,
    /// The destination's circuit breaker; `None` while it is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<CircuitBreaker>,
    /// The detections whose alerts failed last, and whether they are held.
    #[serde(skip_serializing_if = "Suspects::is_empty")]
    pub suspects: Suspects,
    /// The rate limiter; `None` while deliveries are sent at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limiter: Option<RateLimiter>,
    /// When the destination or its secret was edited last; `None` where that never
    /// changed its health.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_at: Option<Timestamp>,
    /// Whether deliveries wait in the outbox.
    #[serde(skip_serializing_if = "Backlog::is_none")]
    pub backlog: Backlog,
    /// When it was last reported that the destination does not accept deliveries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Timestamp>,
    /// When it was last reported that the destination rejects messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal_reported_at: Option<Timestamp>,
}

/// A report about a destination. Each kind is made at most once an hour: a rejected
/// message, which an attacker may cause, must not suppress the report of an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureReport {
    /// The destination does not accept deliveries.
    Destination,
    /// The destination rejected a message.
    Message,
}

impl FailureReport {
    /// The report that a failure of this kind asks for.
    #[must_use]
    pub const fn about(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Refused | FailureKind::NotUnderstood => Self::Message,
            _ => Self::Destination,
        }
    }
}

/// How a destination is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Its circuit breaker is not closed.
    Down,
    /// It failed since it last accepted a delivery, or fails at those of some detections.
    Failing,
    /// It throttles.
    Throttled,
    /// Nothing is wrong with it.
    Healthy,
}

impl Health {
    /// How the destination is at this time.
    #[must_use]
    pub fn condition(&self, now: Timestamp) -> Condition {
        if self.breaker.is_some() {
            Condition::Down
        } else if self.failing_since.is_some() || self.suspects.any_held(now) {
            Condition::Failing
        } else if self.limiter.is_some_and(|limiter| !limiter.is_over(now)) {
            Condition::Throttled
        } else {
            Condition::Healthy
        }
    }

    /// Whether a delivery of an alert of this detection may be attempted.
    #[must_use]
    pub fn admits(&self, detection: &DetectionKey, now: Timestamp) -> Admission {
        let own = self.suspects.breaker(*detection);
        let held = |breaker: &CircuitBreaker| breaker.state(now) != BreakerState::MayProbe;
        if self.may_probe_early(*detection, now) {
            return Admission::Probe;
        }
        let breakers = [self.breaker, own];
        let open = breakers.into_iter().flatten();
        match open
            .clone()
            .filter(held)
            .map(CircuitBreaker::held_until)
            .max()
        {
            Some(until) => Admission::Hold { until },
            None if open.count() > 0 => Admission::Probe,
            None => Admission::Allow,
        }
    }

    /// Whether the observation of an attempt, with settings that were read at this time,
    /// is about the destination as it is now. A failure with the settings from before an
    /// edit must not open the breaker that the edit has closed.
    #[must_use]
    pub fn counts(&self, observation: &Observation, settings_read_at: Timestamp) -> bool {
        let is_current = self.reset_at.is_none_or(|reset| settings_read_at >= reset);
        is_current || observation.is_response() || observation.is_throttled()
    }

    /// The path of a fresh delivery of an alert of this detection.
    #[must_use]
    pub fn path(&self, detection: &DetectionKey, now: Timestamp) -> Path {
        // What waits may all be of detections that are held.
        let free = self.backlog == Backlog::None || self.suspects.any_held(now);
        match self.admits(detection, now) {
            Admission::Allow if free && self.limiter.is_none() => Path::Fast,
            Admission::Probe if self.may_probe_early(*detection, now) => Path::Fast,
            _ => Path::Outbox,
        }
    }

    /// Until when the destination's breaker lets nothing through; `None` when it is
    /// closed, or a delivery may probe.
    #[must_use]
    pub fn held_until(&self, now: Timestamp) -> Option<Timestamp> {
        let breaker = self.breaker?;
        let held = breaker.state(now) != BreakerState::MayProbe;
        held.then(|| breaker.held_until())
    }

    /// When the breaker that a failed attempt of this detection met lets the next
    /// delivery through: what [`RetryPolicy::decide`](crate::retry::RetryPolicy::decide)
    /// takes. `None` when no breaker is open, or when the content is proven to be the
    /// cause: then each delivery waits for its own delay.
    #[must_use]
    pub fn retry_at(&self, detection: &DetectionKey, now: Timestamp) -> Option<Timestamp> {
        let unproven = self
            .suspects
            .get(*detection)
            .filter(|one| !one.is_proven())
            .and_then(|one| one.breaker);
        let open = self.breaker.or(unproven)?;
        Some(open.held_until().max(now))
    }

    /// Those of the due deliveries that a drain may take now: none of a detection that
    /// is held, one of a detection that may probe. Where the destination itself is
    /// probed, the alerts of detections that did not fail come first, whatever their
    /// priority, then those that did not probe last.
    #[must_use]
    pub fn drainable(&self, mut due: Vec<DueEntry>, now: Timestamp) -> Vec<DueEntry> {
        due.sort_by_key(|entry| entry.due);
        let mut seen = BTreeMap::new();
        due.retain(|entry| {
            if let Some(admission) = seen.get(&entry.detection_id) {
                return *admission == Admission::Allow;
            }
            let admission = self.admits(&DetectionKey::of(&entry.detection_id), now);
            seen.insert(entry.detection_id.clone(), admission);
            !matches!(admission, Admission::Hold { .. })
        });
        let Some(breaker) = self.breaker else {
            return due;
        };
        let suspicion = |entry: &DueEntry| {
            let key = DetectionKey::of(&entry.detection_id);
            let failed = self.suspects.get(key).is_some();
            (failed, breaker.last_probe == Some(key))
        };
        let least = due.iter().map(suspicion).min();
        due.retain(|entry| Some(suspicion(entry)) == least);
        due
    }

    /// How fast a drain sends.
    #[must_use]
    pub fn pace(&self) -> Pace {
        match self.limiter {
            Some(limiter) => Pace {
                interval: limiter.interval(),
                start: PARAMETERS.concurrency,
                limit: PARAMETERS.concurrency,
                next_at: limiter.next_at(),
            },
            None => Pace {
                interval: Duration::ZERO,
                start: 1,
                limit: PARAMETERS.concurrency,
                next_at: None,
            },
        }
    }

    /// How many deliveries one drain takes: one that probes the destination (none
    /// before it may), so many as
    /// a rate limiter lets through in some seconds, or what one call reads.
    #[must_use]
    pub fn drain_size(&self, now: Timestamp) -> usize {
        if self.breaker.is_some() {
            return usize::from(self.held_until(now).is_none());
        }
        let Some(limiter) = self.limiter else {
            return PARAMETERS.drain_limit;
        };
        let size = PARAMETERS.drain_time.as_millis() / u128::from(limiter.interval_ms.max(1));
        usize::try_from(size).map_or(PARAMETERS.drain_limit, |size| {
            size.clamp(1, PARAMETERS.drain_limit)
        })
    }

    /// Whether the destination has accepted nothing for so long that a person should
    /// know, although its deliveries are still retried.
    #[must_use]
    pub fn is_long_failing(&self, now: Timestamp) -> bool {
        self.failing_since
            .is_some_and(|since| now.since(since) >= PARAMETERS.long_failing)
    }

    /// Whether deliveries that are due wait for the destination: for a breaker, or for
    /// the rate limiter. Neither explains for ever why something is late.
    #[must_use]
    pub fn delays_deliveries(&self, now: Timestamp) -> bool {
        self.breaker.is_some_and(|breaker| breaker.holds_some(now))
            || self.limiter.is_some_and(|limiter| !limiter.is_over(now))
            || self.suspects.any_held(now)
    }

    /// Whether a fresh alert of this detection may probe although the destination's
    /// breaker is open, even while an alert of a detection that failed before probes.
    fn may_probe_early(&self, detection: DetectionKey, now: Timestamp) -> bool {
        let is_suspect = |key| self.suspects.get(key).is_some();
        self.breaker.is_some_and(|breaker| {
            let rival = breaker.state(now) == BreakerState::HalfOpen
                && !breaker.last_probe.is_some_and(is_suspect);
            !rival
                && !breaker.cause.is_about_destination()
                && !is_suspect(detection)
                && self.suspects.unanswered().count() < PARAMETERS.remembered_detections
        })
    }
}
