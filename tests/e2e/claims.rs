//! Claims: of all senders that could attempt a delivery, one does.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tocsin_core::Timestamp;
use tocsin_tests::harness::{Stack, alert_for, unique};

use crate::ledger::{Delivery, due, number, text};

/// Attempt number `attempt` to `e2e-plain`, as the router dispatches it.
async fn dispatched(stack: &Stack, alert_id: &str, attempt: u32) -> (Value, Delivery) {
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
    let batch = json!({"parcels": [{
        "alert": explained["ok"]["alert"],
        "severity": "LOW",
        "deliveries": [{
            "destinationId": plain["destinationId"], "displayName": "e2e-plain",
            "settings": {}, "secretName": plain["secretName"], "attempt": attempt,
            "beganAt": Timestamp::now(), "recorded": "yes",
        }],
    }]});
    let destination_id = plain["destinationId"].as_str().unwrap();
    (batch, Delivery::new(alert_id, destination_id))
}

/// The same as the router of release 0.1.0 would have dispatched it: it
/// does not say that the delivery is recorded.
fn of_release_0_1_0(mut batch: Value) -> Value {
    let delivery = &mut batch["parcels"][0]["deliveries"][0];
    delivery.as_object_mut().unwrap().remove("recorded");
    batch
}

/// What every item of a delivery has.
fn common(state: &str, attempt: u32) -> Vec<(&'static str, AttributeValue)> {
    let now = text(Timestamp::now());
    vec![
        ("deliveryId", text("0".repeat(32))),
        ("displayName", text("e2e-plain")),
        ("provider", text("webhook")),
        ("detectionId", text("Tests.EndToEnd")),
        ("severity", text("LOW")),
        ("state", text(state)),
        ("attempt", number(attempt)),
        ("beganAt", now.clone()),
        ("updatedAt", now),
    ]
}

/// Writes the item of an unsettled delivery as an earlier sender would have left it.
async fn leave_unsettled(
    stack: &Stack,
    delivery: &Delivery,
    (state, attempt): (&str, u32),
    lease: Option<Timestamp>,
) {
    let mut item = common(state, attempt);
    let due_at = match lease {
        Some(until) => until.plus(Duration::from_secs(1)),
        // Nobody looks at it as long as the test runs.
        None => Timestamp::now().plus(Duration::from_hours(1)),
    };
    item.extend([
        (
            "leaseUntil",
            number(lease.map_or(0, Timestamp::unix_millis)),
        ),
        ("outbox", text(&delivery.destination_id)),
        ("due", due(due_at)),
        ("nextAttemptAt", text(due_at)),
    ]);
    delivery.put(stack, &item).await;
}

#[tokio::test]
async fn of_eight_senders_with_one_delivery_one_attempts_it() {
    let stack = Stack::ready().await;
    for recorded in ["yes", "by its sender"] {
        let id = unique("eight");
        let (mut batch, delivery) = dispatched(&stack, &id, 1).await;
        if recorded == "yes" {
            leave_unsettled(&stack, &delivery, ("QUEUED", 0), None).await;
        } else {
            batch = of_release_0_1_0(batch);
        }
        let (stack, batch) = (&stack, &batch);
        let all = (0..8).map(|_| stack.invoke("webhook", batch));
        futures::future::join_all(all).await;
        assert_eq!(
            delivery.state(stack).await,
            "DELIVERED",
            "recorded {recorded}"
        );
        assert_eq!(stack.received(&id).await.len(), 1, "recorded {recorded}");
    }
}

#[tokio::test]
async fn a_delivery_whose_sender_vanished_is_taken_over() {
    let stack = Stack::ready().await;
    let id = unique("vanished");
    let (batch, delivery) = dispatched(&stack, &id, 2).await;
    let past = Timestamp::now().minus(Duration::from_secs(1));
    leave_unsettled(&stack, &delivery, ("SENDING", 1), Some(past)).await;
    stack.invoke("webhook", &batch).await;
    assert_eq!(delivery.state(&stack).await, "DELIVERED");
    assert_eq!(stack.received(&id).await.len(), 1);
}

#[tokio::test]
async fn a_delivery_that_another_sender_holds_waits_for_the_end_of_the_lease() {
    let stack = Stack::ready().await;
    let id = unique("held");
    // The drain reads the alert from the ledger: it has to be there first.
    stack
        .send(&alert_for(&id, &["e2e-plain"]).to_string())
        .await;
    stack.delivery_in(&id, "DELIVERED").await;
    let (batch, delivery) = dispatched(&stack, &id, 2).await;
    let until = Timestamp::now().plus(Duration::from_secs(3));
    leave_unsettled(&stack, &delivery, ("SENDING", 1), Some(until)).await;
    stack.invoke("webhook", &batch).await;
    assert_eq!(
        stack.received(&id).await.len(),
        1,
        "nothing is sent while the lease lasts"
    );
    assert_eq!(delivery.state(&stack).await, "SENDING");
    // The sweep finds what is due within a minute, and has it drained when it is due.
    stack.sweep().await;
    let taken_over = stack.delivery_in(&id, "DELIVERED").await;
    assert_eq!(taken_over["attempt"], 2);
    assert_eq!(
        stack.received(&id).await.len(),
        2,
        "the holder had vanished"
    );
}

#[tokio::test]
async fn a_stale_attempt_is_not_made() {
    let stack = Stack::ready().await;
    for (state, attempt, asked) in [
        ("QUEUED", 0, 2),
        ("RETRYING", 2, 1),
        ("RETRYING", 2, 2),
        ("FAILED", 1, 2),
        ("EXHAUSTED", 3, 4),
        ("DELIVERED", 1, 1),
        ("DELIVERED", 1, 2),
    ] {
        let id = unique("overtaken");
        let (batch, delivery) = dispatched(&stack, &id, asked).await;
        if ["QUEUED", "RETRYING"].contains(&state) {
            leave_unsettled(&stack, &delivery, (state, attempt), None).await;
        } else {
            delivery.put(&stack, &common(state, attempt)).await;
        }
        for batch in [batch.clone(), of_release_0_1_0(batch)] {
            stack.invoke("webhook", &batch).await;
            let sent = stack.received(&id).await.len();
            assert_eq!(sent, 0, "{state} {attempt} {asked}");
            assert_eq!(delivery.state(&stack).await, state);
        }
        // The ledger has no such alert: a sweep would report that.
        delivery.delete(&stack).await;
    }
}

#[tokio::test]
async fn the_next_attempt_follows_the_one_before_it() {
    let stack = Stack::ready().await;
    let id = unique("next");
    let (batch, delivery) = dispatched(&stack, &id, 2).await;
    leave_unsettled(&stack, &delivery, ("RETRYING", 1), None).await;
    stack.invoke("webhook", &batch).await;
    let item = delivery.item(&stack).await.unwrap();
    assert_eq!(item["state"], text("DELIVERED"));
    for gone in ["outbox", "due", "leaseUntil", "nextAttemptAt"] {
        assert!(!item.contains_key(gone), "{gone}: {item:?}");
    }
    assert_eq!(stack.received(&id).await.len(), 1);
}
