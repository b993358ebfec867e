//! The ledger's table, read and written without the code under test: deliveries as an
//! earlier sender or an earlier release would have left them, and due times that a
//! test does not want to wait for.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use tocsin_core::Timestamp;
use tocsin_core::outbox::{DueKey, Priority};
use tocsin_tests::harness::Stack;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// A delivery's item.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) alert_id: String,
    pub(crate) destination_id: String,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the callers read better without references"
)]
pub(crate) fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the callers read better without references"
)]
pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The due time of a delivery of an alert below HIGH, as the ledger stores it.
pub(crate) fn due(at: Timestamp) -> AttributeValue {
    let priority = Priority::Normal;
    text(DueKey { priority, at })
}

fn client(stack: &Stack) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::new(&stack.config)
}

impl Delivery {
    pub(crate) fn new(alert_id: &str, destination_id: &str) -> Self {
        Self {
            alert_id: alert_id.to_owned(),
            destination_id: destination_id.to_owned(),
        }
    }

    fn key(&self) -> Item {
        HashMap::from([
            ("alertId".to_owned(), text(&self.alert_id)),
            ("item".to_owned(), text(&self.destination_id)),
        ])
    }

    /// Its item, as it is; `None` if there is none.
    pub(crate) async fn item(&self, stack: &Stack) -> Option<Item> {
        let get = client(stack).get_item();
        let read = get
            .table_name(stack.output("LedgerTable"))
            .set_key(Some(self.key()))
            .consistent_read(true)
            .send()
            .await;
        read.unwrap().item
    }

    /// The state of the delivery; `none` if there is none.
    pub(crate) async fn state(&self, stack: &Stack) -> String {
        let item = self.item(stack).await;
        item.map_or_else(
            || "none".to_owned(),
            |item| item["state"].as_s().unwrap().clone(),
        )
    }

    /// Writes its item in place of any other.
    pub(crate) async fn put(&self, stack: &Stack, attributes: &[(&str, AttributeValue)]) {
        let mut item = self.key();
        for (name, value) in attributes {
            item.insert((*name).to_owned(), value.clone());
        }
        let put = client(stack).put_item();
        put.table_name(stack.output("LedgerTable"))
            .set_item(Some(item))
            .send()
            .await
            .unwrap();
    }

    pub(crate) async fn delete(&self, stack: &Stack) {
        let delete = client(stack).delete_item();
        delete
            .table_name(stack.output("LedgerTable"))
            .set_key(Some(self.key()))
            .send()
            .await
            .unwrap();
    }

    /// Sets and removes attributes of an item that exists.
    pub(crate) async fn change(
        &self,
        stack: &Stack,
        set: &[(&str, AttributeValue)],
        remove: &[&str],
    ) {
        let mut names = HashMap::from([("#key".to_owned(), "alertId".to_owned())]);
        let mut values = HashMap::new();
        let mut assignments = Vec::new();
        for (at, (name, value)) in set.iter().enumerate() {
            names.insert(format!("#s{at}"), (*name).to_owned());
            values.insert(format!(":s{at}"), value.clone());
            assignments.push(format!("#s{at} = :s{at}"));
        }
        let mut clauses = Vec::new();
        if !assignments.is_empty() {
            clauses.push(format!("SET {}", assignments.join(", ")));
        }
        let mut removals = Vec::new();
        for (at, name) in remove.iter().enumerate() {
            names.insert(format!("#r{at}"), (*name).to_owned());
            removals.push(format!("#r{at}"));
        }
        if !removals.is_empty() {
            clauses.push(format!("REMOVE {}", removals.join(", ")));
        }
        client(stack)
            .update_item()
            .table_name(stack.output("LedgerTable"))
            .set_key(Some(self.key()))
            .update_expression(clauses.join(" "))
            .condition_expression("attribute_exists(#key)")
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values((!values.is_empty()).then_some(values))
            .send()
            .await
            .unwrap();
    }

    /// Makes it due, as if its time had passed.
    pub(crate) async fn make_due(&self, stack: &Stack) {
        let now = Timestamp::now();
        let set = [("due", due(now)), ("nextAttemptAt", text(now))];
        self.change(stack, &set, &[]).await;
    }
}
