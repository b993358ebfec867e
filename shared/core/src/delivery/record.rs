//! The record of a delivery that begins.

use crate::Timestamp;
use crate::alert::{AlertId, Severity};
use crate::destination::{DestinationId, ProviderName};
use crate::outbox::{DueKey, Priority};

/// A delivery that begins: the ledger records it as `QUEUED`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The alert to deliver.
    pub alert_id: AlertId,
    /// The destination that receives it.
    pub destination_id: DestinationId,
    /// The destination's display name; the ledger keeps it for its readers.
    pub display_name: String,
    /// The destination's provider; the ledger keeps it for its readers.
    pub provider: ProviderName,
    /// The detection that raised the alert: the drain takes deliveries of different
    /// detections by turns.
    pub detection_id: String,
    /// The effective severity, which decides the priority.
    pub severity: Severity,
    /// When the outbox looks at it, if no sender has attempted it by then.
    pub due: Timestamp,
    /// The destination that this one is the fallback of.
    pub fallback_for: Option<DestinationId>,
}

impl NewDelivery {
    /// Its position in the outbox.
    #[must_use]
    pub const fn due_key(&self) -> DueKey {
        DueKey {
            priority: Priority::of(self.severity),
            at: self.due,
        }
    }

    /// When its retry window begins, if it is recorded at `now`: at once, or, for a
    /// fallback, which waits for another destination first, when it is due.
    #[must_use]
    pub const fn begins_at(&self, now: Timestamp) -> Timestamp {
        match self.fallback_for {
            None => now,
            Some(_) => self.due,
        }
    }
}

/// A delivery that version 0.1.0 recorded: it has no due time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The delivery with its due time.
    pub delivery: NewDelivery,
    /// Attempts that were begun.
    pub attempts: u32,
    /// When it began.
    pub began_at: Timestamp,
}
