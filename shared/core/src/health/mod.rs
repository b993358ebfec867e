//! The health of a destination: whether it takes deliveries at all, and how fast.
//!
//! All senders of a destination share one [`Health`]. It is advice, not truth:
//! what it costs when two of them read it a moment apart is a request too many,
//! never a delivery. Everything here is pure; the ledger keeps the value and
//! swaps it for the next only if nobody else did.
//!
//! ## Pausing
//!
//! ```text
//!            trouble                      the pause is over: one may try
//!   open ───────────────► paused ────────────────────────────► probing
//!    ▲                      ▲                                    │   │
//!    │                      └──────────── trouble, longer ───────┘   │
//!    └────────────────────────────────── delivered ──────────────────┘
//! ```
//!
//! A destination that throttles or cannot be reached is paused at once. One that
//! is silent or answers with errors of its own is paused after [`PATIENCE`] such
//! deliveries in a row: different ones, since a message that its receiver cannot
//! digest fails as often as it is sent, and must not shut out all others. While a
//! destination is paused nothing is sent to it and no delivery uses up an attempt.
//! When the pause is over, one delivery probes it; the others wait for what that
//! finds. Whatever is answered, even a refusal, ends the pause.
//!
//! ## Queueing
//!
//! What must wait gets a place in line ([`Health::queue`]): moments one interval
//! apart, [`HORIZON`] ahead at most, so that ten thousand deliveries come back one
//! after the other and not all together, to be turned away again. The interval
//! grows as far as the answers prove it too short, and shrinks with every delivery
//! that is taken. The retry queue keeps such moments to the second only and hands out ten messages at a
//! time, so whoever comes back takes a turn ([`Health::take_turns`]) and waits for it.
//! Fresh alerts queue up behind the line as long as it uses up the turns there are;
//! HIGH and CRITICAL ones take a turn at once.

mod line;
#[cfg(test)]
mod outage;
mod pause;
mod sign;
#[cfg(test)]
mod tests;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::alert::Severity;
use crate::outcome::{Failure, FailureKind};
use pause::{Made, Trouble};

pub use line::{Line, Step};
pub use pause::{LONGEST_PAUSE, Pause, Stage};
pub use sign::{Evidence, Sign};

/// Answers that are the destination's own trouble, in a row, until it is paused:
/// a single one may be about a single message.
pub const PATIENCE: u32 = 3;

/// The furthest place in line: a destination that turns out quicker than its line
/// is used to the full after this long at the latest.
pub const HORIZON: Duration = Duration::from_mins(30);

/// After this long without an arrival it is reported, without waiting for the first
/// delivery that is given up.
const LONG_FAILING: Duration = Duration::from_mins(15);

/// Between two reports about one destination.
const REPORT_INTERVAL: Duration = Duration::from_hours(1);

/// How long a sender waits for a delivery's turn; what is further off goes back
/// to the retry queue.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How long it waits for a grave one's: longer, so that others cannot have taken all
/// the turns within reach, and short enough for the attempt after it.
const LONGEST_GRAVE_WAIT: Duration = Duration::from_secs(22);

/// Deliveries to one destination that are attempted together.
pub const TOGETHER: usize = 25;

/// How a destination fares. The default is one that nothing is wrong with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Health {
    /// Since when no delivery has arrived; `None` when the last one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// Failures since then.
    pub failures: u32,
    /// Those that say something against the destination, since anything was answered.
    pub in_a_row: u32,
    /// What the last of them was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Failure>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure_at: Option<Timestamp>,
    /// Set while nothing is to be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<Pause>,
    /// Set while deliveries stand in line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<Line>,
    /// When it was last reported that the destination takes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Timestamp>,
    /// When it was last reported that it refuses messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal_reported_at: Option<Timestamp>,
}

/// What is to be reported of a destination, at most once an hour each: whoever can
/// have a message refused must not silence the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// It takes nothing.
    Destination,
    /// It refused a message.
    Message,
}

impl Complaint {
    /// What a failure is a complaint about.
    #[must_use]
    pub const fn about(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Refused | FailureKind::NotUnderstood => Self::Message,
            _ => Self::Destination,
        }
    }
}

