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
//! A destination that throttles or cannot be reached is paused at once, one that
//! answers with errors of its own after [`PATIENCE`] of them in a row. While it
//! is paused nothing is sent to it and no delivery uses up an attempt. When the
//! pause is over, one delivery probes it; the others wait for what that finds.
//!
//! ## Queueing
//!
//! What must wait gets a place in line ([`Health::queue`]): moments one interval
//! apart, so that ten thousand deliveries come back one after the other and not
//! all together, to be turned away again. The interval grows as far as the answers
//! prove it too short, and shrinks with every delivery that is taken.

#[cfg(test)]
mod outage;
#[cfg(test)]
mod tests;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::outcome::{Failure, FailureKind, Outcome};

/// Answers that are the destination's own trouble, in a row, until it is paused:
/// a single one may be about a single message.
pub const PATIENCE: u32 = 3;

/// The first pause; each in a row is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause that is not the provider's own wish: so a destination that
/// is back gets its alerts after this long at the latest.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// How long a probe may take before another is made: longer than the longest attempt.
const PROBE: Duration = Duration::from_secs(30);

/// Between two deliveries to a destination that throttles, to begin with: what
/// the strictest of the common limits allows (Slack: one message a second).
const THROTTLED_INTERVAL: Duration = Duration::from_secs(1);

/// Between two deliveries to one that was away.
const RETURNING_INTERVAL: Duration = Duration::from_millis(100);

/// The longest interval.
const LONGEST_INTERVAL: Duration = Duration::from_mins(1);

/// Between two reports that deliveries to one destination end badly.
const REPORT_INTERVAL: Duration = Duration::from_hours(1);

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
    /// When it was last reported that deliveries end badly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Timestamp>,
}

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
}

/// Whether deliveries may be attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// So many at once.
    Open(usize),
    /// One, if nobody else does: take [`Health::probing`] first.
    Probe,
    /// None.
    Closed,
}

/// Whether a delivery has waited already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Arrival {
    /// It comes straight from its alert: who stands in line goes first.
    #[default]
    Fresh,
    /// It comes from the retry queue: it is its turn.
    Returned,
}

/// What an outcome says about the destination rather than about the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It takes deliveries.
    Well,
    /// It will not take any for a while.
    Trouble {
        /// What happened.
        failure: Failure,
        /// The provider's own wish, if it had one.
        retry_after: Option<Duration>,
    },
    /// Somebody must mend it: its credential, its settings.
    Broken(Failure),
}

impl Sign {
    /// What `outcome` says; `None` when it is about the message, or about Tocsin.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Delivered(_) => Some(Self::Well),
            Outcome::Transient {
                failure,
                retry_after,
            } => matches!(
                failure.kind,
                FailureKind::Throttled
                    | FailureKind::Unavailable
                    | FailureKind::Unreachable
                    | FailureKind::TimedOut
                    | FailureKind::Interrupted
            )
            .then(|| Self::Trouble {
                failure: failure.clone(),
                retry_after: *retry_after,
            }),
            Outcome::Permanent { failure } => matches!(
                failure.kind,
                FailureKind::Unauthorized
                    | FailureKind::Misconfigured
                    | FailureKind::Redirected
                    | FailureKind::Forbidden
            )
            .then(|| Self::Broken(failure.clone())),
        }
    }
}

impl Health {
    /// Whether deliveries that arrive thus may be attempted.
    #[must_use]
    pub fn admission(&self, arrival: Arrival, now: Timestamp) -> Admission {
        match (self.pause, self.line) {
            (Some(pause), _) if pause.until > now => Admission::Closed,
            (_, Some(line)) if arrival == Arrival::Fresh && line.end > now => Admission::Closed,
            (Some(_), _) => Admission::Probe,
            (None, Some(line)) => Admission::Open(line.together()),
            (None, None) => Admission::Open(TOGETHER),
        }
    }

    /// The same with a probe under way: the others wait for what it finds.
    #[must_use]
    pub fn probing(&self, now: Timestamp) -> Self {
        let pause = self.pause.map(|pause| Pause {
            until: now.plus(PROBE),
            stage: Stage::Probing,
            ..pause
        });
        Self {
            pause,
            ..self.clone()
        }
    }

    /// The same after attempts that gave these signs.
    #[must_use]
    pub fn after(&self, signs: &[Sign], now: Timestamp) -> Self {
        let mut next = self.clone();
        if signs.contains(&Sign::Well) {
            next.take_well(now);
        }
        let mut worst: Option<(FailureKind, Option<Duration>)> = None;
        for sign in signs {
            match sign {
                Sign::Well => {}
                Sign::Broken(failure) => next.take_failure(failure, now),
                Sign::Trouble {
                    failure,
                    retry_after,
                } => {
                    next.take_failure(failure, now);
                    let wish = worst.and_then(|(_, wish)| wish).max(*retry_after);
                    let kind = worst.map_or(failure.kind, |(kind, _)| graver(kind, failure.kind));
                    worst = Some((kind, wish));
                }
            }
        }
        if let Some((kind, wish)) = worst
            && (kind.pauses_at_once() || next.failures >= PATIENCE)
        {
            next.pause_for(kind, wish.unwrap_or_default(), now);
        }
        next
    }

