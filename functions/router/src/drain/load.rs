//! From due deliveries to the payload of their sender: the alerts come from the ledger,
//! the destination is as it is configured now.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tocsin_aws::{Ledger, LedgerError};
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::{AlertDeliveries, Drain};
use tocsin_core::destination::{Destinations, ProviderName};
use tocsin_core::history::{DeliveryRecord, StoredAlert};
use tocsin_core::outbox::DueEntry;
use tocsin_core::routing::Routing;

use super::undeliverable::{Cause, Undeliverable};
use crate::dispatch::{Payload, SharedAlert};

/// Alerts that are read in one call, and held with the payload: up to 11 MB.
pub(super) const ALERTS_PER_READ: usize = 25;

/// What the sender gets, and what can never be delivered.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The provider of the destination; `None` if nothing says it.
    pub(super) provider: Option<ProviderName>,
    pub(super) payload: Payload,
    pub(super) undeliverable: Vec<Undeliverable>,
}

/// Reads the alerts of due deliveries until one payload is full: a drain is one invoke,
/// because its lease is one. What has no room stays due, and the next drain takes it.
pub(super) async fn load(
    ledger: &Ledger,
    destinations: &Destinations,
    drain: Drain,
    mut deliveries: VecDeque<(DueEntry, DeliveryRecord)>,
) -> Result<Loaded, LedgerError> {
    let destination = destinations.get(drain.destination_id);
    let mut loaded = Loaded {
        provider: destination.map(|one| one.provider.clone()),
        payload: Payload::new(Some(drain)),
        undeliverable: Vec::new(),
    };
    while !deliveries.is_empty() {
        let count = deliveries.len().min(ALERTS_PER_READ);
        let next: Vec<_> = deliveries.drain(..count).collect();
        let ids: Vec<_> = next
            .iter()
            .map(|(entry, _)| entry.alert_id.clone())
            .collect();
        let mut alerts = ledger.alerts(&ids).await?;
        for (entry, record) in next {
            if loaded.add(entry, record, &mut alerts, destinations) == Room::None {
                return Ok(loaded);
            }
        }
    }
    Ok(loaded)
}

/// Whether a payload has room for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Some,
    None,
}

type StoredAlerts = HashMap<AlertId, Result<StoredAlert, LedgerError>>;

impl Loaded {
    fn add(
        &mut self,
        entry: DueEntry,
        record: DeliveryRecord,
        alerts: &mut StoredAlerts,
        destinations: &Destinations,
    ) -> Room {
        // The provider of a destination that was deleted is in the records.
        if self.provider.is_none() {
            let recorded = ProviderName::new(&record.provider).ok();
            self.provider = recorded.filter(|name| *name != ProviderName::unknown());
        }
        let shared = match self.provider {
            None => Err(Cause::ProviderUnknown),
            Some(_) => shared(alerts.remove(&entry.alert_id)),
        };
        match shared {
            Ok((alert, routing)) => {
                let added = self.payload.add(AlertDeliveries {
                    alert,
                    severity: routing.severity,
                    deliveries: vec![record.next_delivery(&routing.targets, destinations)],
                });
                if added.is_ok() {
                    Room::Some
                } else {
                    Room::None
                }
            }
            Err(cause) => {
                self.undeliverable.push(Undeliverable {
                    alert_id: entry.alert_id,
                    priority: entry.due.priority,
                    record,
                    cause,
                });
                Room::Some
            }
        }
    }
}

fn shared(
    stored: Option<Result<StoredAlert, LedgerError>>,
) -> Result<(SharedAlert, Routing), Cause> {
    let stored = stored.ok_or(Cause::AlertExpired)?;
    let stored = stored.map_err(Cause::AlertUnreadable)?;
    let alert = SharedAlert::of(&stored.alert).map_err(Arc::new)?;
    Ok((alert, stored.routing))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tocsin_core::outbox::{DueKey, Priority};
    use tocsin_core::routing::route;

    use super::*;

    const ID: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";

    fn record(provider: &str) -> DeliveryRecord {
        serde_json::from_value(json!({
            "destinationId": ID, "displayName": "d", "provider": provider, "deliveryId": "x",
            "state": "QUEUED", "attempt": 0, "attempts": [],
            "beganAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
        }))
        .unwrap()
    }

    /// Adds a delivery of an alert that the ledger has, or not.
    fn added(provider: &str, stored: Option<StoredAlert>) -> Loaded {
        let destinations = Destinations::default();
        let mut loaded = Loaded {
            provider: None,
            payload: Payload::new(None),
            undeliverable: Vec::new(),
        };
        let record = record(provider);
        let entry = DueEntry {
            alert_id: tocsin_testing::full().alert_id,
            destination_id: record.destination_id,
            detection_id: "d".to_owned(),
            due: DueKey {
                priority: Priority::High,
                at: record.began_at,
            },
        };
        let stored = stored.map(|stored| (entry.alert_id.clone(), Ok(stored)));
        let mut alerts = StoredAlerts::from_iter(stored);
        assert_eq!(
            loaded.add(entry, record, &mut alerts, &destinations),
            Room::Some
        );
        loaded
    }

    fn stored() -> StoredAlert {
        let alert = tocsin_testing::full();
        StoredAlert {
            routing: route(&alert, &Destinations::default(), None),
            received_at: alert.created_at,
            resent_as: None,
            alert,
        }
    }

    #[test]
    fn the_sender_of_a_deleted_destination_records_that() {
        let loaded = added("slack", Some(stored()));
        assert_eq!(loaded.provider, ProviderName::new("slack").ok());
        let entries = loaded.payload.into_entries();
        assert!(entries[0].deliveries[0].removed.is_some());
        assert!(loaded.undeliverable.is_empty());
    }

    #[test]
    fn what_can_never_be_delivered_is_set_aside() {
        for (provider, stored, cause) in [
            ("slack", None, "the alert is not in the ledger any more"),
            (
                "unknown",
                Some(stored()),
                "the destination was deleted, and its provider is not known",
            ),
        ] {
            let loaded = added(provider, stored);
            assert!(loaded.payload.is_empty());
            let causes = loaded.undeliverable.iter().map(|one| one.cause.to_string());
            assert_eq!(causes.collect::<Vec<_>>(), [cause]);
        }
    }
}
