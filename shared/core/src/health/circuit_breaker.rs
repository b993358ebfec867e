//! A circuit breaker: until when nothing is sent, and which delivery may probe whether
//! deliveries are accepted again. A destination has one, and so has each detection
//! whose alerts alone fail.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::observation::DetectionKey;
use super::parameters::PARAMETERS;
use crate::Timestamp;
use crate::outcome::FailureKind;

/// How long a probe may take before another delivery may probe.
pub const PROBE_TIMEOUT: Duration = PARAMETERS.probe_timeout;

/// A circuit breaker that is open or half-open; a closed one is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CircuitBreaker {
    /// When it opened.
    pub opened_at: Timestamp,
    /// Nothing is sent before this time; then one delivery may probe.
    pub until: Timestamp,
    /// The kind of the last failure.
    pub cause: FailureKind,
    /// While a delivery probes: when the probe is considered lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_until: Option<Timestamp>,
    /// The detection whose alert probed last: the next probe prefers another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_probe: Option<DetectionKey>,
}

/// The state of a circuit breaker that is not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Nothing is sent.
    Open,
    /// The interval is over: a delivery may probe.
    MayProbe,
    /// A delivery probes; the others wait for its result.
    HalfOpen,
}

/// How long a breaker stays open.
#[derive(Clone, Copy)]
pub(super) struct Intervals {
    /// At first.
    pub(super) first: Duration,
    /// Then for this share of the time that it has been open so far.
    pub(super) share: f64,
    /// At the longest.
    pub(super) longest: Duration,
    /// At least: the provider's `Retry-After`, zero if it had none.
    pub(super) retry_after: Duration,
}

impl CircuitBreaker {
    /// A breaker that opens now. `random` is between 0 and 1.
    pub(super) fn open(
        cause: FailureKind,
        intervals: Intervals,
        now: Timestamp,
        random: f64,
    ) -> Self {
        Self {
            opened_at: now,
            until: now.plus(intervals.next(Duration::ZERO, random)),
            cause,
            probe_until: None,
            last_probe: None,
        }
    }

    /// The state at this time.
    #[must_use]
    pub fn state(self, now: Timestamp) -> BreakerState {
        if self.probe_until.is_some_and(|until| until > now) {
            BreakerState::HalfOpen
        } else if self.until > now {
            BreakerState::Open
        } else {
            BreakerState::MayProbe
        }
    }

    /// When a delivery that is held now may be looked at again.
    pub(super) fn held_until(self) -> Timestamp {
        self.probe_until
            .map_or(self.until, |probe| probe.max(self.until))
    }

    /// Whether deliveries wait for it: it holds them, or the next drain probes. Nothing
    /// closes the breaker of a detection that raises no further alerts.
    pub(super) fn holds_some(self, now: Timestamp) -> bool {
        self.held_until().plus(PARAMETERS.probe_delay) > now
    }

    /// The breaker after a failed attempt for this detection.
    pub(super) fn on_failure(
        self,
        detection: DetectionKey,
        cause: FailureKind,
        intervals: Intervals,
        now: Timestamp,
        random: f64,
    ) -> Self {
        let probing = self.state(now) == BreakerState::HalfOpen;
        let is_probe = self.last_probe == Some(detection);
        if probing && !is_probe || !probing && self.until > now {
            // The attempt began before the breaker opened, which proves nothing new.
            return Self {
                until: self.until.max(now.plus(intervals.retry_after)),
                ..self
            };
        }
        let next = now.plus(intervals.next(now.since(self.opened_at), random));
        let early = self.until > now && intervals.retry_after.is_zero();
        Self {
            // An early probe changes nothing for those that wait.
            until: if early {
                self.until
            } else {
                next.max(self.until)
            },
            cause,
            probe_until: None,
            ..self
        }
    }

    /// The breaker with a probe under way.
    pub(super) fn begin_probe(self, detection: DetectionKey, now: Timestamp) -> Self {
        Self {
            probe_until: Some(now.plus(PROBE_TIMEOUT)),
            last_probe: Some(detection),
            ..self
        }
    }

    /// The breaker after a probe without a result.
    pub(super) fn cancel_probe(self, now: Timestamp, delay: Duration) -> Self {
        match self.state(now) {
            BreakerState::HalfOpen => Self {
                until: self.until.max(now.plus(delay)),
                probe_until: None,
                ..self
            },
            BreakerState::Open | BreakerState::MayProbe => self,
        }
    }

    /// Whether a response that arrives now closes the breaker. Where the cause was not
    /// about content, the response to an attempt that began before it opened does not.
    pub(super) fn closes(self, now: Timestamp) -> bool {
        !self.cause.is_about_destination() || self.state(now) != BreakerState::Open
    }
}

impl Intervals {
    fn next(self, so_far: Duration, random: f64) -> Duration {
        let jitter = 1.0 + PARAMETERS.jitter * random.clamp(0.0, 1.0);
        let interval = so_far.mul_f64(self.share).max(self.first).min(self.longest);
        interval.mul_f64(jitter).max(self.retry_after)
    }
}

impl FailureKind {
    /// Whether the next delivery would fail as well, whatever its content.
    pub(super) const fn is_about_destination(self) -> bool {
        matches!(
            self,
            Self::Throttled | Self::Unreachable | Self::Unauthorized
        )
    }
}
