//! When a failed attempt is retried, and when retries end.
//!
//! This is the only layer that retries. The HTTP client does not, and nothing around a
//! provider call does.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::outcome::Outcome;

/// The delays after attempts 1, 2, 3, …; the last one repeats.
const DELAYS: [Duration; 10] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(5),
    Duration::from_mins(10),
    Duration::from_mins(15),
    Duration::from_mins(30),
    Duration::from_hours(1),
    Duration::from_hours(2),
    Duration::from_hours(4),
];

/// The delay after an attempt whose cause a person must fix. An edit of the destination
/// ends it early.
const MISCONFIGURED_DELAY: Duration = Duration::from_mins(5);

/// Delays vary by this share in either direction, so that deliveries that failed together
/// do not come back together.
const JITTER: f64 = 0.2;

/// How long and how often deliveries are retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// No attempt starts later than this after the delivery began.
    pub window: Duration,
    /// No delivery has more attempts than this, even within the window.
    /// [`MAX_ATTEMPTS`] means as many as the window takes.
    pub most_attempts: u32,
}

impl Default for RetryPolicy {
    /// 24 hours, and as many attempts as they take.
    fn default() -> Self {
        Self {
            window: Duration::from_hours(24),
            most_attempts: MAX_ATTEMPTS,
        }
    }
}

/// The longest retry window that a destination may have, in hours: as long as the
/// template's parameter allows, so that the ledger still has the alert.
pub const MAX_WINDOW_HOURS: u16 = 168;

/// The most attempts that a destination may have. It means no limit but the window:
/// a delivery that waits for a destination that is down probes it every five minutes.
pub const MAX_ATTEMPTS: u32 = 64;

/// A destination's own retry limits in place of the stack's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    try_from = "UncheckedLimits"
)]
pub struct RetryLimits {
    /// No attempt starts later than this many hours after the delivery began: 1 to 168.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 168))]
    pub window_hours: Option<u16>,
    /// No delivery has more attempts than this: 1 to 64. With 1, nothing is retried;
    /// 64 means as many as the window takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub most_attempts: Option<u32>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UncheckedLimits {
    window_hours: Option<u16>,
    most_attempts: Option<u32>,
}

/// Retry limits that are out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// The window is out of range.
    #[error("`retry.windowHours` must be 1 to {MAX_WINDOW_HOURS}")]
    Window,
    /// The number of attempts is out of range.
    #[error("`retry.mostAttempts` must be 1 to {MAX_ATTEMPTS}")]
    Attempts,
}

impl TryFrom<UncheckedLimits> for RetryLimits {
    type Error = LimitsError;

    fn try_from(given: UncheckedLimits) -> Result<Self, Self::Error> {
        let UncheckedLimits {
            window_hours,
            most_attempts,
        } = given;
        if window_hours.is_some_and(|hours| !(1..=MAX_WINDOW_HOURS).contains(&hours)) {
            return Err(LimitsError::Window);
        }
        if most_attempts.is_some_and(|most| !(1..=MAX_ATTEMPTS).contains(&most)) {
            return Err(LimitsError::Attempts);
        }
        Ok(Self {
            window_hours,
            most_attempts,
        })
    }
}

/// The decision after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing follows: the delivery is accepted or refused.
    Done,
    /// Another attempt follows.
    Retry {
        /// The earliest time of the next attempt.
        due: Timestamp,
    },
    /// Nothing follows: the window is over or the attempts are used up.
    Exhausted,
}

impl RetryPolicy {
    /// The policy with a destination's own limits, where it has some.
    #[must_use]
    pub fn within(self, limits: RetryLimits) -> Self {
        let hours = limits.window_hours.map(u64::from);
        Self {
            window: hours.map_or(self.window, Duration::from_hours),
            most_attempts: limits.most_attempts.unwrap_or(self.most_attempts),
        }
    }

    /// Whether a delivery with this many attempts gets no further one.
    #[must_use]
    pub const fn is_used_up(&self, attempts: u32) -> bool {
        self.most_attempts < MAX_ATTEMPTS && attempts >= self.most_attempts
    }

    /// The end of the retry window of a delivery that began at `began`.
    #[must_use]
    pub fn end(&self, began: Timestamp) -> Timestamp {
        began.plus(self.window)
    }

    /// Decides what follows attempt number `attempt` (from 1), whose delivery began at
    /// `began_at`. `held_until` is when the destination's circuit breaker lets the next
    /// delivery through, if it is open: the delivery then waits for that with all
    /// others, instead of for a delay of its own. `random` is between 0 and 1.
    #[must_use]
    pub fn decide(
        &self,
        outcome: &Outcome,
        attempt: u32,
        began_at: Timestamp,
        held_until: Option<Timestamp>,
        now: Timestamp,
        random: f64,
    ) -> Decision {
        let (delay, retry_after) = match outcome {
            Outcome::Delivered(_) | Outcome::Refused { .. } => return Decision::Done,
            Outcome::Misconfigured { .. } => (jittered(MISCONFIGURED_DELAY, random), None),
            Outcome::Transient { retry_after, .. } => (delay_after(attempt, random), *retry_after),
        };
        let end = self.end(began_at);
        if self.is_used_up(attempt) || now >= end {
            return Decision::Exhausted;
        }
        let due = held_until.unwrap_or_else(|| now.plus(delay));
        let due = due.max(now.plus(retry_after.unwrap_or_default()));
        // The last attempt is at the end of the window.
        Decision::Retry { due: due.min(end) }
    }
}

/// The delay after attempt number `attempt` (from 1), jittered.
fn delay_after(attempt: u32, random: f64) -> Duration {
    let at = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    let base = DELAYS[at.min(DELAYS.len() - 1)];
    jittered(base, random)
}

fn jittered(delay: Duration, random: f64) -> Duration {
    delay.mul_f64(1.0 - JITTER + 2.0 * JITTER * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
