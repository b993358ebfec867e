//! Compressed attributes, and the size of an alert's item.
//!
//! `DynamoDB` takes items of up to 400 KB (409,600 bytes, names included). An alert's
//! JSON is bounded where it is parsed ([`limits::ALERT`]), and gzip does not make it
//! longer by more than some bytes, whatever its content. The routing gets the rest.

use std::io::{Error, Read, Write};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tocsin_core::alert::{AlertId, limits};
use tocsin_core::routing::Routing;

use super::attributes::{Item, invalid, missing};
use super::error::LedgerError;

/// The most bytes of the compressed alert and the compressed routing together. The other
/// attributes of the item have 12 KB at most: the title and the detection's id, up to
/// 1,000 characters of 4 bytes each, the alert's id, and some 300 bytes.
pub(super) const ITEM_ROOM: usize = 388 * 1024;

/// The most bytes of the compressed routing beside an alert of any size: some 1,000
/// targets.
pub(super) const ROUTING_ROOM: usize = ITEM_ROOM - limits::ALERT - 1024;

/// The largest alert or routing that is read back, in bytes after decompression:
/// well above what is ever written.
const MAX_DECOMPRESSED: u64 = 4 * 1024 * 1024;

/// The value as compressed JSON.
pub(super) fn compressed<T: Serialize>(value: &T) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail, and these types always serialize.
    let written = serde_json::to_vec(value)
        .map_err(Error::from)
        .and_then(|json| encoder.write_all(&json))
        .and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

/// The routing as compressed JSON of at most `room` bytes. Destinations that were not
/// chosen are cut first; then, of thousands of targets, those at the end: their
/// deliveries are recorded all the same.
pub(super) fn compressed_routing(id: &AlertId, routing: &Routing, room: usize) -> Vec<u8> {
    let mut stored = routing.bounded();
    let mut bytes = compressed(&stored);
    while bytes.len() > room && !(stored.passed_over.is_empty() && stored.targets.is_empty()) {
        if stored.passed_over.is_empty() {
            stored.targets.truncate(stored.targets.len() / 2);
        }
        stored.passed_over.clear();
        bytes = compressed(&stored);
    }
    if stored.targets.len() < routing.targets.len() {
        tracing::error!(
            alert_id = %id,
            targets = routing.targets.len(),
            recorded = stored.targets.len(),
            "the alert has more targets than its item in the ledger holds; it is delivered to all, and its record lists some"
        );
    }
    bytes
}

pub(super) fn b(bytes: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(super) fn bytes<'a>(item: &'a Item, name: &str) -> Result<&'a [u8], LedgerError> {
    item.get(name)
        .and_then(|value| value.as_b().ok())
        .map(AsRef::as_ref)
        .ok_or_else(|| missing(item, name))
}

pub(super) fn decompressed<T: DeserializeOwned>(item: &Item, name: &str) -> Result<T, LedgerError> {
    let mut json = Vec::new();
    GzDecoder::new(bytes(item, name)?)
        .take(MAX_DECOMPRESSED)
        .read_to_end(&mut json)
        .map_err(|error| invalid(item, name, error))?;
    serde_json::from_slice(&json).map_err(|error| invalid(item, name, error))
}

#[cfg(test)]
mod tests {
    use tocsin_core::destination::{DestinationId, ProviderName};
    use tocsin_core::routing::{Reason, Target};

    use super::*;

    #[test]
    fn a_compressed_attribute_reads_back() {
        let item = Item::from([("alert".to_owned(), b(compressed(&vec!["a"; 1000])))]);
        let back: Vec<String> = decompressed(&item, "alert").unwrap();
        assert_eq!(back.len(), 1000);
        let broken = Item::from([("alert".to_owned(), b(b"not gzip".to_vec()))]);
        let error = decompressed::<Vec<String>>(&broken, "alert").unwrap_err();
        assert!(error.to_string().contains("alert: "), "{error}");
    }

    /// Text of up to 7 bits of entropy for each byte: more than any real content has.
    fn random_text(bytes: usize) -> String {
        let mut random = fastrand::Rng::with_seed(7);
        let characters = std::iter::repeat_with(|| random.char(' '..'\u{7f}'));
        characters
            .filter(|c| !"\"\\".contains(*c))
            .take(bytes)
            .collect()
    }

    #[test]
    fn content_that_cannot_be_compressed_grows_by_some_bytes_at_most() {
        let text = random_text(limits::ALERT);
        assert!(compressed(&text).len() <= limits::ALERT + 1024);
    }

    #[test]
    fn a_routing_of_any_size_fits() {
        let target = || Target {
            destination_id: DestinationId::generate(),
            display_name: random_text(100),
            provider: ProviderName::new("slack").unwrap(),
            reason: Reason::SystemError,
        };
        let routing = Routing {
            targets: std::iter::repeat_with(target).take(5_000).collect(),
            ..serde_json::from_str(
                r#"{"disposition":"ROUTED","severity":"LOW","targets":[],"passedOver":[],"warnings":[]}"#,
            )
            .unwrap()
        };
        let id = AlertId::new("a").unwrap();
        let bytes = compressed_routing(&id, &routing, ROUTING_ROOM);
        assert!(bytes.len() <= ROUTING_ROOM, "{}", bytes.len());
        let item = Item::from([("routing".to_owned(), b(bytes))]);
        let stored: Routing = decompressed(&item, "routing").unwrap();
        assert!(stored.targets.len() >= 500, "{}", stored.targets.len());
        assert_eq!(stored.targets[0], routing.targets[0]);
    }
}
