//! The claim of a delivery: which sender may make the next attempt.
//!
//! A claim is one conditional write. It succeeds if the delivery has begun exactly the
//! attempts that the sender knows of, and nobody holds a lease. A sender whose claim
//! is refused has nothing to do: the delivery is settled, or the sender that holds it settles
//! it, or its due time passes and the outbox takes it up again.

use std::time::Duration;

use crate::Timestamp;
use crate::alert::AlertId;
use crate::destination::{DestinationId, ProviderName};
use crate::outbox::{DueKey, LEASE_GRACE, Priority};

/// A request to start one attempt of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    /// The alert to deliver.
    pub alert_id: AlertId,
    /// The destination that receives it.
    pub destination_id: DestinationId,
    /// The destination's display name now; the ledger keeps it for its readers.
    pub display_name: String,
    /// The destination's provider now; the ledger keeps it for its readers.
    pub provider: ProviderName,
    /// The number of the attempt, counted from 1. The ledger must know of exactly one
    /// attempt less.
    pub attempt: u32,
    /// When the delivery began.
    pub began_at: Timestamp,
    /// The priority of the delivery in the outbox.
    pub priority: Priority,
    /// When the delivery is due in the outbox as far as the sender knows.
    pub due: Option<Timestamp>,
    /// How long the claim keeps other senders away. It must be longer than a
    /// sender can run, so that an expired lease means that its holder is gone.
    pub lease: Duration,
}

impl ClaimRequest {
    /// The lease that a claim made at `now` obtains. It ends on a whole
    /// millisecond, because the ledger stores milliseconds and a settlement must
    /// find the same value again.
    #[must_use]
    pub fn lease_at(&self, now: Timestamp) -> Lease {
        let until = now.plus(self.lease);
        Lease {
            until: Timestamp::from_unix_millis(until.unix_millis()).unwrap_or(now),
            began_at: self.began_at,
        }
    }

    /// The due time that a claim made at `now` must set: just after its lease. `None`
    /// when the delivery is due later than that anyway, which saves two writes of the
    /// index.
    #[must_use]
    pub fn due_after_lease(&self, now: Timestamp) -> Option<DueKey> {
        let at = self.lease_at(now).until.plus(LEASE_GRACE);
        let stays = self.due.is_some_and(|due| due >= at);
        (!stays).then_some(DueKey {
            priority: self.priority,
            at,
        })
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The sender holds the delivery until the end of this lease.
    Started(Lease),
    /// Another sender holds the delivery, has attempted it, or has settled it.
    Refused,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(due: Option<&str>) -> ClaimRequest {
        ClaimRequest {
            alert_id: AlertId::new("a").unwrap(),
            destination_id: DestinationId::generate(),
            display_name: "d".to_owned(),
            provider: ProviderName::new("slack").unwrap(),
            attempt: 1,
            began_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            priority: Priority::High,
            due: due.map(|due| due.parse().unwrap()),
            lease: Duration::from_secs(65),
        }
    }

    #[test]
    fn a_lease_ends_on_a_whole_millisecond() {
        let now = "2026-01-01T00:00:00.000999999Z".parse().unwrap();
        let lease = request(None).lease_at(now);
        assert_eq!(lease.until, "2026-01-01T00:01:05Z".parse().unwrap());
    }

    #[test]
    fn a_claimed_delivery_is_due_after_its_lease() {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let due = |due| request(due).due_after_lease(now).map(|due| due.to_string());
        let after = Some("1#2026-01-01T00:01:06.000000000Z".to_owned());
        assert_eq!(due(None), after);
        assert_eq!(due(Some("2026-01-01T00:00:00Z")), after);
        // The fast path leaves the due time as it is.
        assert_eq!(due(Some("2026-01-01T00:02:30Z")), None);
    }
}
