//! One invocation of a sender: its deadline, what it counts, and what it could not do.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tocsin_aws::telemetry::{Counts, Metric};
use tocsin_aws::{AwsError, LedgerError};

use super::deadline::Deadline;

/// Why an invocation failed. Lambda repeats it; the claims prevent that anything is
/// delivered again.
#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    /// The ledger did not record some attempts.
    #[error("{count} attempts could not be recorded: {first}")]
    Ledger {
        /// How many attempts.
        count: usize,
        /// The error of the first of them.
        #[source]
        first: LedgerError,
    },
    /// The retry queue did not accept some messages.
    #[error("{count} retries could not be queued: {first}")]
    RetryQueue {
        /// How many messages.
        count: usize,
        /// The error of the first of them.
        #[source]
        first: AwsError,
    },
}

impl From<SenderError> for lambda_runtime::Diagnostic {
    fn from(error: SenderError) -> Self {
        let error_type = match error {
            SenderError::Ledger { .. } => "Ledger",
            SenderError::RetryQueue { .. } => "RetryQueue",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// Shared by everything that works for one invocation, on all its destinations at
/// once.
pub(super) struct Invocation {
    pub(super) deadline: Deadline,
    tally: Mutex<Tally>,
}

#[derive(Default)]
struct Tally {
    metrics: Vec<(Metric, usize)>,
    ledger_errors: Vec<LedgerError>,
    queue_errors: Vec<AwsError>,
}

impl Invocation {
    pub(super) fn until(deadline: SystemTime) -> Self {
        Self {
            deadline: Deadline::at(deadline),
            tally: Mutex::default(),
        }
    }

    pub(super) fn count(&self, metric: Metric, count: usize) {
        self.tally().metrics.push((metric, count));
    }

    /// Fails the invocation: something could not be recorded.
    pub(super) fn fail_ledger(&self, error: LedgerError) {
        self.tally().ledger_errors.push(error);
    }

    /// Fails the invocation: something could not be queued.
    pub(super) fn fail_queue(&self, error: AwsError) {
        self.tally().queue_errors.push(error);
    }

    /// Emits the metrics of `function`.
    ///
    /// # Errors
    ///
    /// When something could not be recorded or queued.
    pub(super) fn finish(self, function: &str) -> Result<(), SenderError> {
        let tally = self
            .tally
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mut counts = Counts::of_function(function);
        for (metric, count) in tally.metrics {
            counts.add(metric, count);
        }
        counts.emit();
        let (ledger, queue) = (tally.ledger_errors.len(), tally.queue_errors.len());
        if let Some(first) = tally.ledger_errors.into_iter().next() {
            return Err(SenderError::Ledger {
                count: ledger,
                first,
            });
        }
        match tally.queue_errors.into_iter().next() {
            Some(first) => Err(SenderError::RetryQueue {
                count: queue,
                first,
            }),
            None => Ok(()),
        }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        // Every change is one push, so the tally is whole even after a panic elsewhere.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
