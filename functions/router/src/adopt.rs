//! The messages of the retry queue that are about one delivery: attempts that could not
//! be recorded, and retries of version 0.1.0.

use std::collections::HashMap;
use std::sync::Arc;

use tocsin_aws::{DestinationCache, Ledger, LedgerError, Queue};
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::claim::Lease;
use tocsin_core::delivery::record::Adoption;
use tocsin_core::delivery::settlement::{NewState, SettleResult, Settlement};
use tocsin_core::delivery::{NewDelivery, PriorAttempt};
use tocsin_core::destination::Destinations;
use tocsin_core::history::StoredAlert;
use tocsin_core::outbox::Priority;
use tocsin_core::retry_queue::{Retry, UnrecordedDelivery};
use tocsin_core::routing::Target;

use crate::invocation::Invocation;
use crate::records::Record;
use crate::reject::{Rejection, reject};

/// Records what the messages of the retry queue say about deliveries.
pub(crate) struct Adopter<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) destinations: &'a DestinationCache,
    /// For messages that can never be processed.
    pub(crate) dead_letter_queue: &'a Queue,
}

/// Why a message of the retry queue can never be processed.
#[derive(Debug, thiserror::Error)]
enum MessageError {
    #[error("it is not a message of the retry queue: {0}")]
    NotARetry(#[from] serde_json::Error),
    #[error("the alert is not in the ledger any more")]
    AlertExpired,
    #[error(transparent)]
    AlertUnreadable(#[from] LedgerError),
    #[error("the alert was not routed to this destination")]
    NotATarget,
}

impl From<MessageError> for Rejection {
    fn from(error: MessageError) -> Self {
        let code = match error {
            MessageError::NotARetry(_) => "NotARetry",
            MessageError::AlertExpired => "AlertExpired",
            MessageError::AlertUnreadable(_) => "AlertUnreadable",
            MessageError::NotATarget => "NotATarget",
        };
        Self {
            code,
            detail: error.to_string(),
        }
    }
}

impl Adopter<'_> {
    /// Sends messages that cannot be read to the dead-letter queue.
    pub(crate) async fn reject(
        &self,
        unreadable: Vec<(Record, serde_json::Error)>,
        invocation: &mut Invocation,
    ) {
        let rejected = unreadable
            .into_iter()
            .map(|(record, error)| (record, MessageError::from(error).into()))
            .collect();
        reject(self.dead_letter_queue, rejected, invocation).await;
    }

    /// Settles attempts that were accepted and could not be recorded.
    pub(crate) async fn settle(
        &self,
        unrecorded: Vec<(Record, UnrecordedDelivery)>,
        invocation: &mut Invocation,
    ) {
        let (records, settlements): (Vec<_>, Vec<_>) = unrecorded
            .into_iter()
            .map(|(record, one)| (record, settlement(one)))
            .unzip();
        let settled = self.ledger.settle(&settlements).await;
        for ((record, one), result) in records.iter().zip(&settlements).zip(settled) {
            let (alert_id, id) = (&one.alert_id, one.destination_id);
            match result {
                Ok(SettleResult::Settled) => {}
                Ok(SettleResult::LeaseLost) => tracing::warn!(
                    alert.id = alert_id.as_str(),
                    destination.id = %id,
                    attempt = one.attempt.number,
                    "attempt {} of alert {alert_id} was delivered, and another sender has taken the delivery over since: it may arrive twice",
                    one.attempt.number
                ),
                Err(error) => invocation.failed.add(&record.message_id, &error),
            }
        }
    }

    /// Puts the deliveries of retries into the outbox.
    pub(crate) async fn adopt(&self, retries: Vec<(Record, Retry)>, invocation: &mut Invocation) {
        if retries.is_empty() {
            return;
        }
        let (alerts, destinations) = match self.look_up(&retries).await {
            Ok(found) => found,
            Err(error) => {
                for (record, _) in &retries {
                    invocation.failed.add(&record.message_id, &error);
                }
                return;
            }
        };
        let now = Timestamp::now();
        let mut records = Vec::new();
        let mut adoptions = Vec::new();
        let mut rejected = Vec::new();
        for (record, retry) in retries {
            match adoption(&retry, &alerts, &destinations, now) {
                Ok(adoption) => {
                    records.push(record);
                    adoptions.push(adoption);
                }
                Err(error) => rejected.push((record, error.into())),
            }
        }
        reject(self.dead_letter_queue, rejected, invocation).await;
        let adopted = self.ledger.adopt(&adoptions, now).await;
        for ((record, adoption), result) in records.iter().zip(&adoptions).zip(adopted) {
            let NewDelivery {
                destination_id,
                due,
                ..
            } = adoption.delivery;
            match result {
                Ok(()) => invocation.wake_ups.add(destination_id, due.since(now)),
                Err(error) => invocation.failed.add(&record.message_id, &error),
            }
        }
    }

    async fn look_up(
        &self,
        retries: &[(Record, Retry)],
    ) -> Result<(StoredAlerts, Arc<Destinations>), LedgerError> {
        let ids: Vec<_> = retries
            .iter()
            .map(|(_, one)| one.alert_id.clone())
            .collect();
        let alerts = self.ledger.alerts(&ids).await?;
        Ok((alerts, self.destinations.get().await?))
    }
}

/// The alerts in the ledger, or why one of them cannot be read.
type StoredAlerts = HashMap<AlertId, Result<StoredAlert, LedgerError>>;

fn settlement(unrecorded: UnrecordedDelivery) -> Settlement {
    let UnrecordedDelivery {
        alert_id,
        destination_id,
        began_at,
        attempt,
    } = unrecorded;
    Settlement {
        alert_id,
        destination_id,
        lease: Lease {
            until: attempt.lease_until,
            began_at,
        },
        attempt: attempt.attempt,
        new_state: NewState::Delivered,
        // It leaves the outbox, where only the priority of what waits matters.
        priority: Priority::Normal,
        prior_attempt: PriorAttempt::NotDelivered,
    }
}

fn adoption(
    retry: &Retry,
    alerts: &StoredAlerts,
    destinations: &Destinations,
    now: Timestamp,
) -> Result<Adoption, MessageError> {
    let Some(stored) = alerts.get(&retry.alert_id) else {
        return Err(MessageError::AlertExpired);
    };
    let stored = stored.as_ref().map_err(Clone::clone)?;
    let id = retry.destination_id;
    let mut targets = stored.routing.targets.iter();
    let routed = targets.find(|target| target.destination_id == id);
    let fallback = || {
        retry.fallback_for?;
        destinations.get(id).map(Target::fallback)
    };
    let target = routed.cloned().or_else(fallback);
    let target = target.ok_or(MessageError::NotATarget)?;
    Ok(Adoption {
        delivery: NewDelivery {
            alert_id: retry.alert_id.clone(),
            destination_id: id,
            display_name: target.display_name,
            provider: target.provider,
            detection_id: stored.alert.detection_id.clone(),
            severity: stored.routing.severity,
            due: retry.due,
            fallback_for: retry.fallback_for,
        },
        attempts: retry.attempt.saturating_sub(1),
        began_at: retry.began_at.unwrap_or(now),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tocsin_core::destination::DestinationId;
    use tocsin_core::routing::route;

    use super::*;

    const TARGET: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";
    const OTHER: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d12";

    fn destinations() -> Destinations {
        let one = |(id, severities): (&str, Value)| {
            serde_json::from_value(json!({
                "destinationId": id, "displayName": id, "type": "slack", "severities": severities,
                "createdAt": "2026-01-01T00:00:00Z", "createdBy": "a",
                "updatedAt": "2026-01-01T00:00:00Z", "updatedBy": "a", "revision": 1,
            }))
            .unwrap()
        };
        [(TARGET, json!(["HIGH"])), (OTHER, json!([]))]
            .map(one)
            .into_iter()
            .collect()
    }

    fn adopted(retry: Value) -> Result<Adoption, &'static str> {
        let retry: Retry = serde_json::from_value(retry).unwrap();
        let alert = tocsin_testing::full();
        let received_at = "2026-01-01T00:00:00Z".parse().unwrap();
        let stored = StoredAlert {
            routing: route(&alert, &destinations(), None),
            received_at,
            resent_as: None,
            alert,
        };
        let alerts = HashMap::from([(stored.alert.alert_id.clone(), Ok(stored))]);
        adoption(&retry, &alerts, &destinations(), received_at)
            .map_err(|error| Rejection::from(error).code)
    }

    #[test]
    fn a_retry_of_version_0_1_0_becomes_a_due_delivery() {
        let alert_id = tocsin_testing::full().alert_id;
        let retry = |id: &str, more: Value| {
            let mut retry = json!({
                "alertId": alert_id, "destinationId": id, "attempt": 3,
                "beganAt": "2026-01-01T00:00:00Z", "due": "2026-01-01T00:05:00Z",
            });
            retry
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            retry
        };
        let adoption = adopted(retry(TARGET, json!({}))).unwrap();
        assert_eq!(adoption.attempts, 2);
        assert_eq!(
            adoption.delivery.due_key().to_string(),
            "1#2026-01-01T00:05:00.000000000Z"
        );
        assert_eq!(adoption.delivery.fallback_for, None);

        let fallback = adopted(retry(OTHER, json!({"standsInFor": TARGET}))).unwrap();
        assert_eq!(fallback.delivery.fallback_for, DestinationId::parse(TARGET));

        assert_eq!(adopted(retry(OTHER, json!({}))), Err("NotATarget"));
        let expired = retry(TARGET, json!({"alertId": "another"}));
        assert_eq!(adopted(expired), Err("AlertExpired"));
    }
}
