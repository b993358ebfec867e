//! The health of a destination: whether it accepts deliveries, and how fast.
//!
//! All senders of a destination share one [`Health`]. It is advice, not truth:
//! two senders that read it at the same moment may make one request too many, but
//! never lose a delivery. Everything here is pure; the ledger stores the value and
//! replaces it by compare-and-swap.
//!
//! ## Circuit breaker
//!
//! ```text
//!             fault                       backoff over: one may probe
//!   closed ───────────────► open ────────────────────────────► half-open
//!    ▲                      ▲                                    │   │
//!    │                      └──────────── fault, longer ─────────┘   │
//!    └───────────────────────────────── responded ───────────────────┘
//! ```
//!
//! Throttling and an unreachable destination trip the breaker at once. A timeout or
//! a 5xx trips it after [`FAILURE_THRESHOLD`] such deliveries in a row: different
//! ones, since a message that its receiver cannot digest fails as often as it is
//! sent and must not shut out all others. While the breaker is open nothing is
//! sent, and no delivery uses up an attempt. After the backoff one delivery probes
//! the destination; the others wait for its result. Any response, even a rejection,
//! closes the breaker.
//!
//! ## Rate limiter
//!
//! Deliveries that must wait are scheduled ([`Health::schedule`]): slots one interval
//! apart, [`MAX_SCHEDULE_AHEAD`] ahead at most, so that ten thousand deliveries come
//! back one after the other instead of all together, to be throttled again. The
//! interval grows as far as the responses prove it too short, and shrinks with every
//! delivery that is accepted. The retry queue keeps such times to the second only and
//! returns ten messages at a time, so a delivery that comes back reserves a slot
//! ([`Health::reserve`]) and waits for it. Fresh alerts are scheduled behind the
//! backlog as long as it uses all the slots; HIGH and CRITICAL ones reserve a slot at
//! once.

mod admission;
mod circuit_breaker;
mod observation;
#[cfg(test)]
mod outage;
mod rate_limiter;
#[cfg(test)]
mod tests;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::outcome::{Failure, FailureKind};
use circuit_breaker::{Fault, Transition};

pub use admission::{Admission, MAX_CONCURRENCY, Priority};
pub use circuit_breaker::{BreakerState, CircuitBreaker, PROBE_TIMEOUT};
pub use observation::{AttemptKind, Observation};
pub use rate_limiter::{RateLimiter, SlotSize};

/// Consecutive faults that trip the circuit breaker, where a single one may be
/// about a single message.
pub const FAILURE_THRESHOLD: u32 = 3;

/// The furthest slot: a destination that turns out faster than its schedule is used
/// to the full after this long at the latest.
pub const MAX_SCHEDULE_AHEAD: Duration = Duration::from_mins(30);

/// A destination that has accepted nothing for this long is reported, before its
/// first delivery is exhausted.
const LONG_FAILING: Duration = Duration::from_mins(15);

/// The shortest time between two reports of one kind about one destination.
const REPORT_INTERVAL: Duration = Duration::from_hours(1);

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
    /// Faults of the destination since its last response.
    #[serde(rename = "inARow")]
    pub consecutive_failures: u32,
    /// The most recent failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Failure>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure_at: Option<Timestamp>,
    /// The circuit breaker; `None` while it is closed.
    #[serde(rename = "pause", skip_serializing_if = "Option::is_none")]
    pub breaker: Option<CircuitBreaker>,
    /// The rate limiter; `None` while deliveries are sent at once.
    #[serde(rename = "line", skip_serializing_if = "Option::is_none")]
    pub limiter: Option<RateLimiter>,
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

impl Health {
    /// Whether deliveries of this priority may be attempted.
    #[must_use]
    pub fn admission(&self, priority: Priority, now: Timestamp) -> Admission {
        match (self.breaker, self.limiter) {
            (Some(breaker), _) if breaker.until > now => breaker.early_probe(priority, now),
            (_, Some(limiter)) if priority == Priority::Normal && limiter.is_saturated(now) => {
                Admission::Reject
            }
            (Some(_), _) => Admission::Probe,
            (None, Some(_)) => Admission::RateLimited,
            (None, None) => Admission::Allow,
        }
    }

    /// Reserves the next slot for up to `count` deliveries: the new health, the time
    /// of the slot, and how many deliveries it holds.
    #[must_use]
    pub fn reserve(&self, count: usize, now: Timestamp) -> (Self, Timestamp, usize) {
        let Some(limiter) = self.limiter else {
            return (self.clone(), now, count);
        };
        let reserved = limiter.per_slot().min(count);
        let slot = limiter.next_slot.map_or(now, |slot| slot.max(now));
        let limiter = RateLimiter {
            next_slot: Some(limiter.slot_after(slot, reserved)),
            ..limiter
        };
        let next = Self {
            limiter: Some(limiter),
            ..self.clone()
        };
        (next, slot, reserved)
    }

    /// The health with a probe under way: the other deliveries wait for its result.
    #[must_use]
    pub fn begin_probe(&self, now: Timestamp) -> Self {
        let breaker = self.breaker.map(|breaker| breaker.begin_probe(now));
        // The probe uses the current slot.
        let limiter = self.limiter.map(|limiter| RateLimiter {
            next_slot: Some(limiter.slot_after(now, 1)),
            ..limiter
        });
        Self {
            breaker,
            limiter,
            ..self.clone()
        }
    }

    /// The health after a probe without a result: the next delivery may probe.
    #[must_use]
    pub fn cancel_probe(&self, now: Timestamp) -> Self {
        let breaker = self.breaker.map(|breaker| breaker.cancel_probe(now));
        Self {
            breaker,
            ..self.clone()
        }
    }

