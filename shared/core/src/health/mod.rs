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
//! apart, [`HORIZON`] ahead at most, so that ten thousand deliveries come back one after the other and not
//! all together, to be turned away again. The interval grows as far as the answers
//! prove it too short, and shrinks with every delivery that is taken. The retry
//! queue keeps such moments to the second only and hands out ten messages at a
//! time, so whoever comes back takes a turn ([`Health::take_turns`]) and waits for it.
//! Fresh alerts queue up behind the line as long as it uses up the turns there are;
//! HIGH and CRITICAL ones take a turn at once.

#[cfg(test)]
mod outage;
#[cfg(test)]
mod tests;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::alert::Severity;
use crate::outcome::{Failure, FailureKind, Outcome};

/// Answers that are the destination's own trouble, in a row, until it is paused:
/// a single one may be about a single message.
pub const PATIENCE: u32 = 3;

/// The first pause; each in a row is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause that is not the provider's own wish: so a destination that
/// is back gets its alerts after this long at the latest.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// The longest pause after a probe that had failed before and may be to blame
/// itself, as its number in a row: 40 s.
const MOST_AGAIN: u32 = 4;

/// The furthest place in line: a destination that turns out quicker than its line
/// is used to the full after this long at the latest.
pub const HORIZON: Duration = Duration::from_mins(30);

/// Between two fresh alerts that probe during a pause.
const FRESH_PROBES: Duration = Duration::from_secs(30);

/// Turns that may be taken in advance before fresh alerts must stand in line: this
/// long, or the next one.
const SLACK: Duration = Duration::from_secs(2);

/// How long it takes to forget half of an interval that was proved too short.
const HALF_LIFE: Duration = Duration::from_mins(5);

/// Each time that it is proved again this doubles, to 20 minutes at most.
const SLOWEST_TO_FORGET: u32 = 3;

/// How long a probe may take before another is made: longer than the longest attempt.
const PROBE: Duration = Duration::from_secs(30);

/// Between two deliveries to a destination that throttles, to begin with: what
/// the strictest of the common limits allows (Slack: one message a second).
const THROTTLED_INTERVAL: Duration = Duration::from_secs(1);

/// Between two deliveries to one that was away.
const RETURNING_INTERVAL: Duration = Duration::from_millis(100);

/// The longest interval.
const LONGEST_INTERVAL: Duration = Duration::from_mins(1);

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
pub enum Arrival {
    /// It comes straight from its alert.
    #[default]
    Fresh,
    /// It comes from the retry queue.
    Returned,
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
    pub const fn of(arrival: Arrival, severity: Severity) -> Self {
        match (arrival, severity) {
            (Arrival::Returned, _) => Self::Returned,
            (Arrival::Fresh, Severity::High | Severity::Critical) => Self::Grave,
            (Arrival::Fresh, _) => Self::Fresh,
        }
    }
}

/// Whether a failure may be the delivery's own doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// It is the delivery's first: more likely the destination's doing.
    First,
    /// The delivery has failed before.
    Again,
}

/// What an outcome says about the destination rather than about the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It takes deliveries.
    Well,
    /// It answers, if only to refuse this message.
    Answering,
    /// It will not take any for a while.
    Trouble {
        /// What happened.
        failure: Failure,
        /// The provider's own wish, if it had one.
        retry_after: Option<Duration>,
        /// What it proves.
        evidence: Evidence,
    },
    /// Somebody must mend it: its credential, its settings.
    Broken(Failure),
}

impl Sign {
    /// What the outcome of attempt number `attempt` (from 1) says; `None` when it
    /// is about Tocsin.
    #[must_use]
    pub fn of(outcome: &Outcome, attempt: u32) -> Option<Self> {
        let failure = match outcome {
            Outcome::Delivered(_) => return Some(Self::Well),
            Outcome::Transient { failure, .. } | Outcome::Permanent { failure } => failure,
        };
        let retry_after = match outcome {
            Outcome::Transient { retry_after, .. } => *retry_after,
            _ => None,
        };
        match failure.kind {
            FailureKind::Throttled
            | FailureKind::Unavailable
            | FailureKind::Unreachable
            | FailureKind::TimedOut
            | FailureKind::Interrupted => Some(Self::Trouble {
                failure: failure.clone(),
                retry_after,
                evidence: if attempt <= 1 {
                    Evidence::First
                } else {
                    Evidence::Again
                },
            }),
            FailureKind::Unauthorized
            | FailureKind::Misconfigured
            | FailureKind::Redirected
            | FailureKind::Forbidden => Some(Self::Broken(failure.clone())),
            FailureKind::Refused | FailureKind::NotUnderstood => Some(Self::Answering),
            FailureKind::Internal | FailureKind::Crashed => None,
        }
    }

