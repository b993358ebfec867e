//! The ledger, read straight from the table, without the code under test.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use crate::run::Site;

/// What the ledger holds of one alert.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    /// Whether the alert itself is there.
    pub(crate) is_recorded: bool,
    /// Its deliveries, by destination.
    pub(crate) deliveries: HashMap<String, Delivery>,
}

/// What the ledger holds of one delivery.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) state: String,
    /// The kinds of its attempts' failures, in the order of the attempts; none of
    /// one that did not fail.
    pub(crate) kinds: Vec<Option<String>>,
    /// Whether it has a place in the outbox: a destination and a due time.
    pub(crate) outbox: Outbox,
}

/// What an item has of its place in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outbox {
    /// A destination and a due time.
    Waits,
    /// One of both: nobody finds it.
    Half,
    /// Neither.
    Absent,
}

impl Delivery {
    /// What is wrong with its place in the outbox: a delivery is there if and only if
    /// it is not settled.
    pub(crate) fn misplaced(&self) -> Option<&'static str> {
        match (self.is_over(), self.outbox) {
            (true, Outbox::Absent) | (false, Outbox::Waits) => None,
            (true, _) => Some("settled, and still in the outbox"),
            (false, _) => Some("not settled, and not in the outbox"),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        ["DELIVERED", "FAILED", "EXHAUSTED"].contains(&self.state.as_str())
    }

    /// The kind of the last attempt's failure; empty if that did not fail.
    pub(crate) fn kind(&self) -> &str {
        let last = self.kinds.last().and_then(Option::as_deref);
        last.unwrap_or_default()
    }

    /// Whether an attempt failed in this way.
    pub(crate) fn met(&self, kind: &str) -> bool {
        self.kinds.iter().flatten().any(|one| one == kind)
    }
}

impl Entry {
    pub(crate) fn is_delivered(&self, destination_id: &str) -> bool {
        let delivery = self.deliveries.get(destination_id);
        delivery.is_some_and(|one| one.state == "DELIVERED")
    }

    pub(crate) async fn of(site: &Site, alert_id: &str) -> Self {
        let items = aws_sdk_dynamodb::Client::new(&site.stack.config)
            .query()
            .table_name(site.stack.output("LedgerTable"))
            .key_condition_expression("alertId = :id")
            .expression_attribute_values(":id", AttributeValue::S(alert_id.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .unwrap()
            .items
            .unwrap_or_default();
        let mut entry = Self::default();
        for item in items {
            let key = item["item"].as_s().unwrap().clone();
            if key == "ALERT" {
                entry.is_recorded = true;
            } else if let Some(state) = item.get("state") {
                let state = state.as_s().unwrap().clone();
                let delivery = Delivery {
                    state,
                    kinds: kinds(&item),
                    outbox: match (item.contains_key("outbox"), item.contains_key("due")) {
                        (true, true) => Outbox::Waits,
                        (false, false) => Outbox::Absent,
                        _ => Outbox::Half,
                    },
                };
                entry.deliveries.insert(key, delivery);
            }
        }
        entry
    }
}

/// Each attempt is an attribute of its own: `attempt#3`, in JSON.
fn kinds(item: &HashMap<String, AttributeValue>) -> Vec<Option<String>> {
    let mut attempts: Vec<(u32, Value)> = item
        .iter()
        .filter_map(|(name, value)| {
            let number = name.strip_prefix("attempt#")?.parse().ok()?;
            Some((number, serde_json::from_str(value.as_s().ok()?).ok()?))
        })
        .collect();
    attempts.sort_unstable_by_key(|(number, _)| *number);
    attempts
        .into_iter()
        .map(|(_, attempt)| attempt["kind"].as_str().map(str::to_owned))
        .collect()
}
