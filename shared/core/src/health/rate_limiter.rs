//! The adaptive rate limiter of a destination that throttles: the time between two
//! deliveries. It grows as far as the responses prove it too short, and shrinks with
//! every delivery that is accepted.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parameters::PARAMETERS;
use crate::Timestamp;

/// The steps by which the deliveries of one group shorten the interval, at most: more
/// would overshoot before the next group shows whether the destination keeps up.
const MOST_STEPS: u32 = 3;

/// The rate limiter of a destination that throttled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateLimiter {
    /// Milliseconds between two deliveries.
    pub interval_ms: u64,
    /// When the destination throttled last.
    pub throttled_at: Timestamp,
    /// When a delivery was accepted last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<Timestamp>,
    /// An interval, in milliseconds, that was proved too short.
    #[serde(default)]
    pub interval_floor_ms: u64,
    /// How often that was proved.
    #[serde(default)]
    pub interval_floor_confirmations: u32,
}

impl RateLimiter {
    /// The limiter of a destination that throttles for the first time.
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            interval_ms: millis(PARAMETERS.first_pace),
            throttled_at: now,
            last_success_at: None,
            interval_floor_ms: 0,
            interval_floor_confirmations: 0,
        }
    }

    /// The time between two deliveries.
    #[must_use]
    pub const fn interval(self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// When the next delivery may be sent.
    pub(super) fn next_at(self) -> Option<Timestamp> {
        Some(self.last_success_at?.plus(self.interval()))
    }

    /// Raises the interval to one and a half times the gap after which the destination
    /// throttled, and at most to double. A gap that is shorter than the interval
    /// belongs to attempts that did not keep to it, and proves nothing. The gap is the
    /// time since the last success, shared by the `attempts` that were made in it.
    pub(super) fn on_throttled(self, attempts: u32, now: Timestamp) -> Self {
        let gap = self.last_success_at.map_or(self.interval_ms, |at| {
            millis(now.since(at)) / u64::from(attempts.max(1))
        });
        let wanted = (gap + gap / 2).min(self.interval_ms * 2);
        Self {
            interval_ms: self
                .interval_ms
                .max(wanted)
                .min(millis(PARAMETERS.slowest_pace)),
            interval_floor_ms: self.interval_floor(now).max(gap.min(self.interval_ms)),
            interval_floor_confirmations: self.interval_floor_confirmations.saturating_add(1),
            throttled_at: now,
            ..self
        }
    }

    /// Shortens the interval after so many accepted deliveries, but keeps it above the
    /// floor.
    pub(super) fn on_success(self, successes: u32, now: Timestamp) -> Self {
        let floor = self.interval_floor(now);
        let factor = if floor == 0 {
            PARAMETERS.first_speed_up
        } else {
            PARAMETERS.speed_up
        };
        // A group is as long as its interval was, whatever it proves.
        let steps = successes.min(MOST_STEPS);
        let safe = scale(floor, PARAMETERS.margin).min(self.interval_ms);
        let shortest = safe.max(millis(PARAMETERS.fastest_pace));
        Self {
            interval_ms: scale(self.interval_ms, factor.powf(f64::from(steps))).max(shortest),
            last_success_at: Some(now),
            ..self
        }
    }

    /// Whether the destination has not throttled for a while.
    pub(super) fn is_over(self, now: Timestamp) -> bool {
        now.since(self.throttled_at) >= PARAMETERS.limiter_lifetime
    }

    /// The floor that is still believed, in milliseconds: less with time, and more
    /// slowly each time it was confirmed.
    fn interval_floor(self, now: Timestamp) -> u64 {
        let confirmations = self
            .interval_floor_confirmations
            .clamp(1, PARAMETERS.longest_memory);
        let half_life = PARAMETERS.proof_half_life * (1 << (confirmations - 1));
        let halvings = now.since(self.throttled_at).as_secs_f64() / half_life.as_secs_f64();
        scale(self.interval_floor_ms, 0.5f64.powf(halvings))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn scale(interval_ms: u64, factor: f64) -> u64 {
    millis(Duration::from_millis(interval_ms).mul_f64(factor))
}