/// Whether deliveries may be attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// All.
    Open,
    /// One after the other: take [`Health::take_turns`] first.
    InTurn,
    /// One, if nobody else does: take [`Health::probing`] first.
    Probe,
    /// None.
    Closed,
}

/// Whether a delivery has waited already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// It comes straight from its alert.
    #[default]
    Fresh,
    /// It comes from the retry queue.
    #[serde(rename = "returned")]
    Retry,
}

/// Who goes first where there is a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// It has stood in line: it is its turn.
    Returned,
    /// It is fresh, and HIGH or CRITICAL: it does not stand in line.
    Grave,
    /// It is fresh: who stands in line goes first.
    Fresh,
}

impl Rank {
    /// How long a sender waits for the turn of a delivery of this rank.
    #[must_use]
    pub const fn longest_wait(self) -> Duration {
        match self {
            Self::Grave => LONGEST_GRAVE_WAIT,
            Self::Returned | Self::Fresh => LONGEST_WAIT,
        }
    }

    /// The rank of a delivery.
    #[must_use]
    pub const fn of(origin: Origin, severity: Severity) -> Self {
        match (origin, severity) {
            (Origin::Retry, _) => Self::Returned,
            (Origin::Fresh, Severity::High | Severity::Critical) => Self::Grave,
            (Origin::Fresh, _) => Self::Fresh,
        }
    }
}

impl Health {
    /// Whether deliveries of this rank may be attempted.
    #[must_use]
    pub fn admission(&self, rank: Rank, now: Timestamp) -> Admission {
        match (self.pause, self.line) {
            (Some(pause), _) if pause.until > now => pause.exception(rank, now),
            (_, Some(line)) if rank == Rank::Fresh && line.is_busy(now) => Admission::Closed,
            (Some(_), _) => Admission::Probe,
            (None, Some(_)) => Admission::InTurn,
            (None, None) => Admission::Open,
        }
    }

    /// Takes the next turns in line for deliveries that are there together: the
    /// moment, and how many of `count` may be attempted then.
    #[must_use]
    pub fn take_turns(&self, count: usize, now: Timestamp) -> (Self, Timestamp, usize) {
        let Some(line) = self.line else {
            return (self.clone(), now, count);
        };
        let together = line.together().min(count);
        let start = line.turn.map_or(now, |turn| turn.max(now));
        let line = Line {
            turn: Some(line.after(start, together)),
            ..line
        };
        let next = Self {
            line: Some(line),
            ..self.clone()
        };
        (next, start, together)
    }

    /// The same with a probe under way: the others wait for what it finds.
    #[must_use]
    pub fn probing(&self, now: Timestamp) -> Self {
        let pause = self.pause.map(|pause| pause.probed(now));
        // A probe that arrives has had its turn.
        let line = self.line.map(|line| Line {
            turn: Some(line.after(now, 1)),
            ..line
        });
        Self {
            pause,
            line,
            ..self.clone()
        }
    }

    /// The same where a probe found nothing out: the next one may try.
    #[must_use]
    pub fn unprobed(&self, now: Timestamp) -> Self {
        let pause = self.pause.map(|pause| pause.unprobed(now));
        Self {
            pause,
            ..self.clone()
        }
    }

    /// The same after attempts that gave these signs.
    #[must_use]
    pub fn after(&self, signs: &[Sign], now: Timestamp) -> Self {
        let mut next = self.clone();
        let was_probing = next
            .pause
            .is_some_and(|pause| pause.stage == Stage::Probing);
        if signs.iter().any(|sign| !sign.is_trouble()) {
            next.take_answer(now);
        }
        if signs.contains(&Sign::Well) {
            next.take_well(now);
        }
        let mut worst = None;
        for sign in signs {
            match sign {
                Sign::Well | Sign::Answering => {}
                Sign::Broken(failure) => next.take_failure(failure, now),
                Sign::Trouble {
                    failure,
                    retry_after,
                    evidence,
                } => {
                    next.take_failure(failure, now);
                    if *evidence == Evidence::First || failure.kind.pauses_at_once() {
                        next.in_a_row = next.in_a_row.saturating_add(1);
                    }
                    worst = Some(Trouble::worse(
                        worst,
                        Trouble {
                            kind: failure.kind,
                            wish: retry_after.unwrap_or_default(),
                            evidence: *evidence,
                        },
                    ));
                }
            }
        }
        if let Some(trouble) = worst {
            let proved =
                next.in_a_row >= PATIENCE && (was_probing || trouble.evidence == Evidence::First);
            if trouble.kind.pauses_at_once() || proved {
                next.pause_for(trouble, now);
            }
        }
        next
    }

