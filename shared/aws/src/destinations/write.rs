//! Changing the table: each change is one transaction over the destination, the
//! item that holds its name, and its fallback.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use serde::{Deserialize, Serialize};
use tocsin_core::Timestamp;
use tocsin_core::destination::{Destination, DestinationId};

use super::{Changed, DestinationStore, Item, NAME_KEY, StoreError};
use crate::AwsError;

const ACTION: &str = "storing the destination";

/// Before a transaction that met another one is carried out again.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(30),
    Duration::from_millis(80),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_millis(1_200),
];

/// The attribute that tells whether a given secret is the one that is stored.
const DIGEST: &str = "secretDigest";

/// The attribute that lists secrets that the destination used before.
const SUPERSEDED: &str = "supersededSecrets";

/// A secret that a destination used before. Deliveries that were on their way
/// when it was replaced still need it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Superseded {
    /// The secret's name.
    pub name: String,
    /// When another took its place.
    pub at: Timestamp,
}

/// A destination with what is stored of it and never shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The destination.
    pub destination: Destination,
    /// A salted digest of its secret, so that giving the same one again changes
    /// nothing.
    pub secret_digest: Option<String>,
    /// Its earlier secrets that are not retired yet.
    pub superseded: Vec<Superseded>,
}

/// One of which nothing more is stored.
impl From<Destination> for Stored {
    fn from(destination: Destination) -> Self {
        Self {
            destination,
            secret_digest: None,
            superseded: Vec::new(),
        }
    }
}

impl Stored {
    pub(super) fn read(item: Item) -> Option<Self> {
        let superseded = match item.get(SUPERSEDED).cloned() {
            None => Vec::new(),
            Some(list) => match serde_dynamo::from_attribute_value(list) {
                Ok(superseded) => superseded,
                Err(error) => {
                    tracing::warn!(%error, "a destination's earlier secrets cannot be told, and stay");
                    Vec::new()
                }
            },
        };
        let secret_digest = item
            .get(DIGEST)
            .and_then(|digest| digest.as_s().ok())
            .cloned();
        super::read(item).map(|destination| Self {
            destination,
            secret_digest,
            superseded,
        })
    }

    fn item(&self) -> Result<Item, AwsError> {
        let mut item: Item =
            serde_dynamo::to_item(&self.destination).map_err(|error| unexpected(&error))?;
        if let Some(digest) = &self.secret_digest {
            item.insert(DIGEST.to_owned(), AttributeValue::S(digest.clone()));
        }
        if !self.superseded.is_empty() {
            item.insert(SUPERSEDED.to_owned(), list(&self.superseded)?);
        }
        Ok(item)
    }
}

/// What a part of a transaction says when its condition does not hold.
#[derive(Clone, Copy)]
enum Part {
    /// The destination is not as it was read.
    Destination,
    /// The name belongs to another.
    Name,
    /// The fallback is gone.
    Fallback,
}

type Parts = Vec<(Part, TransactWriteItem)>;

impl DestinationStore {
    /// Stores a new destination, and its name with it, both or neither.
    ///
    /// # Errors
    ///
    /// When the name is taken, the fallback is gone, or `DynamoDB` refuses or does
    /// not answer.
    pub async fn add(&self, new: &Stored) -> Result<(), StoreError> {
        let put = Put::builder()
            .set_item(Some(new.item()?))
            .condition_expression("attribute_not_exists(destinationId)");
        let mut parts = vec![
            (Part::Destination, self.put(put)?),
            (Part::Name, self.take_name(&new.destination)?),
        ];
        parts.extend(self.fallback_exists(&new.destination)?);
        self.transact(parts, &new.destination.display_name).await
    }

    /// Replaces `old` by `new`, provided that it still is as it was read; a new
    /// name is taken and the old one freed with it.
    ///
    /// # Errors
    ///
    /// When it was changed or deleted meanwhile, the name is taken, the fallback is
    /// gone, or `DynamoDB` refuses or does not answer.
    pub async fn replace(&self, old: &Destination, new: &Stored) -> Result<(), StoreError> {
        let put = Put::builder()
            .set_item(Some(new.item()?))
            .condition_expression("#revision = :read")
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_values(":read", revision(old))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut parts = vec![(Part::Destination, self.put(put)?)];
        if old.display_name != new.destination.display_name {
            parts.push((Part::Name, self.take_name(&new.destination)?));
            parts.push((Part::Destination, self.free_name(old)?));
        }
        parts.extend(self.fallback_exists(&new.destination)?);
        self.transact(parts, &new.destination.display_name).await
    }

