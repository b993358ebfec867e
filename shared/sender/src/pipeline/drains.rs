//! The leases of drains: one drain of a destination runs at a time.

use tocsin_aws::Ledger;
use tocsin_core::delivery::Drain;

use super::invocation::Invocation;

#[derive(Clone, Copy)]
pub(super) struct Drains<'a> {
    pub(super) invocation: &'a Invocation,
    pub(super) ledger: &'a Ledger,
}

impl Drains<'_> {
    /// Releases the lease, so that the next wake-up finds it free.
    pub(super) async fn release(&self, drain: Drain) {
        let limit = self.invocation.deadline.best_effort();
        let release = self.ledger.release_drain(drain.destination_id, drain.until);
        match tokio::time::timeout(limit, release).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log(drain, &error.to_string()),
            Err(_) => log(drain, "no response in time"),
        }
    }
}

fn log(drain: Drain, error: &str) {
    tracing::warn!(
        destination.id = %drain.destination_id,
        error,
        "the drain of destination {} could not be released and is free at {}: {error}",
        drain.destination_id,
        drain.until
    );
}
