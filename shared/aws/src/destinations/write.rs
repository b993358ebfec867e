//! Changing the destinations' table. Each change is one transaction over the
//! destination, the item that reserves its name, and its fallback.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};
use tocsin_core::destination::Destination;

use super::error::{RevisionConflict, StoreError};
use super::store::DestinationStore;
use super::stored::{
    Item, STORING, SUPERSEDED, StoredDestination, SupersededSecret, key, list, name_key,
    read_destination, revision,
};
use crate::error::AwsError;

/// The delays before a transaction that collided with another one is repeated.
const RETRY_DELAYS: [Duration; 5] = [
    Duration::from_millis(30),
    Duration::from_millis(80),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_millis(1_200),
];

/// The condition that one part of a transaction checks.
#[derive(Clone, Copy)]
enum Part {
    /// The destination still has the revision that was read.
    Destination,
    /// The display name is free.
    Name,
    /// The fallback exists.
    Fallback,
}

type Parts = Vec<(Part, TransactWriteItem)>;

impl DestinationStore {
    /// Stores a new destination and reserves its name, both or neither.
    ///
    /// # Errors
    ///
    /// When the name is taken, the fallback does not exist, or `DynamoDB` refuses
    /// the call or does not answer.
    pub async fn add(&self, new: &StoredDestination) -> Result<(), StoreError> {
        let put = Put::builder()
            .set_item(Some(new.item()?))
            .condition_expression("attribute_not_exists(destinationId)");
        let mut parts = vec![
            (Part::Destination, self.put(put)?),
            (Part::Name, self.reserve_name(&new.destination)?),
        ];
        parts.extend(self.fallback_exists(&new.destination)?);
        self.transact(parts, &new.destination.display_name).await
    }

    /// Replaces `old` by `new`, if the destination still has the revision of `old`.
    /// When the display name changes, the new name is reserved and the old one freed.
    ///
    /// # Errors
    ///
    /// When the destination was changed or deleted in the meantime, the name is
    /// taken, the fallback does not exist, or `DynamoDB` refuses the call or does not
    /// answer.
    pub async fn replace(
        &self,
        old: &Destination,
        new: &StoredDestination,
    ) -> Result<(), StoreError> {
        let put = Put::builder()
            .set_item(Some(new.item()?))
            .condition_expression("#revision = :read")
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_values(":read", revision(old))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut parts = vec![(Part::Destination, self.put(put)?)];
        if old.display_name != new.destination.display_name {
            parts.push((Part::Name, self.reserve_name(&new.destination)?));
            parts.push((Part::Destination, self.free_name(old)?));
        }
        parts.extend(self.fallback_exists(&new.destination)?);
        self.transact(parts, &new.destination.display_name).await
    }

    /// Checks that the destination still has the revision of `seen`, and changes nothing.
    ///
    /// # Errors
    ///
    /// When the destination was changed or deleted in the meantime, or `DynamoDB`
    /// refuses the call or does not answer.
    pub async fn confirm(&self, seen: &Destination) -> Result<(), StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key("destinationId", key(seen.destination_id))
            .condition_expression("#revision = :read")
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_values(":read", revision(seen))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(unbuilt)?;
        let item = TransactWriteItem::builder().condition_check(check).build();
        self.transact(vec![(Part::Destination, item)], &seen.display_name)
            .await
    }

    /// Deletes a destination and frees its name, if the destination still has the
    /// revision of `old`.
    ///
    /// # Errors
    ///
    /// When the destination was changed or deleted in the meantime, or `DynamoDB`
    /// refuses the call or does not answer.
    pub async fn remove(&self, old: &Destination) -> Result<(), StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("destinationId", key(old.destination_id))
            .condition_expression("#revision = :read")
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_values(":read", revision(old))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(unbuilt)?;
        let parts = vec![
            (
                Part::Destination,
                TransactWriteItem::builder().delete(delete).build(),
            ),
            (Part::Destination, self.free_name(old)?),
        ];
        self.transact(parts, &old.display_name).await
    }

    /// Records that only the secrets `left` remain of the destination's earlier
    /// ones, if the destination still has the revision of `one`.
    ///
    /// # Errors
    ///
    /// When the destination was changed or deleted in the meantime, or `DynamoDB`
    /// refuses the call or does not answer.
    pub async fn note_superseded(
        &self,
        one: &Destination,
        left: &[SupersededSecret],
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
                Err(revision_conflict(failed.item()))
            }
            _ => Err(AwsError::new(STORING, error).into()),
        }
    }

    fn put(&self, put: PutBuilder) -> Result<TransactWriteItem, AwsError> {
        let put = put.table_name(&self.table).build().map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn reserve_name(&self, one: &Destination) -> Result<TransactWriteItem, AwsError> {
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
            // A destination that was written by hand has no item for its name.
            .condition_expression("attribute_not_exists(destinationId) OR #owner = :id")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":id", key(one.destination_id))
            .build()
            .map_err(unbuilt)?;
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
            .key("destinationId", key(fallback.destination_id))
            .condition_expression("attribute_exists(destinationId)")
            .build()
            .map_err(unbuilt)?;
        let item = TransactWriteItem::builder().condition_check(check).build();
        Ok(Some((Part::Fallback, item)))
    }

    /// Runs a transaction, and repeats it when it collides with another one.
    async fn transact(&self, parts: Parts, name: &str) -> Result<(), StoreError> {
        let (parts, items): (Vec<Part>, Vec<TransactWriteItem>) = parts.into_iter().unzip();
        let mut delays = RETRY_DELAYS.into_iter();
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
                return Err(AwsError::new(STORING, error).into());
            };
            let reasons = cancelled.cancellation_reasons();
            if let Some(error) = failed_condition(&parts, reasons, name) {
                return Err(error);
            }
            // Another writer or throttling: the conditions were not checked.
            match delays.next() {
                Some(delay) => tokio::time::sleep(delay.mul_f64(0.5 + fastrand::f64())).await,
                None => return Err(AwsError::new(STORING, error).into()),
            }
        }
    }
}

/// The condition that did not hold, if that is why the transaction was cancelled.
fn failed_condition(
    parts: &[Part],
    reasons: &[CancellationReason],
    name: &str,
) -> Option<StoreError> {
    let mut failed = parts
        .iter()
        .zip(reasons)
        .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"));
    let (part, reason) = failed.next()?;
    Some(match part {
        Part::Destination => revision_conflict(reason.item()),
        Part::Name => StoreError::NameTaken {
            name: name.to_owned(),
        },
        Part::Fallback => StoreError::NoFallback,
    })
}

/// The conflict that the destination's present item tells of; `None` when the item
/// is gone.
fn revision_conflict(item: Option<&Item>) -> StoreError {
    let now = item.cloned().and_then(read_destination);
    StoreError::RevisionConflict(Box::new(match now {
        Some(now) => RevisionConflict::of(&now),
        None => RevisionConflict::Deleted,
    }))
}

fn unbuilt(error: aws_sdk_dynamodb::error::BuildError) -> AwsError {
    AwsError::caused_by(STORING, error)
}
