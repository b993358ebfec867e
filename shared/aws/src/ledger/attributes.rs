//! Attributes of the ledger's items: how they are written and read.

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::destination::DestinationId;

use super::error::{AttributeError, LedgerError};

pub(super) type Item = HashMap<String, AttributeValue>;

/// The sort key of the item that holds the alert itself.
pub(super) const ALERT_ITEM: &str = "ALERT";

/// The sort key of the item that holds a destination's health; its partition key is
/// the destination's id.
pub(super) const HEALTH_ITEM: &str = "HEALTH";

/// Each settled attempt is an attribute of its own: this prefix and the attempt's
/// number, such as `attempt#1`.
pub(super) const ATTEMPT_PREFIX: &str = "attempt#";

/// The end of a lease that nobody holds. A number, not a missing attribute, so that one
/// comparison finds out whether a lease has ended.
pub(super) const NO_LEASE: i64 = 0;

/// The partition of the index `attention` for alerts that nothing matched.
pub(super) const UNROUTED: &str = "UNROUTED";

pub(super) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// The primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) alert_id: String,
    pub(super) item: String,
}

impl Key {
    pub(super) fn new(alert_id: impl Into<String>, item: impl Into<String>) -> Self {
        Self {
            alert_id: alert_id.into(),
            item: item.into(),
        }
    }

    /// The item of an alert itself.
    pub(super) fn alert(id: &AlertId) -> Self {
        Self::new(id.as_str(), ALERT_ITEM)
    }

    /// The item of a delivery.
    pub(super) fn delivery(alert: &AlertId, destination: DestinationId) -> Self {
        Self::new(alert.as_str(), destination.to_string())
    }

    /// The item of a destination's health.
    pub(super) fn health(id: DestinationId) -> Self {
        Self::new(id.to_string(), HEALTH_ITEM)
    }

    /// The two attributes.
    pub(super) fn attributes(self) -> Item {
        Item::from([
            ("alertId".to_owned(), s(self.alert_id)),
            ("item".to_owned(), s(self.item)),
        ])
    }
}

/// The id of the alert that an item belongs to.
pub(super) fn alert_id(item: &Item) -> Result<AlertId, LedgerError> {
    AlertId::new(text(item, "alertId")?)
        .ok_or_else(|| invalid(item, "alertId", "not the id of an alert"))
}

pub(super) fn text<'a>(item: &'a Item, name: &str) -> Result<&'a str, LedgerError> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
        .ok_or_else(|| missing(item, name))
}

pub(super) fn integer(item: &Item, name: &str) -> Result<i64, LedgerError> {
    let number = item
        .get(name)
        .and_then(|value| value.as_n().ok())
        .ok_or_else(|| missing(item, name))?;
    number.parse().map_err(|error| invalid(item, name, error))
}

pub(super) fn time(item: &Item, name: &str) -> Result<Timestamp, LedgerError> {
    text(item, name)?
        .parse()
        .map_err(|error| invalid(item, name, error))
}

pub(super) fn destination_id(item: &Item, name: &str) -> Result<DestinationId, LedgerError> {
    DestinationId::parse(text(item, name)?)
        .ok_or_else(|| invalid(item, name, "not the id of a destination"))
}

/// An attribute that holds JSON.
pub(super) fn json<T: DeserializeOwned>(item: &Item, name: &str) -> Result<T, LedgerError> {
    serde_json::from_str(text(item, name)?).map_err(|error| invalid(item, name, error))
}

/// An attribute whose text is a value that JSON writes as a string.
pub(super) fn word<T: DeserializeOwned>(item: &Item, name: &str) -> Result<T, LedgerError> {
    let word = serde_json::Value::from(text(item, name)?);
    serde_json::from_value(word).map_err(|error| invalid(item, name, error))
}

/// `None` when the item does not have the attribute.
pub(super) fn optional<T>(
    item: &Item,
    name: &str,
    read: impl Fn(&Item, &str) -> Result<T, LedgerError>,
) -> Result<Option<T>, LedgerError> {
    if item.contains_key(name) {
        read(item, name).map(Some)
    } else {
        Ok(None)
    }
}

pub(super) fn missing(item: &Item, name: &str) -> LedgerError {
    unreadable(item, AttributeError::missing(name))
}

pub(super) fn invalid(
    item: &Item,
    name: &str,
    why: impl Into<Box<dyn Error + Send + Sync>>,
) -> LedgerError {
    unreadable(item, AttributeError::invalid(name, why))
}

fn unreadable(item: &Item, source: AttributeError) -> LedgerError {
    let text = |name: &str| {
        item.get(name)
            .and_then(|value| value.as_s().ok())
            .cloned()
            .unwrap_or_default()
    };
    LedgerError::Unreadable {
        alert_id: text("alertId"),
        item: text("item"),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_item_and_the_attribute_and_keep_their_cause() {
        let mut item = Key::new("a", ALERT_ITEM).attributes();
        item.insert("at".to_owned(), s("yesterday"));
        let missing = text(&item, "title").unwrap_err();
        assert_eq!(
            missing.to_string(),
            "the ledger's item ALERT of alert a cannot be read: title is missing"
        );
        let invalid = time(&item, "at").unwrap_err();
        assert!(invalid.to_string().contains("at: "), "{invalid}");
        let source = invalid.source().unwrap();
        assert!(source.is::<AttributeError>());
        assert!(source.source().is_some());
    }
}
