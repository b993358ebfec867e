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
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_refusal_says_what_the_record_says() {
        let now = time("2026-01-01T00:00:00Z");
        let lease_end = time("2026-01-01T00:00:30Z");
        let settled = |state| Ok(Refusal::Final(Claim::AlreadySettled(state)));
        let in_progress = |until| Ok(Refusal::Final(Claim::InProgress { until }));
        let stale = || Ok(Refusal::Final(Claim::Stale));
        let sending = |attempt, lease_until| CurrentRecord {
            state: State::Sending,
            attempt,
            lease_until,
        };
        let other = |state, attempt| CurrentRecord {
            state,
            attempt,
            lease_until: None,
        };
        // (asked for, recorded, expected)
        let cases = [
            (1, None, in_progress(now)),
            (2, None, Err(RecordExpired)),
            (
                1,
                Some(other(State::Delivered, 1)),
                settled(State::Delivered),
            ),
            (4, Some(other(State::Failed, 3)), settled(State::Failed)),
            (
                4,
                Some(other(State::Exhausted, 9)),
                settled(State::Exhausted),
            ),
            (
                1,
                Some(other(State::Retrying, 0)),
                Ok(Refusal::NeverAttempted),
            ),
            (
                3,
                Some(other(State::Retrying, 0)),
                Ok(Refusal::NeverAttempted),
            ),
            (2, Some(other(State::Retrying, 2)), stale()),
            (2, Some(other(State::Retrying, 3)), stale()),
            (3, Some(other(State::Retrying, 2)), in_progress(now)),
            (2, Some(sending(3, Some(lease_end))), stale()),
            (3, Some(sending(3, Some(lease_end))), in_progress(lease_end)),
            (4, Some(sending(3, Some(lease_end))), in_progress(lease_end)),
            (3, Some(sending(3, None)), in_progress(now)),
        ];
        for (attempt, recorded, expected) in cases {
            assert_eq!(
                refusal(attempt, recorded, now),
                expected,
                "attempt {attempt} of {recorded:?}"
            );
        }
    }

    fn request(attempt: u32, origin: Origin) -> ClaimRequest {
        ClaimRequest {
            alert_id: AlertId::new("a").unwrap(),
            destination_id: DestinationId::generate(),
            display_name: "d".to_owned(),
            provider: ProviderName::new("slack").unwrap(),
            attempt,
            began_at: None,
            origin,
            fallback_for: None,
            lease: Duration::from_secs(65),
        }
    }

    #[test]
    fn only_a_first_fresh_attempt_expects_no_record() {
        assert!(request(1, Origin::Fresh).expects_no_record());
        assert!(!request(1, Origin::Retry).expects_no_record());
        assert!(!request(2, Origin::Fresh).expects_no_record());
    }

    #[test]
    fn a_lease_ends_on_a_whole_millisecond_and_keeps_the_beginning() {
        let now = time("2026-01-01T00:00:00.123456789Z");
        let lease = request(1, Origin::Fresh).lease_at(now);
        assert_eq!(lease.until, time("2026-01-01T00:01:05.123Z"));
        assert_eq!(lease.began_at, now);
        let began_at = time("2025-12-31T23:00:00Z");
        let later = ClaimRequest {
            began_at: Some(began_at),
            ..request(2, Origin::Retry)
        };
        assert_eq!(later.lease_at(now).began_at, began_at);
    }
}
