//! When a failed attempt is repeated, and when that ends.
//!
//! One layer retries: this one. The HTTP client does not, and nothing around a
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

/// Delays vary by this share in either direction, so that what failed together
/// does not come back together.
const JITTER: f64 = 0.2;

/// How long and how often deliveries are repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// No attempt starts later than this after the first.
    pub window: Duration,
    /// No delivery has more attempts than this, whatever the clock says.
    pub most_attempts: u32,
}

impl Default for RetryPolicy {
    /// 24 hours, and enough attempts for the longest window that the template
    /// takes: 168 hours are 51 attempts.
    fn default() -> Self {
        Self {
            window: Duration::from_hours(24),
            most_attempts: MOST_ATTEMPTS,
        }
    }
}

/// The longest window that a destination may ask for, hours: as long as the
/// template's own parameter allows, so that the ledger still has the alert.
const LONGEST_WINDOW: u16 = 168;

/// The most attempts that a destination may ask for: as many as the longest
/// window takes.
const MOST_ATTEMPTS: u32 = 64;

/// A destination's own bounds in place of the stack's.
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
    /// No delivery has more attempts than this: 1 to 64. With 1, nothing is repeated.
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

/// Bounds that no destination may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// The window is none.
    #[error("`retry.windowHours` must be 1 to {LONGEST_WINDOW}")]
    Window,
    /// The number of attempts is none.
    #[error("`retry.mostAttempts` must be 1 to {MOST_ATTEMPTS}")]
    Attempts,
}

impl TryFrom<UncheckedLimits> for RetryLimits {
    type Error = LimitsError;

    fn try_from(given: UncheckedLimits) -> Result<Self, Self::Error> {
        let UncheckedLimits {
            window_hours,
            most_attempts,
        } = given;
        if window_hours.is_some_and(|hours| !(1..=LONGEST_WINDOW).contains(&hours)) {
            return Err(LimitsError::Window);
        }
        if most_attempts.is_some_and(|most| !(1..=MOST_ATTEMPTS).contains(&most)) {
            return Err(LimitsError::Attempts);
        }
        Ok(Self {
            window_hours,
            most_attempts,
        })
    }
}

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: it is delivered, or refused for good.
    Done,
    /// Another attempt at this time.
    Retry {
        /// When.
        due: Timestamp,
    },
    /// Nothing: the window or the number of attempts is used up.
    Exhausted,
}

impl RetryPolicy {
    /// The same with a destination's own bounds, where it has some.
    #[must_use]
    pub fn within(self, limits: RetryLimits) -> Self {
        let hours = limits.window_hours.map(u64::from);
        Self {
            window: hours.map_or(self.window, Duration::from_hours),
            most_attempts: limits.most_attempts.unwrap_or(self.most_attempts),
        }
    }

    /// When a delivery that began at `began` is given up at the latest.
    #[must_use]
    pub fn end(&self, began: Timestamp) -> Timestamp {
        began.plus(self.window)
    }

    /// When a delivery that is scheduled for `slot` is looked at again: not later
    /// than the end of its window, so that it is exhausted in time.
    #[must_use]
    pub fn defer_until(&self, began_at: Timestamp, slot: Timestamp) -> Timestamp {
        slot.min(self.end(began_at))
    }

    /// The decision for a delivery whose destination's breaker is open: the same,
    /// but no retry before the delivery's slot.
    #[must_use]
    pub fn not_before(
        &self,
        decision: Decision,
        began_at: Timestamp,
        slot: Option<Timestamp>,
    ) -> Decision {
        match (decision, slot) {
            (Decision::Retry { due }, Some(slot)) => Decision::Retry {
                due: due.max(self.defer_until(began_at, slot)),
            },
            (decision, _) => decision,
        }
    }

    /// Decides what follows attempt number `attempt` (from 1), whose delivery
    /// began at `began_at`. `random` is between 0 and 1.
    #[must_use]
    pub fn decide(
        &self,
        outcome: &Outcome,
        attempt: u32,
        began_at: Timestamp,
        now: Timestamp,
        random: f64,
    ) -> Decision {
        let Outcome::Transient { retry_after, .. } = outcome else {
            return Decision::Done;
        };
        if attempt >= self.most_attempts {
            return Decision::Exhausted;
        }
        let own = delay_after(attempt, random);
        let wait = own.max(retry_after.unwrap_or_default());
        let due = now.plus(wait);
        let end = self.end(began_at);
        if due <= end {
            return Decision::Retry { due };
        }
        // One last attempt at the end of the window, unless this was it.
        let last = now.plus(retry_after.unwrap_or_default()).max(end);
        if now < end && last <= end {
            Decision::Retry { due: last }
        } else {
            Decision::Exhausted
        }
    }
}

