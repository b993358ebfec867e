//! The time of an invocation, and what is kept back of it.

use std::time::{Duration, SystemTime};

/// The longest attempt: a lookup, a refusal, the second try, a fresh secret,
/// each with the HTTP client's own limit, cut off here.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(25);

/// Kept back at the end of an invocation to record what was attempted.
const RESERVE: Duration = Duration::from_secs(10);

/// Kept back from that to say what could not be recorded.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// The shortest attempt worth making, where an invocation's time is set too short.
const SHORTEST: Duration = Duration::from_secs(1);

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

    /// How long an attempt that begins now may take.
    pub(super) fn attempt(self) -> Duration {
        let room = self.left().saturating_sub(RESERVE);
        room.clamp(SHORTEST, ATTEMPT_LIMIT)
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