    /// Whether the delivery is to wait until the destination is out of trouble.
    #[must_use]
    pub const fn is_trouble(&self) -> bool {
        matches!(self, Self::Trouble { .. })
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
        let pause = self.pause.map(|pause| Pause {
            until: now.plus(PROBE),
            stage: Stage::Probing,
            tried_at: now,
            ..pause
        });
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
        let pause = self.pause.map(|pause| match pause.stage {
            Stage::Probing => Pause {
                until: now,
                stage: Stage::Waiting,
                ..pause
            },
            Stage::Waiting => pause,
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
        let line = self.line.unwrap_or(Line::starting(now, RETURNING_INTERVAL));
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
        if self
            .pause
            .is_some_and(|pause| pause.stage == Stage::Probing || pause.until <= now)
        {
            self.pause = None;
        }
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
        let number = match self.pause {
            // A straggler of the same trouble: it lasts as long as it lasts.
            Some(pause) if pause.stage == Stage::Waiting && pause.until > now => {
                let until = pause.until.max(now.plus(trouble.wish));
                self.pause = Some(Pause { until, ..pause });
                return;
            }
            Some(pause) => pause.number.saturating_add(1),
            None => 1,
        };
        let number = match trouble.evidence {
            Evidence::Again if !trouble.kind.pauses_at_once() => number.min(MOST_AGAIN),
            _ => number,
        };
        let length = match self.line {
            // The line goes a little too fast: no more than a stumble.
            Some(line) if number == 1 && trouble.kind == FailureKind::Throttled => {
                (line.interval() * 2).min(FIRST_PAUSE)
            }
            _ => pause_number(number),
        };
        self.pause = Some(Pause {
            until: now.plus(length.max(trouble.wish)),
            number,
            stage: Stage::Waiting,
            cause: trouble.kind,
            tried_at: now,
        });
        self.line = Some(match (self.line, trouble.kind) {
            // Later in a row it is no matter of pace any more.
            (Some(line), FailureKind::Throttled) if number <= 2 => line.slower(number, now),
            (Some(line), _) => line,
            (None, FailureKind::Throttled) => Line {
                step: Step::Single,
                ..Line::starting(now, THROTTLED_INTERVAL)
            },
            (None, _) => Line::starting(now, RETURNING_INTERVAL),
        });
    }
}

impl Pause {
    /// Silence and errors may be about messages, even about many: so a fresh alert
    /// may probe during the pause, when nobody has for a while.
    fn exception(self, rank: Rank, now: Timestamp) -> Admission {
        let fresh = rank != Rank::Returned;
        let overdue = now.since(self.tried_at) >= FRESH_PROBES;
        if fresh && overdue && !self.cause.pauses_at_once() {
            Admission::Probe
        } else {
            Admission::Closed
        }
    }
}

/// What several troubled deliveries come to.
#[derive(Clone, Copy)]
struct Trouble {
    kind: FailureKind,
    wish: Duration,
    evidence: Evidence,
}

impl Trouble {
    /// Throttling says how fast to go on, so it is heard above other trouble.
    fn worse(before: Option<Self>, other: Self) -> Self {
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

impl Line {
    const fn starting(now: Timestamp, interval: Duration) -> Self {
        Self {
            end: now,
            interval_ms: interval.as_millis() as u64,
            taken_at: None,
            turn: None,
            too_short_ms: 0,
            too_short_at: None,
            too_short_times: 0,
            step: Step::Groups,
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
    fn quicker(self, now: Timestamp) -> Self {
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
    fn is_busy(self, now: Timestamp) -> bool {
        let slack = now.plus(self.interval().clamp(SLACK, LONGEST_WAIT));
        self.end > now && self.turn.is_none_or(|turn| turn > slack)
    }

    /// The moment `count` turns after `start`.
    fn after(self, start: Timestamp, count: usize) -> Timestamp {
        start.plus(self.interval().saturating_mul(count as u32))
    }

    /// How many have their turn at once.
    fn together(self) -> usize {
        match self.step {
            Step::Single => 1,
            Step::Groups => usize::try_from(1_000 / self.interval_ms.max(1))
                .unwrap_or(TOGETHER)
                .clamp(1, TOGETHER),
        }
    }
}

impl FailureKind {
    /// Whether one failure of this kind is enough to know that the next delivery
    /// would fail as well.
    const fn pauses_at_once(self) -> bool {
        matches!(self, Self::Throttled | Self::Unreachable)
    }
}
