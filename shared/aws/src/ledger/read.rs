//! Reading what the ledger holds about an alert or a delivery.

use std::collections::HashMap;

use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::{Attempt, PriorAttempt, State};
use tocsin_core::destination::DestinationId;
use tocsin_core::history::{DeliveryRecord, History};

use super::alerts::stored_alert;
use super::attributes::{
    ALERT_ITEM, ATTEMPT_PREFIX, HEALTH_ITEM, Item, Key, NO_LEASE, alert_id, destination_id,
    integer, invalid, json, optional, s, text, time, word,
};
use super::error::LedgerError;
use super::pulse::PULSE_PREFIX;
use super::table::Table;
use crate::error::AwsError;

impl Table {
    pub(super) async fn history(&self, id: &AlertId) -> Result<Option<History>, LedgerError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("alertId = :id")
            .expression_attribute_values(":id", s(id.as_str()))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut alert = None;
        let mut deliveries = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| AwsError::new("reading the ledger", error))?;
            match text(&item, "item")? {
                ALERT_ITEM => alert = Some(stored_alert(&item)?),
                // An alert whose id is the id of a destination shares its partition.
                HEALTH_ITEM => {}
                // So does an alert with the id of the signs of life.
                name if name.starts_with(PULSE_PREFIX) => {}
                _ => deliveries.push(delivery_record(&item)?),
            }
        }
        deliveries.sort_by(|a, b| a.display_name.cmp(&b.display_name));
        Ok(alert.map(|alert| History { alert, deliveries }))
    }

    pub(super) async fn records(
        &self,
        deliveries: &[(AlertId, DestinationId)],
    ) -> Result<DeliveryRecords, LedgerError> {
        let mut found = HashMap::new();
        let mut unique: Vec<_> = deliveries.iter().collect();
        unique.sort();
        unique.dedup();
        for chunk in unique.chunks(RECORDS_PER_CALL) {
            let keys = chunk.iter().map(|(alert, id)| Key::delivery(alert, *id));
            for item in self.batch_get("reading deliveries", keys).await? {
                let key = (alert_id(&item)?, destination_id(&item, "item")?);
                // An item that cannot be read does not affect the others.
                found.insert(key, delivery_record(&item));
            }
        }
        Ok(found)
    }
}

/// Deliveries read in one call: `BatchGetItem`'s limit. With 40 attempts of some 500
/// bytes each, 100 deliveries are far below the 16 MB of an answer.
const RECORDS_PER_CALL: usize = 100;

/// Deliveries by their alert and destination.
pub type DeliveryRecords = HashMap<(AlertId, DestinationId), Result<DeliveryRecord, LedgerError>>;

/// Reads a delivery's item.
pub(super) fn delivery_record(item: &Item) -> Result<DeliveryRecord, LedgerError> {
    let current = current_record(item)?;
    Ok(DeliveryRecord {
        destination_id: destination_id(item, "item")?,
        display_name: text(item, "displayName")?.to_owned(),
        provider: text(item, "provider")?.to_owned(),
        delivery_id: word(item, "deliveryId")?,
        state: current.state,
        attempt: current.attempt,
        attempts: attempts(item)?,
        maybe_delivered: if item.contains_key("mayHaveArrived") {
            PriorAttempt::MaybeDelivered
        } else {
            PriorAttempt::NotDelivered
        },
        began_at: time(item, "beganAt")?,
        updated_at: time(item, "updatedAt")?,
        lease_until: current.lease_until,
        next_attempt_at: optional(item, "nextAttemptAt", time)?,
        fallback_for: optional(item, "standsInFor", destination_id)?,
        resent_as: optional(item, "resentAs", word)?,
    })
}

/// Where a delivery stands.
pub(super) struct CurrentRecord {
    pub(super) state: State,
    pub(super) attempt: u32,
    /// `None` when nobody holds the delivery.
    pub(super) lease_until: Option<Timestamp>,
}

pub(super) fn current_record(item: &Item) -> Result<CurrentRecord, LedgerError> {
    let lease = optional(item, "leaseUntil", integer)?;
    Ok(CurrentRecord {
        state: word(item, "state")?,
        attempt: u32::try_from(integer(item, "attempt")?)
            .map_err(|error| invalid(item, "attempt", error))?,
        lease_until: lease
            .filter(|millis| *millis != NO_LEASE)
            .and_then(Timestamp::from_unix_millis),
    })
}

fn attempts(item: &Item) -> Result<Vec<Attempt>, LedgerError> {
    let mut attempts = item
        .keys()
        .filter(|name| name.starts_with(ATTEMPT_PREFIX))
        .map(|name| json(item, name))
        .collect::<Result<Vec<Attempt>, _>>()?;
    attempts.sort_by_key(|attempt| attempt.number);
    Ok(attempts)
}
