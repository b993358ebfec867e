//! The pipeline on a ledger in memory: what it attempts, what it records, and what it
//! tells the router.

mod fixture;

use std::time::Duration;

use serde_json::json;
use tocsin_aws::TakeDrain;
use tocsin_core::Timestamp;
use tocsin_core::delivery::State;
use tocsin_core::health::{Backlog, Health};
use tocsin_core::outbox::DueEntry;
use tocsin_core::outcome::FailureKind;

use fixture::{
    FALLBACK, Fixture, ID, accepted, crashed, entry, id, misconfigured, refused, unreachable,
};

#[tokio::test]
async fn fresh_deliveries_are_attempted_and_settled() {
    let fixture = Fixture::new(accepted).await;
    let batch = fixture.recorded(&["a", "b"], &json!({})).await;
    fixture.deliver(batch.clone()).await;
    assert_eq!(fixture.state("a").await, (State::Delivered, 1));
    assert_eq!(fixture.state("b").await, (State::Delivered, 1));
    assert_eq!(fixture.outbox().await, []);
    assert_eq!(fixture.sent(), []);
    // Lambda may invoke a function twice.
    fixture.deliver(batch).await;
    assert_eq!(fixture.attempted().len(), 2);
}

#[tokio::test]
async fn what_an_open_breaker_holds_is_left_to_the_drain() {
    let fixture = Fixture::new(accepted).await;
    fixture.open_breaker().await;
    let later = Timestamp::now();
    let batch = fixture.recorded(&["a", "b"], &json!({})).await;
    fixture.deliver(batch).await;
    assert_eq!(fixture.attempted(), [] as [String; 0]);
    assert_eq!(fixture.state("a").await, (State::Queued, 0));
    let outbox = fixture.outbox().await;
    assert_eq!(outbox.len(), 2);
    assert!(outbox.iter().all(|one| one.due.at >= later));
    assert_eq!(fixture.sender.health.get(id(ID)).backlog, Backlog::Waiting);
    let [(message, delay)] = &fixture.sent()[..] else {
        panic!("{:?}", fixture.sent())
    };
    assert_eq!(*message, json!({"wakeUp": ID}));
    assert!((30..=60).contains(delay), "{delay}");
}

#[tokio::test]
async fn a_breaker_that_opens_ends_the_fast_path() {
    let fixture = Fixture::new(unreachable).await;
    let alerts: Vec<_> = (0..30).map(|at| format!("a{at:02}")).collect();
    let alerts: Vec<_> = alerts.iter().map(String::as_str).collect();
    let batch = fixture.recorded(&alerts, &json!({})).await;
    fixture.deliver(batch).await;
    assert_eq!(fixture.attempted().len(), 25);
    assert_eq!(fixture.state("a00").await, (State::Retrying, 1));
    assert_eq!(fixture.state("a29").await, (State::Queued, 0));
    // What was attempted waits for the breaker.
    let until = fixture.sender.health.get(id(ID)).breaker.unwrap().until;
    let due = fixture.record("a00", ID).await.unwrap().next_attempt_at;
    assert_eq!(due, Some(until));
}

#[tokio::test]
async fn a_drain_keeps_its_order_and_is_released() {
    let fixture = Fixture::new(accepted).await;
    let alerts = ["c", "a", "b", "e", "d"];
    let batch = fixture.recorded(&alerts, &json!({})).await;
    let drain = fixture.drain(batch, 100).await;
    assert_eq!(fixture.attempted(), alerts);
    assert_eq!(fixture.outbox().await, []);
    assert_eq!(fixture.sent(), [(json!({"wakeUp": ID}), 0)]);
    let now = Timestamp::now();
    let next = fixture.sender.ledger.take_drain(id(ID), drain.until, now);
    assert_eq!(next.await.unwrap(), TakeDrain::Taken);
}