    /// The health after attempts with these observations.
    #[must_use]
    pub fn record(&self, observations: &[Observation], now: Timestamp) -> Self {
        let mut next = self.clone();
        let was_half_open = next
            .breaker
            .is_some_and(|breaker| breaker.state == BreakerState::HalfOpen);
        if observations.iter().any(|one| !one.is_fault()) {
            next.on_response(now);
        }
        if observations.contains(&Observation::Success) {
            next.on_success(now);
        }
        let mut merged: Option<Fault> = None;
        for observation in observations {
            match observation {
                Observation::Success | Observation::Rejection => {}
                Observation::Misconfigured(failure) => next.on_failure(failure, now),
                Observation::Fault {
                    failure,
                    retry_after,
                    attempt,
                } => {
                    next.on_failure(failure, now);
                    if *attempt == AttemptKind::First || failure.kind.trips_at_once() {
                        next.consecutive_failures = next.consecutive_failures.saturating_add(1);
                    }
                    let fault = Fault {
                        kind: failure.kind,
                        retry_after: retry_after.unwrap_or_default(),
                        attempt: *attempt,
                    };
                    merged = Some(merged.map_or(fault, |before| before.merge(fault)));
                }
            }
        }
        if let Some(fault) = merged {
            let proved = next.consecutive_failures >= FAILURE_THRESHOLD
                && (was_half_open || fault.attempt == AttemptKind::First);
            if fault.kind.trips_at_once() || proved {
                next.trip(fault, now);
            }
        }
        next
    }

    /// The health after attempts with these observations; where the breaker is open
    /// afterwards, a slot for each delivery that met a fault. `random` is between 0
    /// and 1, another value at each call.
    #[must_use]
    pub fn record_and_schedule(
        &self,
        observations: &[Observation],
        now: Timestamp,
        random: impl Fn() -> f64,
    ) -> (Self, Vec<Timestamp>) {
        let next = self.record(observations, now);
        let faults = observations.iter().filter(|one| one.is_fault()).count();
        if next.breaker.is_none() || faults == 0 {
            return (next, Vec::new());
        }
        next.schedule(faults, now, random)
    }

    /// Gives each of `count` deliveries a slot behind the backlog. Those beyond
    /// [`MAX_SCHEDULE_AHEAD`] come back some time in the second half of it, to look
    /// again.
    #[must_use]
    pub fn schedule(
        &self,
        count: usize,
        now: Timestamp,
        random: impl Fn() -> f64,
    ) -> (Self, Vec<Timestamp>) {
        let limiter = self.limiter.unwrap_or(RateLimiter::after_outage(now));
        let closed = self.breaker.map_or(now, |breaker| breaker.until.max(now));
        let furthest = closed.plus(MAX_SCHEDULE_AHEAD);
        let start = limiter.backlog_end.max(closed);
        let slot = |at: usize| {
            let slot = limiter.slot_after(start, at);
            if slot < furthest {
                slot
            } else {
                let share = 0.5 + random().clamp(0.0, 1.0) / 2.0;
                closed.plus(MAX_SCHEDULE_AHEAD.mul_f64(share))
            }
        };
        let slots = (0..count).map(slot).collect();
        let limiter = RateLimiter {
            backlog_end: limiter.slot_after(start, count).min(furthest),
            ..limiter
        };
        let next = Self {
            limiter: Some(limiter),
            ..self.clone()
        };
        (next, slots)
    }

    /// The health with this report made; `None` when it was made within the hour.
    #[must_use]
    pub fn report(&self, report: FailureReport, now: Timestamp) -> Option<Self> {
        let mut next = self.clone();
        let reported_at = match report {
            FailureReport::Destination => &mut next.reported_at,
            FailureReport::Message => &mut next.refusal_reported_at,
        };
        let due = reported_at.is_none_or(|at| now.since(at) >= REPORT_INTERVAL);
        *reported_at = Some(now);
        due.then_some(next)
    }

    /// Whether the destination has accepted nothing for so long that a person should
    /// know, although its deliveries are still retried.
    #[must_use]
    pub fn is_long_failing(&self, now: Timestamp) -> bool {
        self.failing_since
            .is_some_and(|since| now.since(since) >= LONG_FAILING)
    }

    /// Whether the breaker is closed, nothing is rate-limited and the last delivery
    /// was accepted.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.failing_since.is_none() && self.breaker.is_none() && self.limiter.is_none()
    }

    fn on_response(&mut self, now: Timestamp) {
        self.consecutive_failures = 0;
        self.breaker = self.breaker.filter(|breaker| !breaker.closes(now));
        self.limiter = self.limiter.filter(|limiter| limiter.backlog_end > now);
    }

    fn on_success(&mut self, now: Timestamp) {
        self.failing_since = None;
        self.failures = 0;
        self.limiter = self.limiter.map(|limiter| limiter.on_success(now));
    }

    fn on_failure(&mut self, failure: &Failure, now: Timestamp) {
        self.failing_since.get_or_insert(now);
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some(failure.clone());
        self.last_failure_at = Some(now);
    }

    fn trip(&mut self, fault: Fault, now: Timestamp) {
        let interval = self.limiter.map(RateLimiter::interval);
        match CircuitBreaker::trip(self.breaker, fault, interval, now) {
            Transition::Extended(breaker) => self.breaker = Some(breaker),
            Transition::Tripped(breaker) => {
                self.breaker = Some(breaker);
                self.limiter = Some(RateLimiter::on_trip(
                    self.limiter,
                    breaker.cause,
                    breaker.trips,
                    now,
                ));
            }
        }
    }
}
