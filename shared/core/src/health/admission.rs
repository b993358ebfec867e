//! Whether a delivery may be attempted now, and in which order deliveries are.

use std::time::Duration;

use crate::alert::Severity;
use crate::delivery::Origin;

/// Deliveries to one destination that are attempted concurrently, at most.
pub const MAX_CONCURRENCY: usize = 25;

/// How long a sender waits for a slot; a delivery with a later slot goes back to
/// the retry queue.
pub(super) const MAX_SLOT_WAIT: Duration = Duration::from_secs(10);

/// How long it waits for the slot of a high-severity alert: longer, so that other
/// senders cannot have reserved every slot within reach, and short enough to leave
/// time for the attempt.
const MAX_SLOT_WAIT_HIGH: Duration = Duration::from_secs(22);

/// Whether deliveries may be attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// All of them, at once.
    Allow,
    /// After [`Health::reserve`](super::Health::reserve) has given them a slot.
    RateLimited,
    /// One of them, after [`Health::begin_probe`](super::Health::begin_probe).
    Probe,
    /// None of them.
    Reject,
}

/// Which deliveries go first where the destination has a rate limiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// A deferred delivery that comes back at its scheduled slot.
    Retry,
    /// A fresh delivery of a HIGH or CRITICAL alert: it reserves a slot at once.
    High,
    /// Any other fresh delivery: deferred deliveries go first.
    Normal,
}

impl Priority {
    /// The priority of a delivery.
    #[must_use]
    pub const fn of(origin: Origin, severity: Severity) -> Self {
        match (origin, severity) {
            (Origin::Retry, _) => Self::Retry,
            (Origin::Fresh, Severity::High | Severity::Critical) => Self::High,
            (Origin::Fresh, _) => Self::Normal,
        }
    }

    /// How long a sender waits for the slot of such a delivery, at most.
    #[must_use]
    pub const fn max_slot_wait(self) -> Duration {
        match self {
            Self::High => MAX_SLOT_WAIT_HIGH,
            Self::Retry | Self::Normal => MAX_SLOT_WAIT,
        }
    }
}