#[tokio::test]
async fn a_drain_ends_at_the_first_trouble_without_writing_the_rest() {
    let fixture = Fixture::new(unreachable).await;
    let batch = fixture.recorded(&["a", "b", "c"], &json!({})).await;
    let before = fixture.outbox().await;
    fixture.drain(batch, 100).await;
    assert_eq!(fixture.attempted(), ["a"]);
    assert_eq!(fixture.state("a").await, (State::Retrying, 1));
    let after = fixture.outbox().await;
    for untouched in ["b", "c"] {
        let of_alert = |one: &&DueEntry| one.alert_id.as_str() == untouched;
        assert_eq!(
            after.iter().find(of_alert),
            before.iter().find(of_alert),
            "{untouched}"
        );
    }
    let [(message, delay)] = &fixture.sent()[..] else {
        panic!("{:?}", fixture.sent())
    };
    assert_eq!(*message, json!({"wakeUp": ID}));
    assert!((3..=7).contains(delay), "{delay}");
}

#[tokio::test]
async fn settings_from_before_an_edit_do_not_open_the_breaker_that_it_closed() {
    let fixture = Fixture::new(unreachable).await;
    let edited = Health::default().reset(Timestamp::now());
    fixture.store(edited.clone()).await;
    // The router's copy of the destination may be older.
    let batch = fixture.recorded(&["a"], &json!({})).await;
    fixture.deliver(batch).await;
    assert_eq!(fixture.state("a").await, (State::Retrying, 1));
    assert_eq!(fixture.sender.health.get(id(ID)), edited);
    // A drain reads it again.
    let batch = fixture.recorded(&["b"], &json!({})).await;
    fixture.drain(batch, 100).await;
    let health = fixture.sender.health.get(id(ID));
    assert!(health.breaker.is_some(), "{health:?}");
}

#[tokio::test]
async fn a_drain_asks_for_the_next_one_when_the_rate_limiter_allows_it() {
    let fixture = Fixture::new(accepted).await;
    let now = Timestamp::now();
    let limiter = json!({
        "intervalMs": 60_000, "throttledAt": now, "lastSuccessAt": now,
    });
    fixture
        .store(serde_json::from_value(json!({"limiter": limiter})).unwrap())
        .await;
    let batch = fixture.recorded(&["a"], &json!({})).await;
    fixture.drain(batch, 100).await;
    assert_eq!(fixture.attempted(), [] as [String; 0]);
    let [(message, delay)] = &fixture.sent()[..] else {
        panic!("{:?}", fixture.sent())
    };
    assert_eq!(*message, json!({"wakeUp": ID}));
    assert!((50..=60).contains(delay), "{delay}");
}

#[tokio::test]
async fn a_probe_that_fails_inside_tocsin_is_the_only_one_for_a_while() {
    let fixture = Fixture::new(crashed).await;
    let before = Timestamp::now().minus(Duration::from_mins(2));
    fixture.fail(FailureKind::Unreachable, before).await;
    let batch = fixture.recorded(&["a", "b", "c"], &json!({})).await;
    fixture.drain(batch, 100).await;
    assert_eq!(fixture.attempted(), ["a"]);
    assert_eq!(fixture.state("b").await, (State::Queued, 0));
    let delays: Vec<_> = fixture.sent().into_iter().map(|(_, delay)| delay).collect();
    assert!(matches!(delays[..], [4..=6]), "{delays:?}");
}

#[tokio::test]
async fn a_drain_that_comes_too_late_does_nothing() {
    let fixture = Fixture::new(accepted).await;
    let batch = fixture.recorded(&["a"], &json!({})).await;
    fixture.drain(batch, 20).await;
    assert_eq!(fixture.attempted(), [] as [String; 0]);
    assert_eq!(fixture.sent(), []);
}

