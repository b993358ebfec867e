//! The line of deliveries that wait for a destination which takes them one after
//! the other: places for the retry queue, turns for whoever has come back.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pause::Pause;
use super::{LONGEST_WAIT, TOGETHER};
use crate::Timestamp;
use crate::outcome::FailureKind;

/// Between two deliveries to a destination that throttles, to begin with: what
/// the strictest of the common limits allows (Slack: one message a second).
const THROTTLED_INTERVAL: Duration = Duration::from_secs(1);

/// Between two deliveries to one that was away.
const RETURNING_INTERVAL: Duration = Duration::from_millis(100);

/// Turns that may be taken in advance before fresh alerts must stand in line: this
/// long, or the next one.
const SLACK: Duration = Duration::from_secs(2);

/// How long it takes to forget half of an interval that was proved too short.
const HALF_LIFE: Duration = Duration::from_mins(5);

/// Each time that it is proved again this doubles, to 20 minutes at most.
const SLOWEST_TO_FORGET: u32 = 3;

/// The longest interval.
const LONGEST_INTERVAL: Duration = Duration::from_mins(1);

/// Deliveries that wait for their turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The first moment that nobody has taken yet.
    pub end: Timestamp,
    /// Milliseconds between two turns.
    pub interval_ms: u64,
    /// When the last one arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
    /// The first turn that is still to be had: places in line are for the retry
    /// queue, which keeps them to the second only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<Timestamp>,
    /// Milliseconds after one that arrived, after which the next was throttled.
    #[serde(default)]
    pub too_short_ms: u64,
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_short_at: Option<Timestamp>,
    /// How often that was found out.
    #[serde(default)]
    pub too_short_times: u32,
    /// Whether turns may be taken together.
    pub step: Step,
}

/// How a line moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// One by one: the destination throttles.
    Single,
    /// As many at once as have their turns within a second: it was away.
    Groups,
}

impl Line {
    /// The line of a destination that was away.
    pub(super) const fn starting(now: Timestamp) -> Self {
        Self {
            end: now,
            interval_ms: RETURNING_INTERVAL.as_millis() as u64,
            taken_at: None,
            turn: None,
            too_short_ms: 0,
            too_short_at: None,
            too_short_times: 0,
            step: Step::Groups,
        }
    }

    /// The line of a destination that is paused now.
    pub(super) fn at_pause(before: Option<Self>, pause: Pause, now: Timestamp) -> Self {
        match (before, pause.cause) {
            // Later in a row it is no matter of pace any more.
            (Some(line), FailureKind::Throttled) if pause.number <= 2 => {
                line.slower(pause.number, now)
            }
            (Some(line), _) => line,
            (None, FailureKind::Throttled) => Self {
                step: Step::Single,
                interval_ms: THROTTLED_INTERVAL.as_millis() as u64,
                ..Self::starting(now)
            },
            (None, _) => Self::starting(now),
        }
    }

    /// Between two turns.
    #[must_use]
    pub const fn interval(self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// What is throttled this long after the last that was taken wants more time
    /// than that. Of a probe's answer only a little is believed: the destination
    /// may have had enough for the day.
    fn slower(self, pause: u32, now: Timestamp) -> Self {
        let gap = self
            .taken_at
            .map_or(0, |at| now.since(at).as_millis() as u64);
        let longest = LONGEST_INTERVAL.as_millis() as u64;
        let wanted = (gap + gap / 2).min(self.interval_ms * 2);
        Self {
            step: Step::Single,
            interval_ms: self.interval_ms.max(wanted).min(longest),
            too_short_ms: if pause == 1 {
                self.proved_too_short(now).max(gap.min(self.interval_ms))
            } else {
                self.too_short_ms
            },
            too_short_at: Some(now),
            too_short_times: self.too_short_times.saturating_add(1),
            ..self
        }
    }

    /// What is known to be too short. Limits change, so half of it is forgotten
    /// every five minutes, and more slowly each time that it is found out again.
    fn proved_too_short(self, now: Timestamp) -> u64 {
        let age = self.too_short_at.map_or(Duration::ZERO, |at| now.since(at));
        let times = self.too_short_times.clamp(1, SLOWEST_TO_FORGET);
        let half_life = HALF_LIFE.as_secs() << (times - 1);
        let halvings = (age.as_secs() / half_life).min(63);
        let rest = age.as_secs() % half_life;
        let halved = self.too_short_ms >> halvings;
        halved - halved * rest / (2 * half_life)
    }

    /// A twentieth quicker, but not as quick as was proved too quick.
    pub(super) fn quicker(self, now: Timestamp) -> Self {
        let shortest = RETURNING_INTERVAL.as_millis() as u64;
        let too_short = self.proved_too_short(now);
        let proved = too_short + too_short / 10;
        Self {
            interval_ms: (self.interval_ms * 19 / 20)
                .max(shortest)
                .max(proved.min(self.interval_ms)),
            taken_at: Some(now),
            ..self
        }
    }

    /// Whether those who stand in it take all the turns there are.
    pub(super) fn is_busy(self, now: Timestamp) -> bool {
        let slack = now.plus(self.interval().clamp(SLACK, LONGEST_WAIT));
        self.end > now && self.turn.is_none_or(|turn| turn > slack)
    }

    /// The moment `count` turns after `start`.
    pub(super) fn after(self, start: Timestamp, count: usize) -> Timestamp {
        start.plus(self.interval().saturating_mul(count as u32))
    }

    /// How many have their turn at once.
    pub(super) fn together(self) -> usize {
        match self.step {
            Step::Single => 1,
            Step::Groups => usize::try_from(1_000 / self.interval_ms.max(1))
                .unwrap_or(TOGETHER)
                .clamp(1, TOGETHER),
        }
    }
}
