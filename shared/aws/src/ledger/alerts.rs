//! The alert's own item: written once by the router, read again by retries.

use std::collections::HashMap;
use std::io::{Read, Write};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, AlertId};
use tocsin_core::history::StoredAlert;
use tocsin_core::routing::{Disposition, Routing};

use super::statement::{Item, Statement, Written, n, s};
use super::{ALERT_ITEM, LedgerError, Table};
use crate::AwsError;

/// An alert and where it goes, to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct AlertRecord<'a> {
    /// The alert.
    pub alert: &'a Alert,
    /// Where it goes.
    pub routing: &'a Routing,
    /// When it came.
    pub received_at: Timestamp,
}

/// How recording an alert ended.
#[derive(Clone, Debug, PartialEq)]
pub enum PutAlert {
    /// It is new.
    Created,
    /// The very same alert was recorded before: what was decided then holds.
    Duplicate(Box<StoredAlert>),
    /// Its id belongs to a different alert.
    IdConflict,
}

/// The largest alert or routing, decompressed, that is read back: well above
/// what `tocsin_core::alert::limits` lets in.
const LARGEST: u64 = 4 * 1024 * 1024;

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
        let known: Vec<AlertId> = records
            .iter()
            .zip(&written)
            .filter(|(_, written)| matches!(written, Ok(Written::Refused(_))))
            .map(|(record, _)| record.alert.alert_id.clone())
            .collect();
        let stored = self.alerts(&known).await;
        records
            .iter()
            .zip(written)
            .map(|(record, written)| match written? {
                Written::Done => Ok(PutAlert::Created),
                Written::Refused(_) => recognise(record.alert, &stored),
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
            // What lists and audits go by.
            ("day", s(received_at.day())),
            ("receivedAt", s(received_at.sortable())),
            ("expiresAt", n(self.expiry(*received_at))),
        ];
        if routing.disposition == Disposition::Unrouted {
            attributes.push(("attention", s("UNROUTED")));
            attributes.push(("attentionSince", s(received_at.sortable())));
        }
        Statement::insert(&self.table, attributes)
    }

    pub(super) async fn alerts(
        &self,
        ids: &[AlertId],
    ) -> Result<HashMap<AlertId, Result<StoredAlert, LedgerError>>, LedgerError> {
        let mut found = HashMap::new();
        let mut unique = ids.to_vec();
        unique.sort();
        unique.dedup();
        // BatchGetItem takes 100 keys, but answers 16 MB at most: 25 of the largest fit.
        for some in unique.chunks(25) {
            let keys = some.iter().map(|id| key(id.as_str())).collect();
            for item in self.batch_get("reading recorded alerts", keys).await? {
                // The key is what was asked for; one item that cannot be read
                // costs itself only.
                if let Some(id) = AlertId::new(super::read::text(&item, "alertId")?) {
                    found.insert(id, stored(&item));
                }
            }
        }
        Ok(found)
    }

    /// These items, as far as there are any. 100 keys at most, and 16 MB of answer:
    /// `BatchGetItem`'s own limits.
    pub(super) async fn batch_get(
        &self,
        action: &'static str,
        keys: Vec<Item>,
    ) -> Result<Vec<Item>, LedgerError> {
        /// `DynamoDB` leaves keys unprocessed when it throttles; the SDK does not ask again.
        const ROUNDS: usize = 5;
        let mut items = Vec::new();
        let incomplete = |error: aws_sdk_dynamodb::error::BuildError| {
            AwsError::unexpected(action, error.to_string())
        };
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build()
            .map_err(incomplete)?;
        let mut pending = HashMap::from([(self.table.clone(), wanted)]);
        for _ in 0..ROUNDS {
            let answer = self
                .client
                .batch_get_item()
                .set_request_items(Some(pending))
                .send()
                .await
                .map_err(|error| AwsError::new(action, &error))?;
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            pending = answer.unprocessed_keys.unwrap_or_default();
            if pending.is_empty() {
                return Ok(items);
            }
        }
        Err(AwsError::unexpected(action, "DynamoDB left keys unprocessed; it throttles").into())
    }
}

fn recognise(
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
        None => Err(AwsError::unexpected("recording alerts", "an item came and went").into()),
    }
}

/// Reads a recorded alert.
pub(super) fn stored(item: &Item) -> Result<StoredAlert, LedgerError> {
    let received_at = super::read::text(item, "receivedAt")?
        .parse()
        .map_err(|problem| super::read::unreadable(item, format!("receivedAt: {problem}")))?;
    Ok(StoredAlert {
        alert: decompressed(item, "alert")?,
        routing: decompressed(item, "routing")?,
        received_at,
    })
}

pub(super) fn key(alert_id: &str) -> Item {
    Item::from([
        ("alertId".to_owned(), s(alert_id)),
        ("item".to_owned(), s(ALERT_ITEM)),
    ])
}

fn compressed<T: Serialize>(value: &T) -> AttributeValue {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail, and these types always serialise.
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
        .ok_or_else(|| super::read::unreadable(item, format!("{name} is missing")))?;
    let mut json = Vec::new();
    GzDecoder::new(blob.as_ref())
        .take(LARGEST)
        .read_to_end(&mut json)
        .map_err(|error| super::read::unreadable(item, format!("{name}: {error}")))?;
    serde_json::from_slice(&json)
        .map_err(|error| super::read::unreadable(item, format!("{name}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_reads_back() {
        let item = Item::from([("alert".to_owned(), compressed(&vec!["a"; 1000]))]);
        let back: Vec<String> = decompressed(&item, "alert").unwrap();
        assert_eq!(back.len(), 1000);
        let broken = Item::from([(
            "alert".to_owned(),
            AttributeValue::B(Blob::new(b"no gzip".to_vec())),
        )]);
        let error = decompressed::<Vec<String>>(&broken, "alert").unwrap_err();
        assert!(error.to_string().contains("alert: "), "{error}");
    }
}
