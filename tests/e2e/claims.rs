//! Claims: of all senders that could attempt a delivery, one does.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tocsin_core::Timestamp;
use tocsin_tests::harness::{Stack, alert_for, unique};

/// A batch of one delivery to `e2e-plain`, as the router would dispatch it.
async fn dispatched(stack: &Stack, alert_id: &str, attempt: u32) -> Value {
    let all = stack
        .invoke("api", &json!({"operation": "listDestinations"}))
        .await;
    let destinations = all["ok"].as_array().unwrap();
    let plain = destinations
        .iter()
        .find(|one| one["displayName"] == "e2e-plain")
        .unwrap();
    let alert = alert_for(alert_id, &["e2e-plain"]);
    let explained = stack
        .invoke("api", &json!({"operation": "explainRoute", "alert": alert}))
        .await;
    json!({"parcels": [{
        "alert": explained["ok"]["alert"],
        "severity": "LOW",
        "deliveries": [{
            "destinationId": plain["destinationId"], "displayName": "e2e-plain",
            "settings": {}, "secretName": plain["secretName"], "attempt": attempt,
            "beganAt": Timestamp::now(),
        }],
    }]})
}

/// Writes the delivery's item as an earlier sender would have left it.
async fn leave_behind(
    stack: &Stack,
    batch: &Value,
    state: &str,
    attempt: u32,
    lease: Option<Timestamp>,
) {
    let entry = &batch["parcels"][0];
    let text = |value: &Value| AttributeValue::S(value.as_str().unwrap().to_owned());
    let now = AttributeValue::S(Timestamp::now().to_string());
    let mut item = HashMap::from([
        ("alertId".to_owned(), text(&entry["alert"]["alertId"])),
        (
            "item".to_owned(),
            text(&entry["deliveries"][0]["destinationId"]),
        ),
        ("deliveryId".to_owned(), AttributeValue::S("0".repeat(32))),
        (
            "displayName".to_owned(),
            AttributeValue::S("e2e-plain".to_owned()),
        ),
        (
            "provider".to_owned(),
            AttributeValue::S("webhook".to_owned()),
        ),
        ("state".to_owned(), AttributeValue::S(state.to_owned())),
        ("attempt".to_owned(), AttributeValue::N(attempt.to_string())),
        ("beganAt".to_owned(), now.clone()),
        ("updatedAt".to_owned(), now),
    ]);
    if let Some(until) = lease {
        let millis = AttributeValue::N(until.unix_millis().to_string());
        item.insert("leaseUntil".to_owned(), millis);
    }
    aws_sdk_dynamodb::Client::new(&stack.config)
        .put_item()
        .table_name(stack.output("LedgerTable"))
        .set_item(Some(item))
        .send()
        .await
        .unwrap();
}

/// The delivery's state in the ledger, straight from the table.
async fn state(stack: &Stack, batch: &Value) -> String {
    let entry = &batch["parcels"][0];
    let text = |value: &Value| AttributeValue::S(value.as_str().unwrap().to_owned());
    let item = aws_sdk_dynamodb::Client::new(&stack.config)
        .get_item()
        .table_name(stack.output("LedgerTable"))
        .key("alertId", text(&entry["alert"]["alertId"]))
        .key("item", text(&entry["deliveries"][0]["destinationId"]))
        .consistent_read(true)
        .send()
        .await
        .unwrap()
        .item
        .unwrap();
    item["state"].as_s().unwrap().clone()
}

#[tokio::test]
async fn of_eight_senders_with_one_delivery_one_attempts_it() {
    let stack = Stack::ready().await;
    let id = unique("eight");
    let batch = dispatched(&stack, &id, 1).await;
    let (stack, batch) = (&stack, &batch);
    let all = (0..8).map(|_| stack.invoke("webhook", batch));
    futures::future::join_all(all).await;
    assert_eq!(state(stack, batch).await, "DELIVERED");
    assert_eq!(stack.received(&id).await.len(), 1);
}

#[tokio::test]
async fn a_delivery_whose_sender_vanished_is_taken_over() {
    let stack = Stack::ready().await;
    let id = unique("vanished");
    let batch = dispatched(&stack, &id, 1).await;
    let past = Timestamp::from_unix_millis(Timestamp::now().unix_millis() - 1_000);
    leave_behind(&stack, &batch, "SENDING", 1, past).await;
    stack.invoke("webhook", &batch).await;
    assert_eq!(state(&stack, &batch).await, "DELIVERED");
    assert_eq!(stack.received(&id).await.len(), 1);
}

#[tokio::test]
async fn a_delivery_that_another_sender_holds_waits_for_the_end_of_the_lease() {
    let stack = Stack::ready().await;
    let id = unique("held");
    // The waiting retry reads the alert from the ledger: it has to be there first.
    stack
        .send(&alert_for(&id, &["e2e-plain"]).to_string())
        .await;
    stack.delivery_in(&id, "DELIVERED").await;
    let batch = dispatched(&stack, &id, 1).await;
    let until = Timestamp::now().plus(Duration::from_secs(3));
    leave_behind(&stack, &batch, "SENDING", 1, Some(until)).await;
    stack.invoke("webhook", &batch).await;
    assert_eq!(
        stack.received(&id).await.len(),
        1,
        "nothing is sent while the lease lasts"
    );
    stack.delivery_in(&id, "DELIVERED").await;
    assert_eq!(
        stack.received(&id).await.len(),
        2,
        "the holder had vanished"
    );
}

#[tokio::test]
async fn a_stale_attempt_is_not_made() {
    let stack = Stack::ready().await;
    for (state_left, attempt_left, asked) in [
        ("RETRYING", 2, 1),
        ("RETRYING", 2, 2),
        ("FAILED", 1, 2),
        ("DELIVERED", 1, 1),
    ] {
        let id = unique("overtaken");
        let batch = dispatched(&stack, &id, asked).await;
        leave_behind(&stack, &batch, state_left, attempt_left, None).await;
        stack.invoke("webhook", &batch).await;
        assert_eq!(
            stack.received(&id).await.len(),
            0,
            "{state_left} {attempt_left} {asked}"
        );
        assert_eq!(state(&stack, &batch).await, state_left);
    }
}

#[tokio::test]
async fn the_next_attempt_follows_the_one_before_it() {
    let stack = Stack::ready().await;
    let id = unique("next");
    let batch = dispatched(&stack, &id, 2).await;
    leave_behind(&stack, &batch, "RETRYING", 1, None).await;
    stack.invoke("webhook", &batch).await;
    assert_eq!(state(&stack, &batch).await, "DELIVERED");
    assert_eq!(stack.received(&id).await.len(), 1);
}