#[tokio::test]
async fn deliveries_without_a_further_attempt_are_recorded_as_such() {
    let long_ago = "2026-01-01T00:00:00Z";
    for (more, state) in [
        (
            json!({"beganAt": long_ago, "retry": {"windowHours": 1}}),
            State::Exhausted,
        ),
        (json!({"withdrawn": "deleted"}), State::Failed),
        // A removal is recorded as such, however late.
        (
            json!({"withdrawn": "deleted", "beganAt": long_ago}),
            State::Failed,
        ),
    ] {
        let fixture = Fixture::new(accepted).await;
        let batch = fixture.recorded(&["a"], &more).await;
        fixture.drain(batch, 100).await;
        assert_eq!(fixture.state("a").await, (state, 1), "{more}");
        assert_eq!(fixture.attempted(), [] as [String; 0], "{more}");
        assert_eq!(fixture.outbox().await, [], "{more}");
    }
}

#[tokio::test]
async fn the_fallback_of_a_failed_delivery_begins_and_of_a_delivered_one_is_cancelled() {
    let fallback = |sharing| {
        json!({"fallback": {
            "destinationId": FALLBACK, "displayName": "f", "provider": "webhook",
            "sharing": sharing,
        }})
    };
    let fixture = Fixture::new(refused).await;
    let batch = fixture.recorded(&["a"], &fallback("sole")).await;
    fixture.with_fallbacks(&batch).await;
    fixture.deliver(batch).await;
    assert_eq!(fixture.state("a").await, (State::Failed, 1));
    let outbox = fixture.outbox().await;
    assert_eq!(outbox.len(), 1);
    assert_eq!(outbox[0].destination_id, id(FALLBACK));
    assert!(outbox[0].due.at <= Timestamp::now());
    assert!(fixture.sent().contains(&(json!({"wakeUp": FALLBACK}), 0)));

    // One that other targets of the alert share may still be needed by them.
    for (sharing, stays) in [("sole", false), ("shared", true)] {
        let fixture = Fixture::new(accepted).await;
        let batch = fixture.recorded(&["a"], &fallback(sharing)).await;
        fixture.with_fallbacks(&batch).await;
        fixture.deliver(batch).await;
        let record = fixture.record("a", FALLBACK).await;
        assert_eq!(record.is_some(), stays, "{sharing}");
    }
}

#[tokio::test]
async fn what_a_person_can_fix_waits_and_is_reported_once() {
    let fixture = Fixture::new(misconfigured).await;
    let batch = fixture.recorded(&["a", "b"], &json!({})).await;
    fixture.deliver(batch).await;
    assert_eq!(fixture.state("a").await, (State::Retrying, 1));
    let sent = fixture.sent();
    let reports = sent
        .iter()
        .filter(|(body, _)| body.get("failing").is_some());
    assert_eq!(reports.count(), 1, "{sent:?}");
}

#[tokio::test]
async fn deliveries_of_version_0_1_0_are_adopted_and_attempted() {
    let fixture = Fixture::new(unreachable).await;
    fixture
        .deliver(vec![entry("a", &json!({"recorded": "no", "attempt": 3}))])
        .await;
    assert_eq!(fixture.state("a").await, (State::Retrying, 3));
    assert_eq!(fixture.outbox().await.len(), 1);
}

#[tokio::test]
async fn an_accepted_attempt_of_version_0_1_0_is_forwarded() {
    let fixture = Fixture::new(accepted).await;
    let unrecorded = json!({
        "leaseUntil": "2026-01-01T00:01:05Z",
        "attempt": {
            "number": 1, "at": "2026-01-01T00:00:00Z", "durationMs": 5,
            "result": "delivered", "id": "m-1",
        },
    });
    let more = json!({"recorded": "no", "unrecorded": unrecorded});
    fixture.deliver(vec![entry("a", &more)]).await;
    assert_eq!(fixture.attempted(), [] as [String; 0]);
    let [(message, _)] = &fixture.sent()[..] else {
        panic!("{:?}", fixture.sent())
    };
    assert_eq!(message["unrecorded"]["alertId"], "a");
    assert_eq!(message["unrecorded"]["attempt"]["id"], "m-1");
}
