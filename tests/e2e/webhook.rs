//! Webhook destinations of one test each, so that what one test does to a destination
//! does not affect the others.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tocsin_tests::harness::{Stack, unique};
use tocsin_tests::simulator::{Fault, Received};

/// A destination, and where its messages arrive.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) path: String,
}

impl Webhook {
    /// A destination below this path of the simulator.
    pub(crate) async fn add(stack: &Stack, folder: &str) -> Self {
        Self::with(stack, folder, json!({}), json!({})).await
    }

    /// The same with more in its draft and in its secret.
    pub(crate) async fn with(stack: &Stack, folder: &str, draft: Value, secret: Value) -> Self {
        let name = unique("webhook");
        let path = format!("{folder}/{name}");
        let request = json!({
            "operation": "addDestination", "actor": "tests",
            "destination": merged(json!({"displayName": name, "type": "webhook"}), &draft),
            "secret": merged(json!({"url": stack.simulator(&path)}), &secret),
        });
        let answer = stack.invoke("api", &request).await;
        let id = answer["ok"]["destinationId"].as_str();
        let id = id.unwrap_or_else(|| panic!("{answer:#}")).to_owned();
        Self { name, id, path }
    }

    /// Gives it another secret, as a person does who fixes it.
    pub(crate) async fn set_secret(&self, stack: &Stack, secret: Value) {
        let request = json!({"operation": "getDestination", "destination": self.name});
        let revision = stack.invoke("api", &request).await["ok"]["revision"].clone();
        let request = json!({
            "operation": "updateDestination", "destination": self.name, "revision": revision,
            "actor": "tests", "draft": {"displayName": self.name, "type": "webhook"},
            "secret": secret,
        });
        let answer = stack.invoke("api", &request).await;
        assert!(answer["ok"].is_object(), "{answer:#}");
    }

    /// The requests about an alert that it received. Alerts about the destination itself
    /// mention the alert as well, and go elsewhere.
    pub(crate) async fn received(&self, stack: &Stack, alert_id: &str) -> Vec<Received> {
        let mut received = stack.received(alert_id).await;
        received.retain(|one| one.path == self.path);
        received
    }

    /// Deletes it: what waits for it is over, too.
    pub(crate) async fn delete(&self, stack: &Stack) {
        stack.delete_destination(&self.name).await;
    }

    /// Answers its next requests with this status.
    pub(crate) fn fault(&self, status: u16, times: usize) -> Fault {
        Fault {
            times,
            ..Fault::once(&self.path, "", status)
        }
    }

    /// Throttles its next requests, and asks for this delay.
    pub(crate) fn throttling(&self, times: usize, retry_after: u32) -> Fault {
        let delay = ("retry-after".to_owned(), retry_after.to_string());
        Fault {
            headers: BTreeMap::from([delay]),
            ..self.fault(429, times)
        }
    }
}

fn merged(mut base: Value, more: &Value) -> Value {
    for (field, value) in more.as_object().into_iter().flatten() {
        base[field] = value.clone();
    }
    base
}
