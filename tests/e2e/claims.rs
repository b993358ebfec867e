//! Claims: of all that could attempt a delivery at once or again, one does.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tocsin_core::Timestamp;

use crate::harness::{Stack, alert_for, unique};

/// A hand-over of one alert to `e2e-plain`, as the router would make it.
async fn hand_over(stack: &Stack, alert_id: &str, attempt: u32) -> Value {
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
async fn left_behind(
    stack: &Stack,
    hand_over: &Value,
    state: &str,
    attempt: u32,
    lease: Option<Timestamp>,
) {
    let entry = &hand_over["parcels"][0];
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
async fn state(stack: &Stack, hand_over: &Value) -> String {
    let entry = &hand_over["parcels"][0];
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
    let order = hand_over(&stack, &id, 1).await;
    let (stack, order) = (&stack, &order);
    let all = (0..8).map(|_| stack.invoke("webhook", order));
    futures::future::join_all(all).await;
    assert_eq!(state(stack, order).await, "DELIVERED");
    assert_eq!(stack.received(&id).await.len(), 1);
}

#[tokio::test]
async fn what_a_vanished_sender_held_is_taken_over() {
    let stack = Stack::ready().await;
    let id = unique("vanished");
    let order = hand_over(&stack, &id, 1).await;
    let past = Timestamp::from_unix_millis(Timestamp::now().unix_millis() - 1_000);
    left_behind(&stack, &order, "SENDING", 1, past).await;
    stack.invoke("webhook", &order).await;
    assert_eq!(state(&stack, &order).await, "DELIVERED");
    assert_eq!(stack.received(&id).await.len(), 1);
}

#[tokio::test]
async fn what_another_sender_holds_waits_until_it_is_over() {
    let stack = Stack::ready().await;
    let id = unique("held");
    // The retry that waits reads the alert from the ledger, so it is sent there first.
    stack
        .send(&alert_for(&id, &["e2e-plain"]).to_string())
        .await;
    stack.delivery_in(&id, "DELIVERED").await;
    let order = hand_over(&stack, &id, 1).await;
    let until = Timestamp::now().plus(Duration::from_secs(3));
    left_behind(&stack, &order, "SENDING", 1, Some(until)).await;
    stack.invoke("webhook", &order).await;
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
async fn an_attempt_that_another_has_overtaken_is_not_made() {
    let stack = Stack::ready().await;
    for (state_left, attempt_left, asked) in [
        ("RETRYING", 2, 1),
        ("RETRYING", 2, 2),
        ("FAILED", 1, 2),
        ("DELIVERED", 1, 1),
    ] {
        let id = unique("overtaken");
        let order = hand_over(&stack, &id, asked).await;
        left_behind(&stack, &order, state_left, attempt_left, None).await;
        stack.invoke("webhook", &order).await;
        assert_eq!(
            stack.received(&id).await.len(),
            0,
            "{state_left} {attempt_left} {asked}"
        );
        assert_eq!(state(&stack, &order).await, state_left);
    }
}

#[tokio::test]
async fn the_next_attempt_follows_the_one_before_it() {
    let stack = Stack::ready().await;
    let id = unique("next");
    let order = hand_over(&stack, &id, 2).await;
    left_behind(&stack, &order, "RETRYING", 1, None).await;
    stack.invoke("webhook", &order).await;
    assert_eq!(state(&stack, &order).await, "DELIVERED");
    assert_eq!(stack.received(&id).await.len(), 1);
}
