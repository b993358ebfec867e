//! Items of the destinations' table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use tocsin_core::Timestamp;
use tocsin_core::destination::{Destination, DestinationId};

use crate::error::AwsError;

/// The key of the item that reserves a display name begins with this. No
/// destination's key does: ids are UUIDs.
const NAME_KEY: &str = "name#";

/// The attribute by which a given secret is compared with the stored one.
const DIGEST: &str = "secretDigest";

/// The attribute that lists the secrets that the destination used before.
pub(super) const SUPERSEDED: &str = "supersededSecrets";

/// The action that errors of changes name.
pub(super) const STORING: &str = "storing the destination";

pub(super) type Item = HashMap<String, AttributeValue>;

/// A secret that a destination used before. Deliveries that were under way when it
/// was replaced still need it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct SupersededSecret {
    /// The secret's name.
    pub name: String,
    /// When another secret replaced it.
    pub at: Timestamp,
}

/// A destination together with the attributes that no reader sees.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDestination {
    /// The destination.
    pub destination: Destination,
    /// A salted digest of its secret: when the same secret is given again, nothing
    /// changes.
    pub secret_digest: Option<String>,
    /// Its earlier secrets that are not retired yet.
    pub superseded: Vec<SupersededSecret>,
}

/// A destination without a secret of its own, past or present.
impl From<Destination> for StoredDestination {
    fn from(destination: Destination) -> Self {
        Self {
            destination,
            secret_digest: None,
            superseded: Vec::new(),
        }
    }
}

impl StoredDestination {
    /// As [`read_destination`], with the attributes that no reader sees.
    pub(super) fn read(item: Item) -> Option<Self> {
        let superseded = match item.get(SUPERSEDED).cloned() {
            None => Vec::new(),
            Some(list) => match serde_dynamo::from_attribute_value(list) {
                Ok(superseded) => superseded,
                Err(error) => {
                    tracing::warn!(
                        %error,
                        "a destination's list of earlier secrets cannot be read: they are not deleted"
                    );
                    Vec::new()
                }
            },
        };
        let secret_digest = item
            .get(DIGEST)
            .and_then(|digest| digest.as_s().ok())
            .cloned();
        read_destination(item).map(|destination| Self {
            destination,
            secret_digest,
            superseded,
        })
    }

    pub(super) fn item(&self) -> Result<Item, AwsError> {
        let mut item: Item = serde_dynamo::to_item(&self.destination)
            .map_err(|error| AwsError::caused_by(STORING, error))?;
        if let Some(digest) = &self.secret_digest {
            item.insert(DIGEST.to_owned(), AttributeValue::S(digest.clone()));
        }
        if !self.superseded.is_empty() {
            item.insert(SUPERSEDED.to_owned(), list(&self.superseded)?);
        }
        Ok(item)
    }
}

/// The destination in this item. `None` when the item reserves a name, or when it
/// cannot be read, which is logged.
pub(super) fn read_destination(item: Item) -> Option<Destination> {
    let key = item
        .get("destinationId")
        .and_then(|key| key.as_s().ok())
        .cloned()
        .unwrap_or_default();
    if DestinationId::parse(&key).is_none() && key.starts_with(NAME_KEY) {
        return None;
    }
    match serde_dynamo::from_item(item) {
        Ok(destination) => Some(destination),
        Err(error) => {
            tracing::error!(
                destination.id = key,
                %error,
                "destination {key} cannot be read and receives nothing; fix or delete its item"
            );
            None
        }
    }
}

pub(super) fn list(superseded: &[SupersededSecret]) -> Result<AttributeValue, AwsError> {
    serde_dynamo::to_attribute_value(superseded)
        .map_err(|error| AwsError::caused_by(STORING, error))
}

pub(super) fn key(id: DestinationId) -> AttributeValue {
    AttributeValue::S(id.to_string())
}

pub(super) fn name_key(destination: &Destination) -> AttributeValue {
    AttributeValue::S(format!("{NAME_KEY}{}", destination.display_name))
}

pub(super) fn revision(destination: &Destination) -> AttributeValue {
    AttributeValue::N(destination.revision.to_string())
}
