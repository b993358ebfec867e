//! A pause of a destination: how long, and who may end it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::line::Line;
use super::{Admission, Evidence, Rank};
use crate::Timestamp;
use crate::outcome::FailureKind;

/// The first pause; each in a row is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause that is not the provider's own wish: so a destination that
/// is back gets its alerts after this long at the latest.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// The longest pause after a probe that had failed before and may be to blame
/// itself, as its number in a row: 40 s.
const MOST_AGAIN: u32 = 4;

/// Between two fresh alerts that probe during a pause.
const FRESH_PROBES: Duration = Duration::from_secs(30);

/// How long a probe may take before another is made: longer than the longest attempt.
const PROBE: Duration = Duration::from_secs(30);

/// A pause of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    /// Nothing is sent before.
    pub until: Timestamp,
    /// The how-manieth in a row, from 1.
    pub number: u32,
    /// Whether somebody is trying.
    pub stage: Stage,
    /// What kind of trouble it is.
    pub cause: FailureKind,
    /// When a delivery was last attempted.
    pub tried_at: Timestamp,
}

/// How far a pause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Nobody tries.
    Waiting,
    /// One delivery tries; the pause lasts until that must have ended.
    Probing,
}

impl Pause {
    /// The pause that trouble makes, after the one there is.
    pub(super) fn after(
        before: Option<Self>,
        trouble: Trouble,
        line: Option<Line>,
        now: Timestamp,
    ) -> Made {
        let number = match before {
            // A straggler of the same trouble: it lasts as long as it lasts.
            Some(pause) if pause.stage == Stage::Waiting && pause.until > now => {
                return Made::Same(Self {
                    until: pause.until.max(now.plus(trouble.wish)),
                    ..pause
                });
            }
            Some(pause) => pause.number.saturating_add(1),
            None => 1,
        };
        let number = match trouble.evidence {
            Evidence::Again if !trouble.kind.pauses_at_once() => number.min(MOST_AGAIN),
            _ => number,
        };
        let length = match line {
            // The line goes a little too fast: no more than a stumble.
            Some(line) if number == 1 && trouble.kind == FailureKind::Throttled => {
                (line.interval() * 2).min(FIRST_PAUSE)
            }
            _ => pause_number(number),
        };
        Made::New(Self {
            until: now.plus(length.max(trouble.wish)),
            number,
            stage: Stage::Waiting,
            cause: trouble.kind,
            tried_at: now,
        })
    }

    /// The same with a probe under way.
    pub(super) fn probed(self, now: Timestamp) -> Self {
        Self {
            until: now.plus(PROBE),
            stage: Stage::Probing,
            tried_at: now,
            ..self
        }
    }

    /// The same where a probe found nothing out.
    pub(super) fn unprobed(self, now: Timestamp) -> Self {
        match self.stage {
            Stage::Probing => Self {
                until: now,
                stage: Stage::Waiting,
                ..self
            },
            Stage::Waiting => self,
        }
    }

    /// Whether an answer that comes now ends it: that of a straggler does not.
    pub(super) fn ends(self, now: Timestamp) -> bool {
        self.stage == Stage::Probing || self.until <= now
    }

    /// Silence and errors may be about messages, even about many: so a fresh alert
    /// may probe during the pause, when nobody has for a while.
    pub(super) fn exception(self, rank: Rank, now: Timestamp) -> Admission {
        let fresh = rank != Rank::Returned;
        let overdue = now.since(self.tried_at) >= FRESH_PROBES;
        if fresh && overdue && !self.cause.pauses_at_once() {
            Admission::Probe
        } else {
            Admission::Closed
        }
    }
}

/// What trouble does to a pause.
pub(super) enum Made {
    /// It is another one.
    New(Pause),
    /// It is the one there was, perhaps longer.
    Same(Pause),
}

/// What several troubled deliveries come to.
#[derive(Clone, Copy)]
pub(super) struct Trouble {
    pub(super) kind: FailureKind,
    pub(super) wish: Duration,
    pub(super) evidence: Evidence,
}

impl Trouble {
    /// Throttling says how fast to go on, so it is heard above other trouble.
    pub(super) fn worse(before: Option<Self>, other: Self) -> Self {
        let Some(one) = before else { return other };
        let keeps = one.kind == FailureKind::Throttled
            || (one.kind.pauses_at_once() && other.kind != FailureKind::Throttled);
        Self {
            kind: if keeps { one.kind } else { other.kind },
            wish: one.wish.max(other.wish),
            evidence: match (one.evidence, other.evidence) {
                (Evidence::Again, Evidence::Again) => Evidence::Again,
                _ => Evidence::First,
            },
        }
    }
}

/// The length of the pause of this number, from 1.
fn pause_number(number: u32) -> Duration {
    let doubled = 2u32.saturating_pow(number.saturating_sub(1));
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}
