//! Reading the ledger back: everything about one alert.

use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::{Attempt, State};
use tocsin_core::destination::DestinationId;
use tocsin_core::history::{DeliveryRecord, History};

use super::statement::{Item, s};
use super::{ALERT_ITEM, ATTEMPT_PREFIX, HEALTH_ITEM, LedgerError, Table};
use crate::AwsError;

impl Table {
    pub(super) async fn history(&self, id: &AlertId) -> Result<Option<History>, LedgerError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("alertId = :id")
            .expression_attribute_values(":id", s(id.as_str()))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut alert = None;
        let mut deliveries = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| AwsError::new("reading the ledger", &error))?;
            match text(&item, "item")? {
                ALERT_ITEM => alert = Some(super::alerts::stored(&item)?),
                // An alert whose id is that of a destination shares its key.
                HEALTH_ITEM => {}
                _ => deliveries.push(delivery(&item)?),
            }
        }
        deliveries.sort_by(|a, b| a.display_name.cmp(&b.display_name));
        Ok(alert.map(|alert| History { alert, deliveries }))
    }
}

/// Reads the record of a delivery.
pub(super) fn delivery(item: &Item) -> Result<DeliveryRecord, LedgerError> {
    let state = text(item, "state")?;
    let number = |name: &str| {
        item.get(name)
            .and_then(|value| value.as_n().ok())
            .and_then(|number| number.parse::<i64>().ok())
    };
    Ok(DeliveryRecord {
        destination_id: destination_id(item, "item")?,
        display_name: text(item, "displayName")?.to_owned(),
        provider: text(item, "provider")?.to_owned(),
        delivery_id: json(
            item,
            "deliveryId",
            &format!("\"{}\"", text(item, "deliveryId")?),
        )?,
        state: State::parse(state)
            .ok_or_else(|| unreadable(item, format!("state is {state:?}")))?,
        attempt: number("attempt")
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| unreadable(item, "attempt is missing".to_owned()))?,
        attempts: attempts(item)?,
        began_at: time(item, "beganAt")?,
        updated_at: time(item, "updatedAt")?,
        lease_until: number("leaseUntil").and_then(Timestamp::from_unix_millis),
        next_attempt_at: match item.get("nextAttemptAt") {
            None => None,
            Some(_) => Some(time(item, "nextAttemptAt")?),
        },
        fallback_for: match item.get("standsInFor") {
            None => None,
            Some(_) => Some(destination_id(item, "standsInFor")?),
        },
    })
}

pub(super) fn destination_id(item: &Item, name: &str) -> Result<DestinationId, LedgerError> {
    DestinationId::parse(text(item, name)?)
        .ok_or_else(|| unreadable(item, format!("{name} is no destination's id")))
}

fn attempts(item: &Item) -> Result<Vec<Attempt>, LedgerError> {
    let mut attempts = item
        .keys()
        .filter(|name| name.starts_with(ATTEMPT_PREFIX))
        .map(|name| json(item, name, text(item, name)?))
        .collect::<Result<Vec<Attempt>, _>>()?;
    attempts.sort_by_key(|attempt| attempt.number);
    Ok(attempts)
}

pub(super) fn json<T: serde::de::DeserializeOwned>(
    item: &Item,
    name: &str,
    text: &str,
) -> Result<T, LedgerError> {
    serde_json::from_str(text).map_err(|error| unreadable(item, format!("{name}: {error}")))
}

pub(super) fn time(item: &Item, name: &str) -> Result<Timestamp, LedgerError> {
    text(item, name)?
        .parse()
        .map_err(|error| unreadable(item, format!("{name}: {error}")))
}

pub(super) fn text<'a>(item: &'a Item, name: &str) -> Result<&'a str, LedgerError> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
        .ok_or_else(|| unreadable(item, format!("{name} is missing")))
}

pub(super) fn unreadable(item: &Item, problem: String) -> LedgerError {
    let text = |name: &str| {
        item.get(name)
            .and_then(|value| value.as_s().ok())
            .cloned()
            .unwrap_or_default()
    };
    LedgerError::Unreadable {
        alert_id: text("alertId"),
        item: text("item"),
        problem,
    }
}
