//! What a sender records about a delivery: the result of an attempt, or that the
//! delivery waits.

use super::claim::Lease;
use super::model::{Attempt, PriorAttempt, State};
use crate::Timestamp;
use crate::alert::AlertId;
use crate::destination::DestinationId;
use crate::outbox::{DueKey, Priority};

/// The most attempts that the ledger keeps of one delivery, each some 200 bytes: a
/// delivery that waits for a week may have 2,000, and an item has 400 KB.
pub const KEPT_ATTEMPTS: u32 = 40;

/// The first attempts, which are kept for good; after them, the latest ones are.
const FIRST_KEPT: u32 = 10;

/// The attempt to forget when number `attempt` (from 1) is recorded.
#[must_use]
pub const fn forgotten_attempt(attempt: u32) -> Option<u32> {
    if attempt > KEPT_ATTEMPTS {
        Some(attempt - (KEPT_ATTEMPTS - FIRST_KEPT))
    } else {
        None
    }
}

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
    /// The priority of the delivery in the outbox, where it stays there.
    pub priority: Priority,
    /// Whether one of the attempts so far may have been delivered.
    pub prior_attempt: PriorAttempt,
}

/// The state that a delivery enters when an attempt is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewState {
    /// The provider accepted the message.
    Delivered,
    /// The attempt failed, and another one follows.
    Retrying {
        /// When the next attempt is due.
        due: Timestamp,
    },
    /// The provider refused the message, or the destination was removed.
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

/// A delivery that waits for the drain of its destination, without an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deferral {
    /// The alert to deliver.
    pub alert_id: AlertId,
    /// The destination that receives it.
    pub destination_id: DestinationId,
    /// Attempts that were begun: the deferral must not undo what another sender did.
    pub attempts: u32,
    /// Its new position in the outbox.
    pub due: DueKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_latest_attempts_are_kept() {
        let mut kept = std::collections::BTreeSet::new();
        for attempt in 1..=100 {
            kept.insert(attempt);
            if let Some(forgotten) = forgotten_attempt(attempt) {
                assert!(kept.remove(&forgotten), "{forgotten}");
            }
        }
        let expected: Vec<u32> = (1..=10).chain(71..=100).collect();
        assert_eq!(kept.into_iter().collect::<Vec<_>>(), expected);
    }

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
