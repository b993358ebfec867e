//! Claiming deliveries, so that no other sender attempts them at the same time.

use tocsin_aws::{Ledger, LedgerError};
use tocsin_core::Timestamp;
use tocsin_core::delivery::claim::Claim;
use tocsin_core::destination::ProviderName;

use super::task::{ClaimedTask, DeliveryTask};

#[derive(Clone, Copy)]
pub(super) struct Claims<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) provider: &'a ProviderName,
}

impl Claims<'_> {
    /// Claims deliveries in one call and returns those that this sender holds now. The
    /// others need nothing: another sender holds or has settled them, or the outbox
    /// looks at them at their due time.
    pub(super) async fn claim<'t>(&self, tasks: Vec<DeliveryTask<'t>>) -> Vec<ClaimedTask<'t>> {
        let now = Timestamp::now();
        let requests: Vec<_> = tasks
            .iter()
            .map(|task| task.claim_request(self.provider, now))
            .collect();
        let results = self.ledger.claim(&requests, now).await;
        let mut claimed = Vec::new();
        for (task, result) in tasks.into_iter().zip(results) {
            match result {
                Ok(Claim::Started(lease)) => claimed.push(ClaimedTask { task, lease }),
                Ok(Claim::Refused) => log_refused(&task),
                Err(error) => log_unclaimed(&task, &error),
            }
        }
        claimed
    }
}

fn log_refused(task: &DeliveryTask<'_>) {
    let (alert, name) = (task.alert_id(), task.destination_name());
    task.span.in_scope(|| {
        tracing::info!(
            "this attempt to deliver alert {alert} to {name} is not needed: another sender has made it, or is making it"
        );
    });
}

fn log_unclaimed(task: &DeliveryTask<'_>, error: &LedgerError) {
    let (alert, name) = (task.alert_id(), task.destination_name());
    task.span.in_scope(|| {
        tracing::warn!(
            %error,
            "alert {alert} to {name} could not be claimed and stays in the outbox: {error}"
        );
    });
}