    /// The same after attempts that gave these signs; and where that pauses the
    /// destination, a place in line for each delivery that met trouble.
    #[must_use]
    pub fn observe(&self, signs: &[Sign], now: Timestamp) -> (Self, Vec<Timestamp>) {
        let next = self.after(signs, now);
        let troubled = signs
            .iter()
            .filter(|sign| matches!(sign, Sign::Trouble { .. }))
            .count();
        if next.pause.is_none() || troubled == 0 {
            return (next, Vec::new());
        }
        next.queue(troubled, now)
    }

    /// Gives `count` deliveries their places in line.
    #[must_use]
    pub fn queue(&self, count: usize, now: Timestamp) -> (Self, Vec<Timestamp>) {
        let line = self.line.unwrap_or(Line::starting(now, RETURNING_INTERVAL));
        let open = self.pause.map_or(now, |pause| pause.until.max(now));
        let start = line.end.max(open);
        let place = |at: usize| start.plus(line.interval().saturating_mul(at as u32));
        let line = Line {
            end: place(count),
            ..line
        };
        let next = Self {
            line: Some(line),
            ..self.clone()
        };
        (next, (0..count).map(place).collect())
    }

    /// Whether it is to be reported that deliveries end badly: at most once an hour.
    #[must_use]
    pub fn report(&self, now: Timestamp) -> Option<Self> {
        let due = self
            .reported_at
            .is_none_or(|at| now.since(at) >= REPORT_INTERVAL);
        due.then(|| Self {
            reported_at: Some(now),
            ..self.clone()
        })
    }

    /// Whether there is nothing that a delivery which arrives would change.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.failing_since.is_none() && self.pause.is_none() && self.line.is_none()
    }

    /// Something arrived. Stragglers of before a pause say nothing about its end.
    fn take_well(&mut self, now: Timestamp) {
        self.failing_since = None;
        self.failures = 0;
        if self
            .pause
            .is_some_and(|pause| pause.stage == Stage::Probing || pause.until <= now)
        {
            self.pause = None;
        }
        self.line = self
            .line
            .filter(|line| line.end > now)
            .map(|line| line.quicker(now));
    }

    fn take_failure(&mut self, failure: &Failure, now: Timestamp) {
        self.failing_since.get_or_insert(now);
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some(failure.clone());
        self.last_failure_at = Some(now);
    }

    fn pause_for(&mut self, kind: FailureKind, wish: Duration, now: Timestamp) {
        let number = match self.pause {
            // A straggler of the same trouble: it lasts as long as it lasts.
            Some(pause) if pause.stage == Stage::Waiting && pause.until > now => {
                let until = pause.until.max(now.plus(wish));
                self.pause = Some(Pause { until, ..pause });
                return;
            }
            Some(pause) => pause.number.saturating_add(1),
            None => 1,
        };
        self.pause = Some(Pause {
            until: now.plus(pause_number(number).max(wish)),
            number,
            stage: Stage::Waiting,
        });
        self.line = Some(match (self.line, kind) {
            // Later in a row it is no matter of pace any more.
            (Some(line), FailureKind::Throttled) if number <= 2 => line.slower(now),
            (Some(line), _) => line,
            (None, FailureKind::Throttled) => Line::starting(now, THROTTLED_INTERVAL),
            (None, _) => Line::starting(now, RETURNING_INTERVAL),
        });
    }
}

/// Throttling says how fast to go on, so it is heard above other trouble.
fn graver(one: FailureKind, other: FailureKind) -> FailureKind {
    if one == FailureKind::Throttled || (one.pauses_at_once() && other != FailureKind::Throttled) {
        one
    } else {
        other
    }
}

/// The length of the pause of this number, from 1.
fn pause_number(number: u32) -> Duration {
    let doubled = 2u32.saturating_pow(number.saturating_sub(1));
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

impl Line {
    const fn starting(now: Timestamp, interval: Duration) -> Self {
        Self {
            end: now,
            interval_ms: interval.as_millis() as u64,
            taken_at: None,
        }
    }

    /// Between two turns.
    #[must_use]
    pub const fn interval(self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// What is throttled this long after the last that was taken wants more time
    /// than that.
    fn slower(self, now: Timestamp) -> Self {
        let gap = self
            .taken_at
            .map_or(0, |at| now.since(at).as_millis() as u64);
        let longest = LONGEST_INTERVAL.as_millis() as u64;
        let wanted = (gap + gap / 2).min(self.interval_ms * 2);
        Self {
            interval_ms: self.interval_ms.max(wanted).min(longest),
            ..self
        }
    }

    fn quicker(self, now: Timestamp) -> Self {
        let shortest = RETURNING_INTERVAL.as_millis() as u64;
        Self {
            interval_ms: (self.interval_ms * 9 / 10).max(shortest),
            taken_at: Some(now),
            ..self
        }
    }

    /// As many as have their turn within a second.
    fn together(self) -> usize {
        let within = 1_000 / self.interval_ms.max(1);
        usize::try_from(within)
            .unwrap_or(TOGETHER)
            .clamp(1, TOGETHER)
    }
}

impl FailureKind {
    /// Whether one failure of this kind is enough to know that the next delivery
    /// would fail as well.
    const fn pauses_at_once(self) -> bool {
        matches!(self, Self::Throttled | Self::Unreachable)
    }
}
