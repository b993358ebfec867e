//! Reading the ledger back: everything about one alert.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::{Attempt, DeliveryId, State};
use tocsin_core::destination::DestinationId;

use super::alerts::StoredAlert;
use super::statement::{Item, s};
use super::{ALERT_ITEM, ATTEMPT_PREFIX, HEALTH_ITEM, LedgerError, Table};
use crate::AwsError;

/// A delivery as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRecord {
    /// To which destination.
    pub destination_id: DestinationId,
    /// Its name at that time.
    pub display_name: String,
    /// Its provider.
    pub provider: String,
    /// The identity that providers deduplicate by.
    pub delivery_id: DeliveryId,
    /// Where it stands.
    pub state: State,
    /// The number of the current or latest attempt.
    pub attempt: u32,
    /// Settled attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// When the delivery began: its first attempt, or its first wait for a paused destination.
    pub began_at: Timestamp,
    /// When this record last changed.
    pub updated_at: Timestamp,
    /// Until when a sender is at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Timestamp>,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// The destination that finally did not take the alert, where this one is its
    /// fallback.
    #[serde(rename = "standsInFor", skip_serializing_if = "Option::is_none")]
    pub fallback_for: Option<DestinationId>,
}

/// Everything about one alert.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The alert and where it goes.
    pub alert: StoredAlert,
    /// Deliveries that have begun.
    pub deliveries: Vec<DeliveryRecord>,
}

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
                ALERT_ITEM => alert = Some(StoredAlert::read(&item)?),
                // An alert whose id is that of a destination shares its key.
                HEALTH_ITEM => {}
                _ => deliveries.push(DeliveryRecord::read(&item)?),
            }
        }
        deliveries.sort_by(|a, b| a.display_name.cmp(&b.display_name));
        Ok(alert.map(|alert| History { alert, deliveries }))
    }
}

impl DeliveryRecord {
    pub(super) fn read(item: &Item) -> Result<Self, LedgerError> {
        let state = text(item, "state")?;
        let number = |name: &str| {
            item.get(name)
                .and_then(|value| value.as_n().ok())
                .and_then(|number| number.parse::<i64>().ok())
        };
        Ok(Self {
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