    /// The same after attempts that gave these signs; and where that pauses the
    /// destination, a place in line for each delivery that met trouble. `random`
    /// is between 0 and 1, each time anew.
    #[must_use]
    pub fn observe(
        &self,
        signs: &[Sign],
        now: Timestamp,
        random: impl Fn() -> f64,
    ) -> (Self, Vec<Timestamp>) {
        let next = self.after(signs, now);
        let troubled = signs.iter().filter(|sign| sign.is_trouble()).count();
        if next.pause.is_none() || troubled == 0 {
            return (next, Vec::new());
        }
        next.queue(troubled, now, random)
    }

    /// Gives `count` deliveries their places in line. Those beyond the horizon
    /// come back some time before it, to look again.
    #[must_use]
    pub fn queue(
        &self,
        count: usize,
        now: Timestamp,
        random: impl Fn() -> f64,
    ) -> (Self, Vec<Timestamp>) {
        let line = self.line.unwrap_or(Line::starting(now));
        let open = self.pause.map_or(now, |pause| pause.until.max(now));
        let horizon = open.plus(HORIZON);
        let start = line.end.max(open);
        let place = |at: usize| {
            let place = line.after(start, at);
            if place < horizon {
                place
            } else {
                open.plus(HORIZON.mul_f64(0.5 + random().clamp(0.0, 1.0) / 2.0))
            }
        };
        let places = (0..count).map(place).collect();
        let line = Line {
            end: line.after(start, count).min(horizon),
            ..line
        };
        let next = Self {
            line: Some(line),
            ..self.clone()
        };
        (next, places)
    }

    /// The same with this complaint made; `None` when it was made within the hour.
    #[must_use]
    pub fn report(&self, complaint: Complaint, now: Timestamp) -> Option<Self> {
        let mut next = self.clone();
        let reported_at = match complaint {
            Complaint::Destination => &mut next.reported_at,
            Complaint::Message => &mut next.refusal_reported_at,
        };
        let due = reported_at.is_none_or(|at| now.since(at) >= REPORT_INTERVAL);
        *reported_at = Some(now);
        due.then_some(next)
    }

    /// Whether nothing has arrived for so long that a person should know, although
    /// deliveries are still being tried.
    #[must_use]
    pub fn is_long_failing(&self, now: Timestamp) -> bool {
        self.failing_since
            .is_some_and(|since| now.since(since) >= LONG_FAILING)
    }

    /// Whether there is nothing that a delivery which arrives would change.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.failing_since.is_none() && self.pause.is_none() && self.line.is_none()
    }

    /// Something was answered. Stragglers of before a pause say nothing about its end.
    fn take_answer(&mut self, now: Timestamp) {
        self.in_a_row = 0;
        self.pause = self.pause.filter(|pause| !pause.ends(now));
        self.line = self.line.filter(|line| line.end > now);
    }

    fn take_well(&mut self, now: Timestamp) {
        self.failing_since = None;
        self.failures = 0;
        self.line = self.line.map(|line| line.quicker(now));
    }

    fn take_failure(&mut self, failure: &Failure, now: Timestamp) {
        self.failing_since.get_or_insert(now);
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some(failure.clone());
        self.last_failure_at = Some(now);
    }

    fn pause_for(&mut self, trouble: Trouble, now: Timestamp) {
        match Pause::after(self.pause, trouble, self.line, now) {
            Made::Same(pause) => self.pause = Some(pause),
            Made::New(pause) => {
                self.pause = Some(pause);
                self.line = Some(Line::at_pause(self.line, pause, now));
            }
        }
    }
}
