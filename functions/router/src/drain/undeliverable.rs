//! Deliveries that can never be made, because their alert is not in the ledger any
//! more or its item is damaged. They end as `FAILED`: what stayed in the outbox would
//! be taken up for ever.

use std::sync::Arc;
use std::time::Duration;

use tocsin_aws::{Ledger, LedgerError};
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::claim::{Claim, ClaimRequest, Lease};
use tocsin_core::delivery::settlement::{NewState, Settlement};
use tocsin_core::delivery::{Attempt, AttemptResult};
use tocsin_core::destination::ProviderName;
use tocsin_core::history::DeliveryRecord;
use tocsin_core::outbox::Priority;
use tocsin_core::outcome::{Failure, FailureKind};

/// The lease under which such a delivery is settled: longer than the router runs.
const LEASE: Duration = Duration::from_mins(1);

/// A delivery that can never be made.
#[derive(Clone, Debug)]
pub(super) struct Undeliverable {
    pub(super) alert_id: AlertId,
    pub(super) priority: Priority,
    pub(super) record: DeliveryRecord,
    pub(super) cause: Cause,
}

/// Why a delivery can never be made.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Cause {
    #[error("the alert is not in the ledger any more")]
    AlertExpired,
    #[error(transparent)]
    AlertUnreadable(LedgerError),
    #[error("the alert cannot be written: {0}")]
    AlertUnwritable(#[from] Arc<serde_json::Error>),
    #[error("the destination was deleted, and its provider is not known")]
    ProviderUnknown,
}

/// Ends these deliveries as `FAILED`; the number of those that it ended. One whose end
/// cannot be recorded is taken up again by a later drain.
pub(super) async fn end(ledger: &Ledger, deliveries: &[Undeliverable]) -> usize {
    let now = Timestamp::now();
    let requests: Vec<_> = deliveries.iter().map(Undeliverable::claim).collect();
    let claims = ledger.claim(&requests, now).await;
    let mut claimed = Vec::new();
    let mut settlements = Vec::new();
    for (one, claim) in deliveries.iter().zip(claims) {
        match claim {
            Ok(Claim::Started(lease)) => {
                claimed.push(one);
                settlements.push(one.settlement(lease, now));
            }
            Ok(Claim::Refused) => {}
            Err(error) => one.log_unended(&error),
        }
    }
    let settled = ledger.settle(&settlements).await;
    let mut ended = 0;
    for (one, result) in claimed.into_iter().zip(settled) {
        match result {
            Ok(_) => {
                ended += 1;
                one.log_ended();
            }
            Err(error) => one.log_unended(&error),
        }
    }
    ended
}

impl Undeliverable {
    fn claim(&self) -> ClaimRequest {
        let provider = ProviderName::new(&self.record.provider);
        ClaimRequest {
            alert_id: self.alert_id.clone(),
            destination_id: self.record.destination_id,
            display_name: self.record.display_name.clone(),
            provider: provider.unwrap_or_else(|_| ProviderName::unknown()),
            attempt: self.record.attempt.saturating_add(1),
            began_at: self.record.began_at,
            priority: self.priority,
            due: None,
            lease: LEASE,
        }
    }

    fn settlement(&self, lease: Lease, now: Timestamp) -> Settlement {
        let failure = Failure::new(FailureKind::Internal, self.cause.to_string());
        Settlement {
            alert_id: self.alert_id.clone(),
            destination_id: self.record.destination_id,
            lease,
            attempt: Attempt {
                number: self.record.attempt.saturating_add(1),
                at: now,
                duration_ms: 0,
                result: AttemptResult::Failed(failure),
            },
            new_state: NewState::Failed,
            priority: self.priority,
            prior_attempt: self.record.prior_attempt(),
        }
    }

    fn log_ended(&self) {
        let Self {
            alert_id, cause, ..
        } = self;
        tracing::error!(
            alert.id = alert_id.as_str(),
            error = %cause,
            "the delivery of alert {alert_id} can never be made and failed: {cause}"
        );
    }

    fn log_unended(&self, error: &LedgerError) {
        let Self {
            alert_id, cause, ..
        } = self;
        tracing::error!(
            alert.id = alert_id.as_str(),
            %error,
            "the delivery of alert {alert_id} can never be made ({cause}), and that could not be recorded: {error}"
        );
    }
}
