//! What a sender records about a delivery: the result of an attempt, or that the
//! delivery waits.

use super::claim::{ClaimRequest, Lease};
use super::{Attempt, State};
use crate::Timestamp;
use crate::alert::AlertId;
use crate::destination::DestinationId;

/// The result of one attempt, to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// The alert that was to be delivered.
    pub alert_id: AlertId,
    /// The destination that was to receive it.
    pub destination_id: DestinationId,
    /// The lease under which the attempt was made.
    pub lease: Lease,
    /// The attempt.
    pub attempt: Attempt,
    /// The state that the delivery enters.
    pub new_state: NewState,
}

/// The state that a delivery enters when an attempt is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewState {
    /// The provider accepted the message.
    Delivered,
    /// The attempt failed, and another one is queued.
    Retrying {
        /// When the next attempt is due.
        due: Timestamp,
    },
    /// The attempt failed in a way that no retry can fix.
    Failed,
    /// The attempt failed, and the retry window or the number of attempts is used up.
    Exhausted,
}

impl NewState {
    /// The delivery's state in the ledger.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Delivered => State::Delivered,
            Self::Retrying { .. } => State::Retrying,
            Self::Failed => State::Failed,
            Self::Exhausted => State::Exhausted,
        }
    }
}

/// The result of settling an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettleResult {
    /// The ledger holds the attempt.
    Settled,
    /// The lease had run out and another sender took the delivery over: the ledger
    /// does not hold the attempt.
    LeaseLost,
}

/// A delivery that waits instead of being attempted now. Its retry is queued
/// before the deferral is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deferral {
    /// The claim that is not made.
    pub request: ClaimRequest,
    /// When the delivery began: now, unless it has waited or was attempted before.
    pub began_at: Timestamp,
    /// When the retry is due.
    pub due: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_new_state_has_a_state_of_the_ledger() {
        let due = "2026-01-01T00:00:00Z".parse().unwrap();
        for (new_state, state) in [
            (NewState::Delivered, State::Delivered),
            (NewState::Retrying { due }, State::Retrying),
            (NewState::Failed, State::Failed),
            (NewState::Exhausted, State::Exhausted),
        ] {
            assert_eq!(new_state.state(), state);
        }
    }
}
