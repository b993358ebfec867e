//! Reading everything that the ledger holds about one alert.

use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::Attempt;
use tocsin_core::delivery::claim::CurrentRecord;
use tocsin_core::history::{DeliveryRecord, History};

use super::alerts::stored_alert;
use super::attributes::{
    ALERT_ITEM, ATTEMPT_PREFIX, HEALTH_ITEM, Item, destination_id, integer, invalid, json,
    optional, s, text, time, word,
};
use super::error::LedgerError;
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
                _ => deliveries.push(delivery_record(&item)?),
            }
        }
        deliveries.sort_by(|a, b| a.display_name.cmp(&b.display_name));
        Ok(alert.map(|alert| History { alert, deliveries }))
    }
}

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
        began_at: time(item, "beganAt")?,
        updated_at: time(item, "updatedAt")?,
        lease_until: current.lease_until,
        next_attempt_at: optional(item, "nextAttemptAt", time)?,
        fallback_for: optional(item, "standsInFor", destination_id)?,
    })
}

/// Reads the parts of a delivery's item that decide a claim.
pub(super) fn current_record(item: &Item) -> Result<CurrentRecord, LedgerError> {
    Ok(CurrentRecord {
        state: word(item, "state")?,
        attempt: u32::try_from(integer(item, "attempt")?)
            .map_err(|error| invalid(item, "attempt", error))?,
        lease_until: optional(item, "leaseUntil", integer)?.and_then(Timestamp::from_unix_millis),
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
