//! One delivery on its way through a sender: what it asks of the ledger and the
//! retry queue, and what it says in the log.

use std::time::Duration;

use tocsin_aws::{ClaimRequest, Lease, Settlement, Verdict};
use tocsin_core::Timestamp;
use tocsin_core::delivery::{Attempt, AttemptResult, Delivery, Earlier, Parcel, Retry};
use tocsin_core::destination::ProviderName;

use super::LEASE;

/// One delivery with its alert.
pub(super) struct Order<'a> {
    pub(super) parcel: &'a Parcel,
    pub(super) delivery: &'a Delivery,
}

/// An order whose attempt is over.
pub(super) struct Finished<'a> {
    pub(super) order: &'a Order<'a>,
    pub(super) lease: Lease,
    pub(super) attempt: Attempt,
    pub(super) verdict: Verdict,
}

impl Order<'_> {
    pub(super) fn claim(&self, provider: &ProviderName) -> ClaimRequest {
        ClaimRequest {
            alert_id: self.parcel.alert.alert_id.clone(),
            destination_id: self.delivery.destination_id,
            display_name: self.delivery.display_name.clone(),
            provider: provider.clone(),
            attempt: self.delivery.attempt,
            first_attempt_at: self.delivery.first_attempt_at,
            lease: LEASE,
        }
    }

    /// The same attempt, later.
    pub(super) fn retry(&self, due: Timestamp) -> Retry {
        Retry {
            alert_id: self.parcel.alert.alert_id.clone(),
            destination_id: self.delivery.destination_id,
            attempt: self.delivery.attempt,
            first_attempt_at: self.delivery.first_attempt_at,
            earlier: self.delivery.earlier,
            due,
        }
    }

    /// The same attempt, once whoever is at it has settled or vanished.
    pub(super) fn retry_after_other(&self, until: Timestamp) -> Retry {
        Retry {
            earlier: Earlier::MayHaveArrived,
            ..self.retry(until.plus(Duration::from_secs(1)))
        }
    }

    pub(super) fn log_attempt(&self, attempt: &Attempt, verdict: Verdict) {
        let state = verdict.state().as_str();
        let common = (
            self.parcel.alert.alert_id.as_str(),
            self.delivery.display_name.as_str(),
            self.delivery.destination_id,
        );
        match &attempt.result {
            AttemptResult::Delivered(_) => tracing::info!(
                alert.id = common.0,
                destination.name = common.1,
                destination.id = %common.2,
                attempt = attempt.number,
                duration_ms = attempt.duration_ms,
                state,
                "delivered"
            ),
            AttemptResult::Failed(failure) => tracing::warn!(
                alert.id = common.0,
                destination.name = common.1,
                destination.id = %common.2,
                attempt = attempt.number,
                duration_ms = attempt.duration_ms,
                state,
                failure = %failure,
                "the attempt failed"
            ),
        }
    }

    pub(super) fn log_dropped(&self, because: &str) {
        tracing::info!(
            alert.id = self.parcel.alert.alert_id.as_str(),
            destination.id = %self.delivery.destination_id,
            attempt = self.delivery.attempt,
            because,
            "this attempt is not needed any more"
        );
    }

    pub(super) fn log_fenced(&self) {
        tracing::warn!(
            alert.id = self.parcel.alert.alert_id.as_str(),
            destination.id = %self.delivery.destination_id,
            attempt = self.delivery.attempt,
            "the lease ran out during the attempt, somebody else took the delivery over: it may have arrived twice"
        );
    }
}

impl Finished<'_> {
    /// The next attempt, when there is to be one.
    pub(super) fn retry(&self) -> Option<Retry> {
        let Verdict::Retrying { due } = self.verdict else {
            return None;
        };
        let arrived = match &self.attempt.result {
            AttemptResult::Failed(failure) => failure.kind.may_have_arrived(),
            AttemptResult::Delivered(_) => true,
        };
        Some(Retry {
            attempt: self.attempt.number + 1,
            first_attempt_at: Some(self.lease.first_attempt_at),
            earlier: if arrived {
                Earlier::MayHaveArrived
            } else {
                self.order.delivery.earlier
            },
            ..self.order.retry(due)
        })
    }

    pub(super) fn settlement(&self) -> Settlement {
        Settlement {
            alert_id: self.order.parcel.alert.alert_id.clone(),
            destination_id: self.order.delivery.destination_id,
            lease: self.lease,
            attempt: self.attempt.clone(),
            verdict: self.verdict,
        }
    }
}
