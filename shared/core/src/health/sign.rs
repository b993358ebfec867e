//! What an attempt tells of its destination.

use std::time::Duration;

use crate::outcome::{Failure, FailureKind, Outcome};

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

impl FailureKind {
    /// Whether one failure of this kind is enough to know that the next delivery
    /// would fail as well.
    pub(super) const fn pauses_at_once(self) -> bool {
        matches!(self, Self::Throttled | Self::Unreachable)
    }
}
