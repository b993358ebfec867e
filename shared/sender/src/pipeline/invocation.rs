//! One invocation of a sender: its deadline, its connections, what it counts, and what
//! it could not do.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tocsin_aws::telemetry::{Counts, Metric};
use tocsin_aws::{AwsError, LedgerError};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::deadline::Deadline;

/// Attempts that are made concurrently, to all destinations together. Lambda gives a
/// function 1,024 file descriptors; an attempt may need two, and the calls of AWS some.
const MAX_CONNECTIONS: usize = 200;

/// Why an invocation failed. Lambda repeats it; the claims prevent that anything is
/// delivered again.
#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    /// The ledger did not adopt deliveries that version 0.1.0 had dispatched.
    #[error("{count} deliveries of version 0.1.0 could not be recorded: {first}")]
    Ledger {
        /// How many deliveries.
        count: usize,
        /// The error of the first of them.
        #[source]
        first: LedgerError,
    },
    /// Deliveries were accepted, and neither the ledger nor the retry queue took that.
    #[error("{count} accepted deliveries could be neither recorded nor forwarded: {first}")]
    RetryQueue {
        /// How many deliveries.
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
    connections: Semaphore,
    tally: Mutex<Tally>,
}

#[derive(Default)]
struct Tally {
    metrics: Vec<(Metric, usize)>,
    ledger_errors: Vec<LedgerError>,
    queue_errors: Vec<AwsError>,
}

impl Invocation {
    pub(super) fn until(deadline: Deadline) -> Self {
        Self {
            deadline,
            connections: Semaphore::new(MAX_CONNECTIONS),
            tally: Mutex::default(),
        }
    }

    /// Waits until so many attempts may be made concurrently. They may for as long as
    /// the permit lives.
    pub(super) async fn connections(&self, count: usize) -> Option<SemaphorePermit<'_>> {
        let count = u32::try_from(count.min(MAX_CONNECTIONS)).ok()?;
        // Nobody closes the semaphore.
        self.connections.acquire_many(count).await.ok()
    }

    pub(super) fn count(&self, metric: Metric, count: usize) {
        self.tally().metrics.push((metric, count));
    }

    /// Fails the invocation: deliveries of version 0.1.0 are in no outbox.
    pub(super) fn fail_ledger(&self, error: LedgerError) {
        self.tally().ledger_errors.push(error);
    }

    /// Fails the invocation: an accepted delivery is neither recorded nor forwarded.
    pub(super) fn fail_queue(&self, error: AwsError) {
        self.tally().queue_errors.push(error);
    }

    /// Emits the metrics of `function`.
    ///
    /// # Errors
    ///
    /// When something must not be lost and could not be kept.
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
        if let Some(first) = tally.queue_errors.into_iter().next() {
            return Err(SenderError::RetryQueue {
                count: queue,
                first,
            });
        }
        match tally.ledger_errors.into_iter().next() {
            Some(first) => Err(SenderError::Ledger {
                count: ledger,
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