/// The delay after attempt number `attempt` (from 1), jittered.
fn delay_after(attempt: u32, random: f64) -> Duration {
    let at = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    let base = DELAYS[at.min(DELAYS.len() - 1)];
    base.mul_f64(1.0 - JITTER + 2.0 * JITTER * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Failure, FailureKind, Receipt};
    use proptest::prelude::*;

    fn transient(retry_after: Option<u64>) -> Outcome {
        Outcome::Transient {
            failure: Failure::new(FailureKind::Unavailable, "down"),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    fn start() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    /// Runs a delivery to a destination that never recovers; the times of its attempts in seconds.
    fn outage(policy: RetryPolicy, outcome: &Outcome, mut random: impl FnMut() -> f64) -> Vec<u64> {
        let mut now = start();
        let mut times = vec![0];
        for attempt in 1.. {
            match policy.decide(outcome, attempt, start(), now, random()) {
                Decision::Retry { due } => {
                    now = due;
                    times.push(now.since(start()).as_secs());
                }
                Decision::Exhausted => break,
                Decision::Done => unreachable!("a transient outcome is never done"),
            }
        }
        times
    }

    #[test]
    fn a_day_long_outage_in_figures() {
        let times = outage(RetryPolicy::default(), &transient(None), || 0.5);
        let minute = 60;
        assert_eq!(
            times,
            [
                0,
                5,
                35,
                155,
                455,
                1055,
                1955,
                3755,
                7355,
                14_555,
                28_955,
                43_355,
                57_755,
                72_155,
                24 * 60 * minute
            ]
        );
    }

    #[test]
    fn success_and_refusal_are_never_repeated() {
        let policy = RetryPolicy::default();
        let done = Outcome::Delivered(Receipt::default());
        let refused = Outcome::permanent(Failure::new(FailureKind::Refused, "no"));
        for outcome in [done, refused] {
            assert_eq!(
                policy.decide(&outcome, 1, start(), start(), 0.5),
                Decision::Done
            );
        }
    }

    #[test]
    fn a_providers_wish_is_a_lower_bound() {
        let policy = RetryPolicy::default();
        let wait =
            |retry_after| match policy.decide(&transient(retry_after), 1, start(), start(), 0.5) {
                Decision::Retry { due } => due.since(start()).as_secs(),
                other => panic!("{other:?}"),
            };
        assert_eq!(wait(Some(100)), 100);
        assert_eq!(wait(Some(1)), 5);
        assert_eq!(wait(None), 5);
    }

    #[test]
    fn a_destinations_own_bounds_take_the_place_of_the_stacks() {
        let read = |json: &str| serde_json::from_str::<RetryLimits>(json);
        let own = read(r#"{"mostAttempts": 1}"#).unwrap();
        let policy = RetryPolicy::default().within(own);
        assert_eq!(policy.window, Duration::from_hours(24));
        assert_eq!(
            policy.decide(&transient(None), 1, start(), start(), 0.5),
            Decision::Exhausted
        );
        let own = read(r#"{"windowHours": 2}"#).unwrap();
        let times = outage(RetryPolicy::default().within(own), &transient(None), || 0.5);
        assert_eq!(times.last(), Some(&7200));
        for (json, field) in [
            (r#"{"windowHours": 0}"#, "windowHours"),
            (r#"{"windowHours": 169}"#, "windowHours"),
            (r#"{"mostAttempts": 0}"#, "mostAttempts"),
            (r#"{"mostAttempts": 65}"#, "mostAttempts"),
            (r#"{"most": 3}"#, "most"),
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
    }

    proptest! {
        #[test]
        fn every_outage_ends_within_its_bounds(
            hours in 1u64..100, most in 1u32..30, randoms in prop::collection::vec(0.0f64..1.0, 1..8),
            retry_after in prop::option::of(0u64..3600),
        ) {
            let policy = RetryPolicy { window: Duration::from_secs(hours * 3600), most_attempts: most };
            let mut turn = randoms.iter().cycle().copied();
            let times = outage(policy, &transient(retry_after), || turn.next().unwrap());
            prop_assert!(times.len() <= most as usize);
            prop_assert!(*times.last().unwrap() <= hours * 3600);
            for pair in times.windows(2) {
                prop_assert!(pair[1] - pair[0] >= retry_after.unwrap_or(0));
            }
        }

        #[test]
        fn jitter_stays_within_a_fifth(attempt in 0u32..40, random in 0.0f64..=1.0) {
            let base = delay_after(attempt, 0.5).as_secs_f64();
            let delay = delay_after(attempt, random).as_secs_f64();
            prop_assert!((delay / base - 1.0).abs() <= 0.2 + 1e-9);
        }
    }
}
