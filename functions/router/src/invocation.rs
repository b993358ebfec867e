//! What one invocation of the router counts and answers.

use std::collections::BTreeSet;

use tocsin_aws::telemetry::Counts;

use crate::records::FailedRecords;
use crate::wake_ups::WakeUps;

/// What one invocation counts, the records that SQS delivers again, and the wake-ups
/// that it sends at its end.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) counts: Counts,
    pub(crate) failed: FailedRecords,
    pub(crate) wake_ups: WakeUps,
    /// Why messages were rejected: the codes of the reasons.
    pub(crate) rejected: BTreeSet<&'static str>,
}

impl Invocation {
    pub(crate) fn new() -> Self {
        Self {
            counts: Counts::of_function("router"),
            failed: FailedRecords::default(),
            wake_ups: WakeUps::default(),
            rejected: BTreeSet::new(),
        }
    }
}
