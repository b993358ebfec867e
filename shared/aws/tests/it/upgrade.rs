//! Items that version 0.1.0 wrote: they are read, and adopted.

use serde_json::{Value, json};
use tocsin_aws::TakeDrain;
use tocsin_core::delivery::State;
use tocsin_core::delivery::record::Adoption;
use tocsin_core::delivery::settlement::{NewState, SettleResult};
use tocsin_core::outbox::Priority;

use crate::dynamodb::DynamoDb;
use crate::ledger::{
    DESTINATION, at, claim, delivery, destination, due, record, settle, settlement,
};

/// A delivery's item of version 0.1.0, in this state.
fn item(alert: &str, state: &str, attempt: u32, more: Value) -> Value {
    let mut item = json!({
        "alertId": {"S": alert}, "item": {"S": DESTINATION},
        "deliveryId": {"S": "0123456789abcdef0123456789abcdef"},
        "displayName": {"S": "d"}, "provider": {"S": "slack"},
        "state": {"S": state}, "attempt": {"N": attempt.to_string()},
        "attempt#1": {"S": r#"{"number":1,"at":"2026-01-01T00:00:00Z","durationMs":5,"result":"failed","kind":"timedOut","detail":"no answer"}"#},
        "beganAt": {"S": "2026-01-01T00:00:00Z"}, "updatedAt": {"S": "2026-01-01T00:00:00Z"},
        "expiresAt": {"N": "1775001600"},
    });
    if let (Some(item), Value::Object(more)) = (item.as_object_mut(), more) {
        item.extend(more);
    }
    item
}

fn adoption(alert: &str, attempts: u32) -> Adoption {
    Adoption {
        delivery: delivery(alert, 20),
        attempts,
        began_at: at(0),
    }
}

fn old_items() -> DynamoDb {
    let dynamodb = DynamoDb::new();
    let due = json!({"nextAttemptAt": {"S": "2026-01-01T00:05:00Z"}});
    // 2026-01-01T00:01:05Z.
    let lease = json!({"leaseUntil": {"N": "1767225665000"}});
    dynamodb.put(&item("retrying", "RETRYING", 1, due));
    dynamodb.put(&item("sending", "SENDING", 2, lease));
    dynamodb.put(&item("delivered", "DELIVERED", 1, json!({})));
    dynamodb
}

#[tokio::test]
async fn deliveries_of_version_0_1_0_are_read() {
    let ledger = old_items().ledger();
    let retrying = record(&ledger, "retrying").await.unwrap();
    assert_eq!(
        (retrying.state, retrying.attempts.len()),
        (State::Retrying, 1)
    );
    assert_eq!(retrying.next_attempt_at, Some(at(300)));
    let sending = record(&ledger, "sending").await.unwrap();
    assert_eq!(
        (sending.state, sending.lease_until),
        (State::Sending, Some(at(65)))
    );
    let delivered = record(&ledger, "delivered").await.unwrap();
    assert_eq!(delivered.state, State::Delivered);
}

#[tokio::test]
async fn what_is_not_settled_is_adopted_into_the_outbox() {
    let ledger = old_items().ledger();
    assert_eq!(due(&ledger, 100_000).await, Vec::<String>::new());
    assert_eq!(
        claim(&ledger, "retrying", 2, 20).await,
        None,
        "it has no due time yet"
    );
    let all = [
        adoption("retrying", 1),
        adoption("sending", 1),
        adoption("delivered", 1),
        adoption("lost", 2),
        adoption("retrying", 1),
    ];
    // Twice: two messages about one delivery.
    for _ in 0..2 {
        for adopted in ledger.adopt(&all, at(10)).await {
            adopted.unwrap();
        }
    }
    assert_eq!(due(&ledger, 19).await, Vec::<String>::new());
    let mut now_due = due(&ledger, 20).await;
    now_due.sort();
    assert_eq!(now_due, ["lost", "retrying"]);
    // Its sender may still settle the one that it holds.
    assert_eq!(due(&ledger, 66).await.len(), 3);
    let entries = ledger
        .due(destination(), Priority::High, at(20), 10)
        .await
        .unwrap()
        .entries;
    assert!(entries.iter().all(|one| one.detection_id == "Okta.Lockout"));

    for (alert, attempt, now) in [("retrying", 2, 20), ("lost", 3, 20), ("sending", 3, 66)] {
        let lease = claim(&ledger, alert, attempt, now).await.unwrap();
        let delivered = settlement(alert, attempt, lease, NewState::Delivered);
        assert_eq!(
            settle(&ledger, delivered).await,
            SettleResult::Settled,
            "{alert}"
        );
    }
    assert_eq!(due(&ledger, 100_000).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_adoption_leaves_what_the_outbox_has() {
    let dynamodb = old_items();
    let ledger = dynamodb.ledger();
    ledger
        .adopt(&[adoption("retrying", 1)], at(10))
        .await
        .pop()
        .unwrap()
        .unwrap();
    let before = dynamodb.item("retrying", DESTINATION);
    let later = Adoption {
        delivery: delivery("retrying", 900),
        ..adoption("retrying", 1)
    };
    ledger.adopt(&[later], at(11)).await.pop().unwrap().unwrap();
    assert_eq!(dynamodb.item("retrying", DESTINATION), before);
}

/// During an update of the stack the router may be the new one and a sender still the
/// old one: that removes the lease, and leaves the delivery in the outbox.
#[tokio::test]
async fn what_an_old_sender_settles_meanwhile_is_claimed_or_leaves_the_outbox() {
    let dynamodb = DynamoDb::new();
    let in_outbox = json!({
        "outbox": {"S": DESTINATION}, "due": {"S": "1#2026-01-01T00:00:10.000000000Z"},
        "detectionId": {"S": "Okta.Lockout"}, "severity": {"S": "HIGH"},
    });
    for (alert, state) in [
        ("retrying", "RETRYING"),
        ("adopted", "RETRYING"),
        ("delivered", "DELIVERED"),
    ] {
        dynamodb.put(&item(alert, state, 1, in_outbox.clone()));
    }
    let ledger = dynamodb.ledger();
    // Its retry message arrives, or is lost.
    let adopted = ledger.adopt(&[adoption("adopted", 1)], at(10)).await;
    adopted.into_iter().next().unwrap().unwrap();
    for alert in ["retrying", "adopted"] {
        assert_eq!(
            claim(&ledger, alert, 3, 20).await,
            None,
            "{alert}: another attempt"
        );
        let lease = claim(&ledger, alert, 2, 20).await.unwrap();
        assert_eq!(
            claim(&ledger, alert, 2, 21).await,
            None,
            "{alert}: it is held"
        );
        let delivered = settlement(alert, 2, lease, NewState::Delivered);
        assert_eq!(settle(&ledger, delivered).await, SettleResult::Settled);
    }
    assert_eq!(claim(&ledger, "delivered", 2, 20).await, None);
    let page = ledger
        .due(destination(), Priority::High, at(20), 10)
        .await
        .unwrap();
    let entry = page.entries.into_iter().next().unwrap();
    let other_state = [(entry.clone(), State::Failed)];
    for (entries, left) in [(other_state, 1), ([(entry, State::Delivered)], 0)] {
        for result in ledger.leave_outbox(&entries).await {
            result.unwrap();
        }
        assert_eq!(due(&ledger, 100_000).await.len(), left);
    }
}

#[tokio::test]
async fn the_health_of_version_0_1_0_has_no_drain() {
    let dynamodb = DynamoDb::new();
    let ledger = dynamodb.ledger();
    dynamodb.put(&json!({
        "alertId": {"S": DESTINATION}, "item": {"S": "HEALTH"}, "version": {"N": "7"},
        "health": {"S": "{}"}, "updatedAt": {"S": "2026-01-01T00:00:00Z"},
    }));
    let take = async |until, now| {
        let taken = ledger.take_drain(destination(), at(until), at(now));
        taken.await.unwrap()
    };
    assert_eq!(take(100, 0).await, TakeDrain::Taken);
    assert_eq!(take(101, 1).await, TakeDrain::InUse);
    let health = ledger.health(&[destination()]).await.unwrap();
    assert_eq!(health[&destination()].version, 7);
}
