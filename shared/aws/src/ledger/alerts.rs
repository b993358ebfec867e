//! The alert's own item: the router writes it once, retries read it again.

use std::collections::HashMap;
use std::io::{Read, Write};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, AlertId};
use tocsin_core::history::StoredAlert;
use tocsin_core::routing::{Disposition, Routing};

use super::attributes::{ALERT_ITEM, Item, invalid, key, missing, n, s, text, time};
use super::error::LedgerError;
use super::statement::{Statement, Written};
use super::table::Table;
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
    /// The ledger holds the same alert already. The routing that was decided then
    /// stays in force.
    Duplicate(Box<StoredAlert>),
    /// The ledger holds a different alert with this id.
    IdConflict,
}

/// The largest alert or routing that is read back, in bytes after decompression:
/// well above what `tocsin_core::alert::limits` lets in.
const MAX_DECOMPRESSED: u64 = 4 * 1024 * 1024;

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
        let mut attributes = vec![
            ("alertId", s(alert.alert_id.as_str())),
            ("item", s(ALERT_ITEM)),
            ("alert", compressed(alert)),
            ("routing", compressed(routing)),
            ("detectionId", s(&alert.detection_id)),
            ("title", s(&alert.title)),
            ("type", s(alert.alert_type.as_str())),
            ("severity", s(routing.severity.as_str())),
            ("disposition", s(routing.disposition.to_string())),
            // The index `timeline`, for lists and audits.
            ("day", s(received_at.day())),
            ("receivedAt", s(received_at.sortable())),
            ("expiresAt", n(self.expiry(*received_at))),
        ];
        if routing.disposition == Disposition::Unrouted {
            attributes.push(("attention", s("UNROUTED")));
            attributes.push(("attentionSince", s(received_at.sortable())));
        }
        Statement::insert(&self.name, attributes)
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
            let keys = chunk
                .iter()
                .map(|id| key(id.as_str(), ALERT_ITEM))
                .collect();
            for item in self.batch_get("reading recorded alerts", keys).await? {
                // An item that cannot be read does not affect the others.
                if let Some(id) = AlertId::new(text(&item, "alertId")?) {
                    found.insert(id, stored_alert(&item));
                }
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
        Some(Ok(known)) if known.alert.fingerprint() == alert.fingerprint() => {
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
    })
}

fn compressed<T: Serialize>(value: &T) -> AttributeValue {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail, and these types always serialize.
    let written = serde_json::to_vec(value)
        .map_err(std::io::Error::from)
        .and_then(|json| encoder.write_all(&json))
        .and_then(|()| encoder.finish());
    AttributeValue::B(Blob::new(written.unwrap_or_default()))
}

fn decompressed<T: DeserializeOwned>(item: &Item, name: &str) -> Result<T, LedgerError> {
    let blob = item
        .get(name)
        .and_then(|value| value.as_b().ok())
        .ok_or_else(|| missing(item, name))?;
    let mut json = Vec::new();
    GzDecoder::new(blob.as_ref())
        .take(MAX_DECOMPRESSED)
        .read_to_end(&mut json)
        .map_err(|error| invalid(item, name, error))?;
    serde_json::from_slice(&json).map_err(|error| invalid(item, name, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compressed_attribute_reads_back() {
        let item = Item::from([("alert".to_owned(), compressed(&vec!["a"; 1000]))]);
        let back: Vec<String> = decompressed(&item, "alert").unwrap();
        assert_eq!(back.len(), 1000);
        let broken = Item::from([(
            "alert".to_owned(),
            AttributeValue::B(Blob::new(b"not gzip".to_vec())),
        )]);
        let error = decompressed::<Vec<String>>(&broken, "alert").unwrap_err();
        assert!(error.to_string().contains("alert: "), "{error}");
    }
}
