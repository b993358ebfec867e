//! The claim of a delivery: which sender may make the next attempt, and why the
//! ledger refuses the others.
//!
//! A claim is one conditional write to the ledger. DynamoDB answers a refused
//! write with the item as it stands, and [`refusal`] turns that item into the
//! reason.

use std::time::Duration;

use super::Origin;
use super::State;
use crate::Timestamp;
use crate::alert::AlertId;
use crate::destination::{DestinationId, ProviderName};

/// A request to start one attempt of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    /// The alert to deliver.
    pub alert_id: AlertId,
    /// The destination that receives it.
    pub destination_id: DestinationId,
    /// The destination's display name; the ledger keeps it for its readers.
    pub display_name: String,
    /// The destination's provider; the ledger keeps it for its readers.
    pub provider: ProviderName,
    /// The number of the attempt, counted from 1.
    pub attempt: u32,
    /// When the delivery began; `None` when it begins with this attempt.
    pub began_at: Option<Timestamp>,
    /// Whether the delivery has waited before. A delivery that has waited may have
    /// a record in the ledger already.
    pub origin: Origin,
    /// The destination that failed, when this delivery goes to its fallback.
    pub fallback_for: Option<DestinationId>,
    /// How long the claim keeps other senders away. It must be longer than a
    /// sender can run, so that an expired lease means that its holder is gone.
    pub lease: Duration,
}

impl ClaimRequest {
    /// Whether the ledger has no record of the delivery yet, unless another sender
    /// claimed it at the same time.
    #[must_use]
    pub fn expects_no_record(&self) -> bool {
        self.attempt <= 1 && self.origin == Origin::Fresh
    }

    /// The lease that a claim made at `now` obtains. It ends on a whole
    /// millisecond, because the ledger stores milliseconds and a settlement must
    /// find the same value again.
    #[must_use]
    pub fn lease_at(&self, now: Timestamp) -> Lease {
        let until = now.plus(self.lease);
        Lease {
            until: Timestamp::from_unix_millis(until.unix_millis()).unwrap_or(now),
            began_at: self.began_at.unwrap_or(now),
        }
    }
}

/// The right to make one attempt, until the lease runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// When the lease runs out. It also identifies the claim: a settlement is
    /// accepted only while the ledger holds this value.
    pub until: Timestamp,
    /// When the delivery began.
    pub began_at: Timestamp,
}

/// The result of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The claim succeeded: no other sender holds the delivery, and the attempt
    /// before this one is settled.
    Started(Lease),
    /// The claim succeeded, but the previous holder disappeared in the middle of an
    /// attempt: the provider may have accepted the message.
    TakenOver(Lease),
    /// Refused: the delivery already has this final state.
    AlreadySettled(State),
    /// Refused: another sender holds the lease.
    InProgress {
        /// When that lease runs out.
        until: Timestamp,
    },
    /// Refused: a later attempt is queued or was made.
    Stale,
}

/// The parts of a delivery's record that decide a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentRecord {
    /// The state of the delivery.
    pub state: State,
    /// The number of the current or latest attempt; 0 when it has only waited.
    pub attempt: u32,
    /// When the lease of the current attempt runs out.
    pub lease_until: Option<Timestamp>,
}

/// Why the ledger refused a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The claim is over, with this result.
    Final(Claim),
    /// The delivery waits and was never attempted. Its first attempt may start,
    /// whichever attempt was asked for: the message that announced it may be lost.
    NeverAttempted,
}

/// A delivery that was attempted before has no record any more: the ledger's
/// retention is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the delivery is not in the ledger any more; its record expired")]
pub struct RecordExpired;

/// Why the ledger refused to claim attempt number `attempt` at `now`, given the
/// delivery's record (`None` when it has none).
///
/// The ledger has tried both conditional writes by then: the one that starts the
/// attempt and the one that takes over an expired lease.
///
/// # Errors
///
/// When the delivery must have had a record and has none.
pub fn refusal(
    attempt: u32,
    recorded: Option<CurrentRecord>,
    now: Timestamp,
) -> Result<Refusal, RecordExpired> {
    let Some(recorded) = recorded else {
        if attempt <= 1 {
            // The record was created between the two writes: its creator holds it.
            return Ok(Refusal::Final(Claim::InProgress { until: now }));
        }
        return Err(RecordExpired);
    };
    Ok(match recorded.state {
        State::Delivered | State::Failed | State::Exhausted => {
            Refusal::Final(Claim::AlreadySettled(recorded.state))
        }
        State::Retrying if recorded.attempt == 0 => Refusal::NeverAttempted,
        State::Retrying if recorded.attempt >= attempt => Refusal::Final(Claim::Stale),
        // Its holder settled it between the two writes: this attempt comes next.
        State::Retrying => Refusal::Final(Claim::InProgress { until: now }),
        State::Sending if recorded.attempt > attempt => Refusal::Final(Claim::Stale),
        State::Sending => Refusal::Final(Claim::InProgress {
            until: recorded.lease_until.unwrap_or(now),
        }),
    })
}

#[cfg(test)]
mod tests;
