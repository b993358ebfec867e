//! What an attempt says about its destination.

use std::time::Duration;

use crate::outcome::{Failure, FailureKind, Outcome};

/// Whether a failed attempt was its delivery's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptKind {
    /// It was: the destination is more likely to blame than the message.
    First,
    /// The delivery has failed before: the message may be to blame.
    Repeat,
}

impl AttemptKind {
    const fn of(attempt: u32) -> Self {
        if attempt <= 1 {
            Self::First
        } else {
            Self::Repeat
        }
    }
}

/// What an outcome says about the destination rather than about the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// The destination accepted a delivery.
    Success,
    /// The destination responded, but rejected this message.
    Rejection,
    /// The destination does not accept deliveries for now: it throttles, is
    /// unreachable, or fails.
    Fault {
        /// The failure of the attempt.
        failure: Failure,
        /// The provider's `Retry-After`, if it had one.
        retry_after: Option<Duration>,
        /// Whether the delivery had failed before.
        attempt: AttemptKind,
    },
    /// A person must fix the destination's credential or settings.
    Misconfigured(Failure),
}

impl Observation {
    /// What the outcome of attempt number `attempt` (from 1) says; `None` when it
    /// is about Tocsin itself.
    #[must_use]
    pub fn of(outcome: &Outcome, attempt: u32) -> Option<Self> {
        let failure = match outcome {
            Outcome::Delivered(_) => return Some(Self::Success),
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
            | FailureKind::Interrupted => Some(Self::Fault {
                failure: failure.clone(),
                retry_after,
                attempt: AttemptKind::of(attempt),
            }),
            FailureKind::Unauthorized
            | FailureKind::Misconfigured
            | FailureKind::Redirected
            | FailureKind::Forbidden => Some(Self::Misconfigured(failure.clone())),
            FailureKind::Refused | FailureKind::NotUnderstood => Some(Self::Rejection),
            FailureKind::Internal | FailureKind::Crashed => None,
        }
    }

    /// Whether the delivery must wait until the destination has recovered.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        matches!(self, Self::Fault { .. })
    }
}

impl FailureKind {
    /// Whether one failure of this kind trips the circuit breaker: the next delivery
    /// would fail as well, whatever its message.
    pub(super) const fn trips_at_once(self) -> bool {
        matches!(self, Self::Throttled | Self::Unreachable)
    }
}
