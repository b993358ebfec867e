//! The adaptive rate limiter of a destination. It spreads deliveries over slots
//! one interval apart: the retry queue brings a deferred delivery back at its
//! scheduled slot, and the sender reserves one before it sends.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::admission::{MAX_CONCURRENCY, MAX_SLOT_WAIT};
use crate::Timestamp;
use crate::outcome::FailureKind;

/// The first interval of a destination that throttles: what the strictest of the
/// common limits allows (Slack: one message a second).
const THROTTLED_INTERVAL: Duration = Duration::from_secs(1);

/// The first interval of a destination that was unavailable, and the shortest of any.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// The longest interval.
const MAX_INTERVAL: Duration = Duration::from_mins(1);

/// How far ahead slots may be reserved before fresh alerts must be scheduled: this
/// long, or one interval if that is longer.
const RESERVE_AHEAD: Duration = Duration::from_secs(2);

/// The time after which half of the interval floor is forgotten.
const FLOOR_HALF_LIFE: Duration = Duration::from_mins(5);

/// Each confirmation of the floor doubles its half-life, up to this many
/// confirmations: 20 minutes.
const MAX_FLOOR_CONFIRMATIONS: u32 = 3;

/// The rate limiter of a destination that throttles or has deferred deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateLimiter {
    /// The end of the schedule: the first slot that no deferred delivery has.
    #[serde(rename = "end")]
    pub backlog_end: Timestamp,
    /// Milliseconds between two slots.
    pub interval_ms: u64,
    /// When the last delivery was accepted.
    #[serde(rename = "takenAt", default, skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<Timestamp>,
    /// The first slot that no sender has reserved. The schedule alone is not
    /// enough: the retry queue keeps it to the second only.
    #[serde(rename = "turn", default, skip_serializing_if = "Option::is_none")]
    pub next_slot: Option<Timestamp>,
    /// An interval, in milliseconds, that was proved too short: the time between an
    /// accepted delivery and a throttled one.
    #[serde(rename = "tooShortMs", default)]
    pub interval_floor_ms: u64,
    /// When that was proved last.
    #[serde(
        rename = "tooShortAt",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub interval_floor_at: Option<Timestamp>,
    /// How often that was proved.
    #[serde(rename = "tooShortTimes", default)]
    pub interval_floor_confirmations: u32,
    /// How many deliveries may share a slot.
    #[serde(rename = "step")]
    pub slot_size: SlotSize,
}

/// How many deliveries may be sent in one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SlotSize {
    /// One: the destination throttles.
    Single,
    /// As many as have their slots within one second: the destination was unavailable.
    #[serde(rename = "groups")]
    Burst,
}

impl RateLimiter {
    /// The limiter of a destination that was unavailable.
    pub(super) const fn after_outage(now: Timestamp) -> Self {
        Self {
            backlog_end: now,
            interval_ms: MIN_INTERVAL.as_millis() as u64,
            last_success_at: None,
            next_slot: None,
            interval_floor_ms: 0,
            interval_floor_at: None,
            interval_floor_confirmations: 0,
            slot_size: SlotSize::Burst,
        }
    }

    /// The limiter of a destination whose circuit breaker tripped: for this cause,
    /// for the `trips`-th time in a row.
    pub(super) fn on_trip(
        current: Option<Self>,
        cause: FailureKind,
        trips: u32,
        now: Timestamp,
    ) -> Self {
        match (current, cause) {
            // From the third trip in a row it is not about the rate any more.
            (Some(limiter), FailureKind::Throttled) if trips <= 2 => {
                limiter.on_throttled(trips, now)
            }
            (Some(limiter), _) => limiter,
            (None, FailureKind::Throttled) => Self {
                slot_size: SlotSize::Single,
                interval_ms: THROTTLED_INTERVAL.as_millis() as u64,
                ..Self::after_outage(now)
            },
            (None, _) => Self::after_outage(now),
        }
    }

    /// The time between two slots.
    #[must_use]
    pub const fn interval(self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// Raises the interval to one and a half times the gap after which the
    /// destination throttled, and at most to double. The response to a probe
    /// (`trips` > 1) does not raise the floor: the destination may have reached
    /// its daily quota.
    fn on_throttled(self, trips: u32, now: Timestamp) -> Self {
        let gap = self
            .last_success_at
            .map_or(0, |at| now.since(at).as_millis() as u64);
        let longest = MAX_INTERVAL.as_millis() as u64;
        let wanted = (gap + gap / 2).min(self.interval_ms * 2);
        Self {
            slot_size: SlotSize::Single,
            interval_ms: self.interval_ms.max(wanted).min(longest),
            interval_floor_ms: if trips == 1 {
                self.interval_floor(now).max(gap.min(self.interval_ms))
            } else {
                self.interval_floor_ms
            },
            interval_floor_at: Some(now),
            interval_floor_confirmations: self.interval_floor_confirmations.saturating_add(1),
            ..self
        }
    }

    /// The floor that is still believed, in milliseconds. Limits change, so half of
    /// it is forgotten every five minutes, and more slowly each time it is confirmed.
    fn interval_floor(self, now: Timestamp) -> u64 {
        let age = self
            .interval_floor_at
            .map_or(Duration::ZERO, |at| now.since(at));
        let confirmations = self
            .interval_floor_confirmations
            .clamp(1, MAX_FLOOR_CONFIRMATIONS);
        let half_life = FLOOR_HALF_LIFE.as_secs() << (confirmations - 1);
        let halvings = (age.as_secs() / half_life).min(63);
        let rest = age.as_secs() % half_life;
        let halved = self.interval_floor_ms >> halvings;
        halved - halved * rest / (2 * half_life)
    }

    /// Shortens the interval by a twentieth, but keeps it a tenth above the floor.
    pub(super) fn on_success(self, now: Timestamp) -> Self {
        let shortest = MIN_INTERVAL.as_millis() as u64;
        let floor = self.interval_floor(now);
        let safe = floor + floor / 10;
        Self {
            interval_ms: (self.interval_ms * 19 / 20)
                .max(shortest)
                .max(safe.min(self.interval_ms)),
            last_success_at: Some(now),
            ..self
        }
    }

    /// Whether deferred deliveries use all the slots within reach.
    pub(super) fn is_saturated(self, now: Timestamp) -> bool {
        let reach = now.plus(self.interval().clamp(RESERVE_AHEAD, MAX_SLOT_WAIT));
        self.backlog_end > now && self.next_slot.is_none_or(|slot| slot > reach)
    }

    /// The slot `count` slots after `start`.
    pub(super) fn slot_after(self, start: Timestamp, count: usize) -> Timestamp {
        start.plus(self.interval().saturating_mul(count as u32))
    }

    /// How many deliveries may be sent in one slot.
    pub(super) fn per_slot(self) -> usize {
        match self.slot_size {
            SlotSize::Single => 1,
            SlotSize::Burst => usize::try_from(1_000 / self.interval_ms.max(1))
                .unwrap_or(MAX_CONCURRENCY)
                .clamp(1, MAX_CONCURRENCY),
        }
    }
}