    /// Deletes a destination, provided that it still is as it was read, and frees
    /// its name.
    ///
    /// # Errors
    ///
    /// When it was changed or deleted meanwhile, or `DynamoDB` refuses or does not
    /// answer.
    pub async fn remove(&self, old: &Destination) -> Result<(), StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("destinationId", key(old.destination_id))
            .condition_expression("#revision = :read")
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_values(":read", revision(old))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| unexpected(&error))?;
        let parts = vec![
            (
                Part::Destination,
                TransactWriteItem::builder().delete(delete).build(),
            ),
            (Part::Destination, self.free_name(old)?),
        ];
        self.transact(parts, &old.display_name).await
    }

    /// Notes that of the earlier secrets of `one` only those `left` are there,
    /// provided that nobody has changed it since it was read.
    ///
    /// # Errors
    ///
    /// When it was changed or deleted meanwhile, or `DynamoDB` refuses or does not
    /// answer.
    pub async fn note_superseded(
        &self,
        one: &Destination,
        left: &[Superseded],
    ) -> Result<(), StoreError> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("destinationId", key(one.destination_id))
            .update_expression("SET #superseded = :left")
            .condition_expression("#revision = :read")
            .expression_attribute_names("#superseded", SUPERSEDED)
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_values(":left", list(left)?)
            .expression_attribute_values(":read", revision(one))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = updated else { return Ok(()) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Err(changed(failed.item()))
            }
            _ => Err(AwsError::new(ACTION, &error).into()),
        }
    }

    fn put(
        &self,
        put: aws_sdk_dynamodb::types::builders::PutBuilder,
    ) -> Result<TransactWriteItem, AwsError> {
        let put = put
            .table_name(&self.table)
            .build()
            .map_err(|error| unexpected(&error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn take_name(&self, one: &Destination) -> Result<TransactWriteItem, AwsError> {
        self.put(
            Put::builder()
                .item("destinationId", name_key(one))
                .item("owner", key(one.destination_id))
                .condition_expression("attribute_not_exists(destinationId)"),
        )
    }

    fn free_name(&self, one: &Destination) -> Result<TransactWriteItem, AwsError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("destinationId", name_key(one))
            // Destinations written by hand have no item for their name.
            .condition_expression("attribute_not_exists(destinationId) OR #owner = :id")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":id", key(one.destination_id))
            .build()
            .map_err(|error| unexpected(&error))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    fn fallback_exists(
        &self,
        one: &Destination,
    ) -> Result<Option<(Part, TransactWriteItem)>, AwsError> {
        let Some(fallback) = one.fallback else {
            return Ok(None);
        };
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key("destinationId", key(fallback))
            .condition_expression("attribute_exists(destinationId)")
            .build()
            .map_err(|error| unexpected(&error))?;
        let item = TransactWriteItem::builder().condition_check(check).build();
        Ok(Some((Part::Fallback, item)))
    }

    /// Carries out a transaction, again where it met another one.
    async fn transact(&self, parts: Parts, name: &str) -> Result<(), StoreError> {
        let (parts, items): (Vec<Part>, Vec<TransactWriteItem>) = parts.into_iter().unzip();
        let mut pauses = PAUSES.into_iter();
        loop {
            let sent = self
                .client
                .transact_write_items()
                .set_transact_items(Some(items.clone()))
                .send()
                .await;
            let Err(error) = sent else { return Ok(()) };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(AwsError::new(ACTION, &error).into());
            };
            let reasons = cancelled.cancellation_reasons();
            if let Some(error) = refusal(&parts, reasons, name) {
                return Err(error);
            }
            // Another writer or throttling, which says nothing of the conditions.
            match pauses.next() {
                Some(pause) => tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64())).await,
                None => return Err(AwsError::new(ACTION, &error).into()),
            }
        }
    }
}

/// Which condition did not hold, if that is why the transaction was cancelled.
fn refusal(parts: &[Part], reasons: &[CancellationReason], name: &str) -> Option<StoreError> {
    let mut refused = parts
        .iter()
        .zip(reasons)
        .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"));
    let (part, reason) = refused.next()?;
    Some(match part {
        Part::Destination => changed(reason.item()),
        Part::Name => StoreError::NameTaken {
            name: name.to_owned(),
        },
        Part::Fallback => StoreError::NoFallback,
    })
}

/// What became of a destination, told by its item as it is now.
fn changed(item: Option<&Item>) -> StoreError {
    let now = item.cloned().and_then(super::read);
    StoreError::Changed(Box::new(match now {
        Some(now) => Changed::of(&now),
        None => Changed::Deleted,
    }))
}

impl Changed {
    /// What is to be said to somebody who read an earlier revision.
    #[must_use]
    pub fn of(now: &Destination) -> Self {
        Self::ByAnother {
            by: now.updated_by.clone(),
            at: now.updated_at,
            revision: now.revision,
        }
    }
}

fn list(superseded: &[Superseded]) -> Result<AttributeValue, AwsError> {
    serde_dynamo::to_attribute_value(superseded).map_err(|error| unexpected(&error))
}

fn key(id: DestinationId) -> AttributeValue {
    AttributeValue::S(id.to_string())
}

fn name_key(one: &Destination) -> AttributeValue {
    AttributeValue::S(format!("{NAME_KEY}{}", one.display_name))
}

fn revision(one: &Destination) -> AttributeValue {
    AttributeValue::N(one.revision.to_string())
}

fn unexpected(error: &dyn std::fmt::Display) -> AwsError {
    AwsError::unexpected(ACTION, error.to_string())
}
