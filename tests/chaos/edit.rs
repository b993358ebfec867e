//! Edits of destinations and secrets while alerts are under way: through the API, as
//! a person makes them, and straight in the tables, as if another process had.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tocsin_core::Timestamp;
use tocsin_core::outbox::{DueKey, Priority};

use crate::ledger::{Delivery, Entry};
use crate::run::Run;
use crate::scenario::Injection;

impl Run {
    /// Edits the destination through the API, as a person does who has fixed it; gives
    /// it this secret if there is one.
    pub(crate) async fn edit(&self, secret: Option<Value>) {
        let stack = &self.site.stack;
        let name = &self.destinations[0].name;
        let request = json!({"operation": "getDestination", "destination": name});
        let current = stack.invoke("api", &request).await["ok"].clone();
        let mut draft = json!({});
        for field in ["displayName", "type", "settings"] {
            draft[field] = current[field].clone();
        }
        let mut request = json!({
            "operation": "updateDestination", "destination": name, "actor": "chaos",
            "revision": current["revision"], "draft": draft,
        });
        if let Some(secret) = secret {
            request["secret"] = secret;
        }
        let answer = stack.invoke("api", &request).await;
        assert!(answer["ok"].is_object(), "{answer:#}");
    }

    /// Removes the faults of the destination, and gives it its secret again.
    pub(crate) async fn fix(&self) {
        let destination = &self.destinations[0];
        let query = format!("path={}", destination.path);
        self.site.simulator.remove_faults(&query).await;
        self.edit(destination.secret()).await;
    }

    /// Lets the time pass until everything that waits is due and no lease is left.
    pub(crate) async fn let_time_pass(&self) {
        for id in &self.ids {
            let entry = Entry::of(&self.site, id).await;
            for (item, _) in entry.deliveries.iter().filter(|(_, one)| !one.is_over()) {
                self.make_due(id, item).await;
            }
        }
    }

    async fn make_due(&self, alert_id: &str, item: &str) {
        let stack = &self.site.stack;
        let now = Timestamp::now();
        let priority = Priority::Normal;
        let key = DueKey { priority, at: now };
        let updated = aws_sdk_dynamodb::Client::new(&stack.config)
            .update_item()
            .table_name(stack.output("LedgerTable"))
            .key("alertId", value_of(alert_id))
            .key("item", value_of(item))
            .update_expression("SET due = :due, nextAttemptAt = :now, leaseUntil = :none")
            .expression_attribute_values(":due", value_of(&key.to_string()))
            .expression_attribute_values(":now", value_of(&now.to_string()))
            .expression_attribute_values(":none", AttributeValue::N("0".to_owned()))
            .condition_expression("attribute_exists(outbox)")
            .send()
            .await;
        // It may have been settled meanwhile.
        if let Err(error) = updated {
            let error = error.into_service_error();
            assert!(error.is_conditional_check_failed_exception(), "{error:?}");
        }
    }

    /// Gives the destination this secret.
    pub(crate) async fn set_secret(&self, secret: &Value) {
        aws_sdk_secretsmanager::Client::new(&self.site.stack.config)
            .put_secret_value()
            .secret_id(self.secret_name())
            .secret_string(secret.to_string())
            .send()
            .await
            .unwrap();
    }

    pub(crate) async fn delete_secret(&self) {
        aws_sdk_secretsmanager::Client::new(&self.site.stack.config)
            .delete_secret()
            .secret_id(self.secret_name())
            .force_delete_without_recovery(true)
            .send()
            .await
            .unwrap();
    }

    fn secret_name(&self) -> &str {
        self.destinations[0].secret_name.as_deref().unwrap()
    }

    /// Changes one setting of the destination.
    pub(crate) async fn set(&self, setting: &str, value: &str) {
        self.update("SET settings.#one = :value", setting, value_of(value))
            .await;
    }

    pub(crate) async fn disable(&self) {
        self.update("SET #one = :value", "enabled", AttributeValue::Bool(false))
            .await;
    }

    async fn update(&self, change: &str, name: &str, value: AttributeValue) {
        let stack = &self.site.stack;
        aws_sdk_dynamodb::Client::new(&stack.config)
            .update_item()
            .table_name(stack.output("DestinationsTable"))
            .key("destinationId", value_of(&self.destinations[0].id))
            .update_expression(change)
            .expression_attribute_names("#one", name)
            .expression_attribute_values(":value", value)
            .condition_expression("attribute_exists(destinationId)")
            .send()
            .await
            .unwrap();
    }

    pub(crate) async fn delete(&self) {
        let stack = &self.site.stack;
        let destination = &self.destinations[0];
        for key in [destination.id.clone(), format!("name#{}", destination.name)] {
            aws_sdk_dynamodb::Client::new(&stack.config)
                .delete_item()
                .table_name(stack.output("DestinationsTable"))
                .key("destinationId", value_of(&key))
                .send()
                .await
                .unwrap();
        }
    }

    /// Checks that no delivery has ended: the fault has delayed all of them.
    pub(crate) async fn nothing_has_ended(&self) {
        for id in &self.ids {
            let entry = Entry::of(&self.site, id).await;
            let over = entry.deliveries.values().any(Delivery::is_over);
            assert!(!over, "{id} was delivered in spite of the fault: {entry:?}");
        }
    }

    /// Sends an alert besides the run's own, and waits until its delivery is in
    /// this state.
    pub(crate) async fn send_first(&self, wanted: &str) {
        let first = format!("{}first", self.label);
        self.send_some(std::slice::from_ref(&first)).await;
        self.state_of(&first, wanted).await;
    }

    /// Opens the destination's circuit breaker: it throttles an alert besides the
    /// run's own, and asks for this delay.
    pub(crate) async fn open_breaker(&self, seconds: u64) {
        let throttled = json!({
            "status": 429, "times": 1, "headers": {"retry-after": seconds.to_string()},
        });
        self.inject(Injection::Vendor(throttled)).await;
        self.send_first("RETRYING").await;
    }

    /// Waits until this alert's delivery is in this state.
    pub(crate) async fn state_of(&self, alert_id: &str, wanted: &str) {
        let started = std::time::Instant::now();
        loop {
            let entry = Entry::of(&self.site, alert_id).await;
            let delivery = entry.deliveries.get(&self.destinations[0].id);
            if delivery.is_some_and(|one| one.state == wanted) {
                return;
            }
            assert!(
                started.elapsed().as_secs() < 60,
                "{alert_id} is not {wanted}: {entry:?}"
            );
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }
}

fn value_of(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
