//! The alert's own item: the router writes it once, drains read it again.

use std::collections::HashMap;

use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, AlertId};
use tocsin_core::history::StoredAlert;
use tocsin_core::routing::{Disposition, Routing};

use super::attributes::{Item, Key, UNROUTED, alert_id, n, optional, s, time, word};
use super::compression::{
    ITEM_ROOM, ROUTING_ROOM, b, bytes, compressed, compressed_routing, decompressed,
};
use super::error::LedgerError;
use super::statement::{Statement, Written};
use super::table::Table;
use super::timeline::partition;
use crate::error::AwsError;

/// An alert with its routing, to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct AlertRecord<'a> {
    /// The alert.
    pub alert: &'a Alert,
    /// Where the alert goes.
    pub routing: &'a Routing,
    /// When the router received the alert.
    pub received_at: Timestamp,
}

/// The result of recording an alert.
#[derive(Clone, Debug, PartialEq)]
pub enum PutAlert {
    /// The ledger did not know the alert.
    Created,
    /// The ledger holds the same alert already, perhaps with other routing hints or
    /// another severity. The caller decides whether its routing grows.
    Duplicate(Box<StoredAlert>),
    /// The ledger holds a different alert with this id.
    IdConflict,
}

/// Alerts read in one call. `BatchGetItem` answers with 16 MB at most: 25 of the
/// largest items fit.
const ALERTS_PER_CALL: usize = 25;

impl Table {
    pub(super) async fn record(
        &self,
        records: &[AlertRecord<'_>],
    ) -> Vec<Result<PutAlert, LedgerError>> {
        let statements = records
            .iter()
            .map(|record| self.insertion(record))
            .collect();
        let written = self.write("recording alerts", statements).await;
        let refused: Vec<AlertId> = records
            .iter()
            .zip(&written)
            .filter(|(_, written)| matches!(written, Ok(Written::ConditionFailed(_))))
            .map(|(record, _)| record.alert.alert_id.clone())
            .collect();
        let stored = self.alerts(&refused).await;
        records
            .iter()
            .zip(written)
            .map(|(record, written)| match written? {
                Written::Applied => Ok(PutAlert::Created),
                Written::ConditionFailed(_) => compare(record.alert, &stored),
            })
            .collect()
    }

    fn insertion(&self, record: &AlertRecord<'_>) -> Statement {
        let AlertRecord {
            alert,
            routing,
            received_at,
        } = record;
        let id = &alert.alert_id;
        let alert_bytes = compressed(alert);
        let room = ITEM_ROOM.saturating_sub(alert_bytes.len());
        let routing_bytes = compressed_routing(id, routing, room);
        let mut attributes = vec![
            ("alert", b(alert_bytes)),
            ("routing", b(routing_bytes)),
            ("detectionId", s(&alert.detection_id)),
            ("title", s(&alert.title)),
            ("type", s(alert.alert_type.as_str())),
            ("severity", s(routing.severity.as_str())),
            ("disposition", s(routing.disposition.to_string())),
            // The index `timeline`, for lists and audits.
            ("day", s(partition(*received_at, id))),
            ("receivedAt", s(received_at.sortable())),
            ("expiresAt", n(self.expiry(*received_at))),
        ];
        if routing.disposition == Disposition::Unrouted {
            attributes.push(("attention", s(UNROUTED)));
            attributes.push(("attentionSince", s(received_at.sortable())));
        }
        Statement::insert(Key::alert(id), attributes)
    }

    pub(super) async fn update_routing(
        &self,
        id: &AlertId,
        routing: &Routing,
    ) -> Result<(), LedgerError> {
        const ACTION: &str = "recording the routing of a repeated alert";
        let mut routing_bytes = compressed_routing(id, routing, usize::MAX);
        if routing_bytes.len() > ROUTING_ROOM {
            let items = self.batch_get(ACTION, [Key::alert(id)]).await?;
            let alert_size = items
                .first()
                .map(|item| bytes(item, "alert").map(<[u8]>::len));
            let room = ITEM_ROOM.saturating_sub(alert_size.transpose()?.unwrap_or_default());
            routing_bytes = compressed_routing(id, routing, room);
        }
        let mut updated = Statement::update(Key::alert(id))
            .set("routing", b(routing_bytes))
            .set("severity", s(routing.severity.as_str()))
            .set("disposition", s(routing.disposition.to_string()));
        if routing.disposition != Disposition::Unrouted {
            updated = updated.remove("attention").remove("attentionSince");
        }
        match self.write_one(ACTION, updated).await? {
            Written::Applied => Ok(()),
            Written::ConditionFailed(_) => {
                Err(AwsError::unexpected(ACTION, "the ledger does not have the alert").into())
            }
        }
    }

    pub(super) async fn alerts(
        &self,
        ids: &[AlertId],
    ) -> Result<HashMap<AlertId, Result<StoredAlert, LedgerError>>, LedgerError> {
        let mut found = HashMap::new();
        let mut unique = ids.to_vec();
        unique.sort();
        unique.dedup();
        for chunk in unique.chunks(ALERTS_PER_CALL) {
            let keys = chunk.iter().map(Key::alert);
            for item in self.batch_get("reading recorded alerts", keys).await? {
                // An item that cannot be read does not affect the others.
                found.insert(alert_id(&item)?, stored_alert(&item));
            }
        }
        Ok(found)
    }
}

/// Compares a refused alert with the alert that the ledger holds under its id.
fn compare(
    alert: &Alert,
    stored: &Result<HashMap<AlertId, Result<StoredAlert, LedgerError>>, LedgerError>,
) -> Result<PutAlert, LedgerError> {
    let stored = stored.as_ref().map_err(Clone::clone)?;
    match stored.get(&alert.alert_id) {
        Some(Ok(known)) if known.alert.is_same_finding(alert) => {
            Ok(PutAlert::Duplicate(Box::new(known.clone())))
        }
        Some(Ok(_)) => Ok(PutAlert::IdConflict),
        Some(Err(error)) => Err(error.clone()),
        None => Err(AwsError::unexpected(
            "recording alerts",
            "DynamoDB refused an item that it does not have",
        )
        .into()),
    }
}

/// Reads the alert's item.
pub(super) fn stored_alert(item: &Item) -> Result<StoredAlert, LedgerError> {
    Ok(StoredAlert {
        alert: decompressed(item, "alert")?,
        routing: decompressed(item, "routing")?,
        received_at: time(item, "receivedAt")?,
        resent_as: optional(item, "resentAs", word)?,
    })
}
