//! The tests' own destinations. Only lists name them: alerts without a list do not
//! reach them.

use serde_json::{Value, json};

use super::{PLANTED, Stack};

const EXTERNAL_ID: &str = "tests-external-id";

/// Adds the destinations, and what they send to, unless they exist already.
pub(super) async fn prepare(stack: &Stack) {
    let targets = targets(stack).await;
    let url_of =
        |path: &str| json!({"url": stack.simulator(path), "headers": {"Authorization": PLANTED}});
    let webhook_paths = [
        ("e2e-plain", "/hook/plain".to_owned()),
        ("e2e-faulty", format!("/hook/faulty/{PLANTED}")),
        ("e2e-refusing", "/hook/refusing".to_owned()),
        ("e2e-picky", "/hook/picky".to_owned()),
    ];
    for (name, path) in webhook_paths {
        add(stack, name, "webhook", json!({}), Some(url_of(&path))).await;
    }
    let slack_hook = json!({"webhookUrl": stack.simulator("/services/T1/B1/e2e")});
    add(stack, "e2e-slack", "slack", json!({}), Some(slack_hook)).await;
    let others = [
        (
            "e2e-topic-fifo",
            "sns",
            json!({"topicArn": targets["topic"]}),
        ),
        (
            "e2e-queue-fifo",
            "sqs",
            json!({"queueUrl": targets["queue"], "messageGroupId": "tests"}),
        ),
        (
            "e2e-queue-by-role",
            "sqs",
            json!({
                "queueUrl": targets["queueByRole"], "region": "us-east-1",
                "assumeRoleArn": targets["role"], "externalId": EXTERNAL_ID,
            }),
        ),
    ];
    for (name, provider, settings) in others {
        add(stack, name, provider, settings, None).await;
    }
}

/// Creates the topic, the queues and the role; gives their addresses.
async fn targets(stack: &Stack) -> Value {
    let sender_role = stack.role_of("sqs").await;
    let printed = Stack::script("test_fixtures.py", &[EXTERNAL_ID, &sender_role]);
    serde_json::from_slice(&printed).unwrap()
}

async fn add(stack: &Stack, name: &str, provider: &str, settings: Value, secret: Option<Value>) {
    let mut request = json!({
        "operation": "addDestination", "actor": "tests",
        "destination": {"displayName": name, "type": provider, "settings": settings},
    });
    if let Some(secret) = secret {
        request["secret"] = secret;
    }
    let answer = stack.invoke("api", &request).await;
    let exists = answer["error"]["code"] == "CONFLICT";
    assert!(exists || answer["ok"].is_object(), "{name}: {answer:#}");
}

impl Stack {
    /// Deletes a destination that other tests' alerts would reach as well.
    pub async fn delete_destination(&self, name: &str) {
        let request = json!({"operation": "deleteDestination", "destination": name});
        let answer = self.invoke("api", &request).await;
        assert!(answer["ok"].is_object(), "{answer:#}");
    }
}
