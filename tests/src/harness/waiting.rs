//! Waiting for what the stack does by itself.

use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use serde_json::{Value, json};

use super::Stack;

/// More than anything here takes; only a broken stack needs as long.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(90);

impl Stack {
    /// What the API reports about an alert, once the report satisfies `settled`.
    pub async fn report_when(&self, alert_id: &str, settled: impl Fn(&Value) -> bool) -> Value {
        let request = json!({"operation": "getAlert", "alertId": alert_id});
        let mut last = Value::Null;
        let started = Instant::now();
        while started.elapsed() < TIME_LIMIT {
            last = self.invoke("api", &request).await;
            if settled(&last["ok"]) {
                return last["ok"].clone();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("the alert {alert_id} was not settled within {TIME_LIMIT:?}: {last:#}");
    }

    /// The report about an alert, once it has `count` deliveries and all are DELIVERED.
    pub async fn report_when_delivered(&self, alert_id: &str, count: usize) -> Value {
        self.report_when(alert_id, |report| {
            let deliveries = report["deliveries"].as_array();
            deliveries.is_some_and(|all| {
                all.len() == count && all.iter().all(|one| one["state"] == "DELIVERED")
            })
        })
        .await
    }

    /// The only delivery of an alert, once it is in this state.
    pub async fn delivery_in(&self, alert_id: &str, state: &str) -> Value {
        let report = self
            .report_when(alert_id, |report| report["deliveries"][0]["state"] == state)
            .await;
        let deliveries = report["deliveries"].as_array().unwrap();
        assert_eq!(deliveries.len(), 1, "{report:#}");
        deliveries[0].clone()
    }

    /// The first line of a function's log that is `wanted`, once there is one.
    pub async fn log_line(&self, function: &str, wanted: impl Fn(&str) -> bool) -> String {
        let group = format!("/aws/lambda/{}-{function} ", self.name);
        let started = Instant::now();
        while started.elapsed() < TIME_LIMIT {
            let logs = Self::logs();
            let mut lines = logs.lines().filter_map(|line| line.strip_prefix(&group));
            if let Some(line) = lines.find(|line| wanted(line)) {
                return line.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("{function} did not log what was expected within {TIME_LIMIT:?}");
    }

    /// Waits for a message that is `wanted` and removes it from the queue; the
    /// others stay for the tests that they belong to.
    pub async fn take_message(
        &self,
        queue_url: &str,
        wanted: impl Fn(&Message) -> bool,
    ) -> Message {
        let sqs = self.sqs();
        let started = Instant::now();
        while started.elapsed() < TIME_LIMIT {
            let answer = sqs
                .receive_message()
                .queue_url(queue_url)
                .message_attribute_names("All")
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .max_number_of_messages(10)
                .wait_time_seconds(1)
                // Visible again soon, for the tests that run at the same time.
                .visibility_timeout(1)
                .send()
                .await
                .unwrap();
            let mut messages = answer.messages.unwrap_or_default().into_iter();
            if let Some(message) = messages.find(|message| wanted(message)) {
                sqs.delete_message()
                    .queue_url(queue_url)
                    .receipt_handle(message.receipt_handle.as_deref().unwrap())
                    .send()
                    .await
                    .unwrap();
                return message;
            }
        }
        panic!("the message did not reach {queue_url} within {TIME_LIMIT:?}");
    }
}
