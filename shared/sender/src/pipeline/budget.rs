//! The time of an invocation, and what is kept back of it.

use std::time::{Duration, SystemTime};

use crate::http::REQUEST_LIMIT;

/// The longest attempt: a lookup, a refusal, the second try, a fresh secret,
/// each with the HTTP client's own limit, cut off here.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(25);

/// Kept back at the end of an invocation to record what was attempted.
const RESERVE: Duration = Duration::from_secs(10);

/// Kept back from that to say what could not be recorded.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Kept back from that to answer in.
const ANSWER: Duration = Duration::from_millis(500);

/// The shortest attempt worth making: one request may take all of its own limit, so
/// that what runs out of time is the destination's doing and not ours.
const SHORTEST: Duration = REQUEST_LIMIT.saturating_add(Duration::from_secs(1));

/// For telling others how a destination fares, at most.
const ADVICE: Duration = Duration::from_secs(2);

/// Before something that AWS refused for now is tried again.
const FIRST_REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(2);

/// When an invocation must have ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    deadline: SystemTime,
}

impl Budget {
    pub(super) const fn until(deadline: SystemTime) -> Self {
        Self { deadline }
    }

    fn left(self) -> Duration {
        self.deadline
            .duration_since(SystemTime::now())
            .unwrap_or(Duration::ZERO)
    }

    /// Whether another round of attempts can be made and recorded.
    pub(super) fn has_room(self) -> bool {
        self.left() >= ATTEMPT_LIMIT + RESERVE
    }

    /// How long an attempt that begins now may take; `None` when there is no time
    /// for one.
    pub(super) fn attempt(self) -> Option<Duration> {
        let room = self.left().saturating_sub(RESERVE);
        (room >= SHORTEST).then(|| room.min(ATTEMPT_LIMIT))
    }

    /// How long an attempt may be waited for.
    pub(super) fn wait(self) -> Duration {
        self.left().saturating_sub(RESERVE + SHORTEST)
    }

    /// How long a call of AWS that must be made may take.
    pub(super) fn call(self) -> Duration {
        self.left().saturating_sub(LAST_WORDS)
    }

    /// How long it may take to say what could not be recorded.
    pub(super) fn last_words(self) -> Duration {
        self.left().saturating_sub(ANSWER)
    }

    /// How long a call of AWS that can be done without may take.
    pub(super) fn advice(self) -> Duration {
        self.call().min(ADVICE)
    }

    /// Rests before the try after number `tried` (from 1); false when there is no
    /// time for another.
    pub(super) async fn rest(self, tried: u32) -> bool {
        let doubled = FIRST_REST.saturating_mul(2u32.saturating_pow(tried - 1));
        let rest = doubled.min(LONGEST_REST);
        if self.left() < rest + LAST_WORDS {
            return false;
        }
        tokio::time::sleep(rest).await;
        true
    }
}
