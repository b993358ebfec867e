//! Claims, settlements and alerts: in the table, and in memory, which must not differ.

use std::time::Duration;

use tocsin_aws::{Added, AlertRecord, Cursor, Ledger, PutAlert};
use tocsin_core::Timestamp;
use tocsin_core::alert::{AlertId, Severity};
use tocsin_core::delivery::claim::{Claim, ClaimRequest, Lease};
use tocsin_core::delivery::settlement::{NewState, SettleResult, Settlement};
use tocsin_core::delivery::{Attempt, NewDelivery, PriorAttempt, State};
use tocsin_core::destination::{DestinationId, ProviderName};
use tocsin_core::history::DeliveryRecord;
use tocsin_core::outbox::Priority;
use tocsin_core::routing::{Disposition, Reason, Routing, Target};

use crate::dynamodb::DynamoDb;

pub(crate) const DESTINATION: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";
pub(crate) const OTHER: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d12";

pub(crate) fn destination() -> DestinationId {
    DestinationId::parse(DESTINATION).unwrap()
}

pub(crate) fn other() -> DestinationId {
    DestinationId::parse(OTHER).unwrap()
}

pub(crate) fn alert_id(id: &str) -> AlertId {
    AlertId::new(id).unwrap()
}

/// A second of the day on which all of this happens.
pub(crate) fn at(second: u64) -> Timestamp {
    let midnight: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    midnight.plus(Duration::from_secs(second))
}

pub(crate) fn ledgers() -> [(&'static str, Ledger); 2] {
    [
        ("table", DynamoDb::new().ledger()),
        ("memory", Ledger::in_memory()),
    ]
}

/// A delivery to the destination that is due at this second.
pub(crate) fn delivery(alert: &str, due: u64) -> NewDelivery {
    NewDelivery {
        alert_id: alert_id(alert),
        destination_id: destination(),
        display_name: "d".to_owned(),
        provider: ProviderName::new("slack").unwrap(),
        detection_id: "Okta.Lockout".to_owned(),
        severity: Severity::High,
        due: at(due),
        fallback_for: None,
    }
}

/// Claims this attempt at the destination for 65 seconds.
pub(crate) async fn claim(ledger: &Ledger, alert: &str, attempt: u32, now: u64) -> Option<Lease> {
    let request = ClaimRequest {
        alert_id: alert_id(alert),
        destination_id: destination(),
        display_name: "renamed".to_owned(),
        provider: ProviderName::new("slack").unwrap(),
        attempt,
        began_at: at(0),
        priority: Priority::High,
        due: None,
        lease: Duration::from_secs(65),
    };
    match ledger
        .claim(&[request], at(now))
        .await
        .pop()
        .unwrap()
        .unwrap()
    {
        Claim::Started(lease) => Some(lease),
        Claim::Refused => None,
    }
}

pub(crate) fn settlement(
    alert: &str,
    number: u32,
    lease: Lease,
    new_state: NewState,
) -> Settlement {
    let result = match new_state {
        NewState::Delivered => r#""result":"delivered","id":"m-1""#,
        _ => r#""result":"failed","kind":"timedOut","detail":"no answer""#,
    };
    let json =
        format!(r#"{{"number":{number},"at":"2026-01-01T00:00:00Z","durationMs":5,{result}}}"#);
    let attempt: Attempt = serde_json::from_str(&json).unwrap();
    Settlement {
        alert_id: alert_id(alert),
        destination_id: destination(),
        lease,
        attempt,
        new_state,
        priority: Priority::High,
        prior_attempt: match new_state {
            NewState::Delivered => PriorAttempt::NotDelivered,
            _ => PriorAttempt::MaybeDelivered,
        },
    }
}

pub(crate) async fn settle(ledger: &Ledger, settlement: Settlement) -> SettleResult {
    ledger.settle(&[settlement]).await.pop().unwrap().unwrap()
}

pub(crate) async fn add(ledger: &Ledger, deliveries: &[NewDelivery]) -> Vec<Added> {
    let added = ledger.add_deliveries(deliveries, at(0)).await;
    added.into_iter().map(Result::unwrap).collect()
}

pub(crate) async fn record(ledger: &Ledger, alert: &str) -> Option<DeliveryRecord> {
    let key = (alert_id(alert), destination());
    let mut records = ledger.records(std::slice::from_ref(&key)).await.unwrap();
    records.remove(&key).map(Result::unwrap)
}

/// The ids of the alerts that are due at this second, HIGH ones.
pub(crate) async fn due(ledger: &Ledger, now: u64) -> Vec<String> {
    let due = ledger.due(destination(), Priority::High, at(now), 10);
    let due = due.await.unwrap().entries;
    due.iter().map(|one| one.alert_id.to_string()).collect()
}

#[tokio::test]
async fn a_delivery_is_recorded_claimed_and_settled_once() {
    for (name, ledger) in ledgers() {
        // Twice in one call.
        let both = [delivery("a", 150), delivery("a", 0)];
        assert_eq!(
            add(&ledger, &both).await,
            [Added::New, Added::Exists],
            "{name}"
        );
        let queued = record(&ledger, "a").await.unwrap();
        assert_eq!((queued.state, queued.attempt), (State::Queued, 0), "{name}");
        assert_eq!(queued.next_attempt_at, Some(at(150)), "{name}");
        assert_eq!(queued.lease_until, None, "{name}");

        let lease = claim(&ledger, "a", 1, 1).await.unwrap();
        assert_eq!(lease.until, at(66), "{name}");
        for attempt in [1, 2] {
            assert_eq!(claim(&ledger, "a", attempt, 2).await, None, "{name}");
        }
        let sending = record(&ledger, "a").await.unwrap();
        assert_eq!(
            (sending.state, sending.attempt),
            (State::Sending, 1),
            "{name}"
        );
        assert_eq!(sending.display_name, "renamed", "{name}");
        assert_eq!(sending.next_attempt_at, None, "{name}");

        let delivered = settlement("a", 1, lease, NewState::Delivered);
        // The second time it finds its own attempt.
        for _ in 0..2 {
            let result = settle(&ledger, delivered.clone()).await;
            assert_eq!(result, SettleResult::Settled, "{name}");
        }
        let settled = record(&ledger, "a").await.unwrap();
        assert_eq!(settled.state, State::Delivered, "{name}");
        assert_eq!(settled.attempts, [delivered.attempt], "{name}");
        assert_eq!(settled.lease_until, None, "{name}");
        assert_eq!(due(&ledger, 10_000).await, Vec::<String>::new(), "{name}");
        assert_eq!(claim(&ledger, "a", 2, 10_000).await, None, "{name}");
        assert_eq!(
            add(&ledger, &[delivery("a", 0)]).await,
            [Added::Exists],
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_expired_lease_is_taken_over_and_its_holder_settles_nothing() {
    for (name, ledger) in ledgers() {
        add(&ledger, &[delivery("a", 0)]).await;
        let lost = claim(&ledger, "a", 1, 1).await.unwrap();
        assert_eq!(due(&ledger, 66).await, Vec::<String>::new(), "{name}");
        assert_eq!(due(&ledger, 67).await, ["a"], "{name}");
        assert_eq!(claim(&ledger, "a", 2, 66).await, None, "{name}");
        let lease = claim(&ledger, "a", 2, 67).await.unwrap();
        let record = record(&ledger, "a").await.unwrap();
        assert_eq!(
            record.prior_attempt(),
            PriorAttempt::MaybeDelivered,
            "{name}"
        );

        let late = settlement("a", 1, lost, NewState::Failed);
        assert_eq!(
            settle(&ledger, late).await,
            SettleResult::LeaseLost,
            "{name}"
        );
        let delivered = settlement("a", 2, lease, NewState::Delivered);
        assert_eq!(
            settle(&ledger, delivered).await,
            SettleResult::Settled,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_failed_attempt_waits_for_the_next_one() {
    for (name, ledger) in ledgers() {
        add(&ledger, &[delivery("a", 0)]).await;
        let lease = claim(&ledger, "a", 1, 1).await.unwrap();
        let retrying = settlement("a", 1, lease, NewState::Retrying { due: at(30) });
        assert_eq!(
            settle(&ledger, retrying).await,
            SettleResult::Settled,
            "{name}"
        );
        let waiting = record(&ledger, "a").await.unwrap();
        assert_eq!(waiting.state, State::Retrying, "{name}");
        assert_eq!(waiting.next_attempt_at, Some(at(30)), "{name}");
        assert_eq!(
            waiting.maybe_delivered,
            PriorAttempt::MaybeDelivered,
            "{name}"
        );
        assert_eq!(due(&ledger, 29).await, Vec::<String>::new(), "{name}");
        assert_eq!(due(&ledger, 30).await, ["a"], "{name}");

        assert_eq!(claim(&ledger, "a", 1, 30).await, None, "{name}");
        let lease = claim(&ledger, "a", 2, 30).await.unwrap();
        let failed = settlement("a", 2, lease, NewState::Exhausted);
        assert_eq!(
            settle(&ledger, failed).await,
            SettleResult::Settled,
            "{name}"
        );
        assert_eq!(due(&ledger, 10_000).await, Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
async fn of_many_attempts_some_are_kept() {
    for (name, ledger) in ledgers() {
        add(&ledger, &[delivery("a", 0)]).await;
        for number in 1..=45_u32 {
            let now = u64::from(number) * 100;
            let lease = claim(&ledger, "a", number, now).await.unwrap();
            let retrying = settlement("a", number, lease, NewState::Retrying { due: at(now) });
            settle(&ledger, retrying).await;
        }
        let record = record(&ledger, "a").await.unwrap();
        let kept: Vec<u32> = record.attempts.iter().map(|one| one.number).collect();
        assert_eq!(kept, (1..=10).chain(16..=45).collect::<Vec<_>>(), "{name}");
        assert_eq!(record.attempt, 45, "{name}");
    }
}

fn routing(targets: &[&str]) -> Routing {
    Routing {
        disposition: match targets {
            [] => Disposition::Unrouted,
            _ => Disposition::Routed,
        },
        severity: Severity::High,
        targets: targets
            .iter()
            .map(|id| Target {
                destination_id: DestinationId::parse(id).unwrap(),
                display_name: "d".to_owned(),
                provider: ProviderName::new("slack").unwrap(),
                reason: Reason::SystemError,
            })
            .collect(),
        passed_over: Vec::new(),
        warnings: Vec::new(),
    }
}

fn alert(id: &str, severity: &str, title: &str) -> tocsin_core::alert::Alert {
    let json = format!(
        r#"{{"id":"A.B","createdAt":"2026-01-01T00:00:00Z","severity":"{severity}","type":"RULE","title":"{title}","alertId":"{id}"}}"#
    );
    tocsin_core::alert::parse(&json).unwrap()
}

#[tokio::test]
async fn an_alert_is_recorded_once_and_its_routing_grows() {
    for (name, ledger) in ledgers() {
        let put = async |alert: &_, routing: &_| {
            let record = AlertRecord {
                alert,
                routing,
                received_at: at(5),
            };
            ledger.record(&[record]).await.pop().unwrap().unwrap()
        };
        let unrouted = routing(&[]);
        let first = alert("a", "HIGH", "t");
        assert_eq!(put(&first, &unrouted).await, PutAlert::Created, "{name}");
        let louder = put(&alert("a", "CRITICAL", "t"), &unrouted).await;
        let PutAlert::Duplicate(stored) = louder else {
            panic!("{name}: {louder:?}");
        };
        assert_eq!(stored.routing, unrouted, "{name}");
        let conflict = put(&alert("a", "HIGH", "another"), &unrouted).await;
        assert_eq!(conflict, PutAlert::IdConflict, "{name}");

        let grown = routing(&[DESTINATION]);
        ledger
            .update_routing(&first.alert_id, &grown)
            .await
            .unwrap();
        let mut alerts = ledger
            .alerts(std::slice::from_ref(&first.alert_id))
            .await
            .unwrap();
        let stored = alerts.remove(&first.alert_id).unwrap().unwrap();
        assert_eq!(stored.routing, grown, "{name}");
        assert_eq!(stored.alert, first, "{name}");
    }
}

#[tokio::test]
async fn only_a_recorded_alert_gets_another_routing() {
    let dynamodb = DynamoDb::new();
    let ledger = dynamodb.ledger();
    let id = alert_id("unknown");
    assert!(ledger.update_routing(&id, &routing(&[])).await.is_err());
    let unrouted = AlertRecord {
        alert: &alert("a", "HIGH", "t"),
        routing: &routing(&[]),
        received_at: at(5),
    };
    ledger.record(&[unrouted]).await.pop().unwrap().unwrap();
    assert_eq!(dynamodb.item("a", "ALERT")["attention"]["S"], "UNROUTED");
    let grown = routing(&[DESTINATION]);
    ledger.update_routing(&alert_id("a"), &grown).await.unwrap();
    let item = dynamodb.item("a", "ALERT");
    assert_eq!(item.get("attention"), None);
    assert_eq!(item.get("attentionSince"), None);
    assert_eq!(item["disposition"]["S"], "ROUTED");
}

#[tokio::test]
async fn the_timeline_lists_alerts_of_both_forms_newest_first() {
    let dynamodb = DynamoDb::new();
    let ledger = dynamodb.ledger();
    let routing = routing(&[DESTINATION]);
    for number in 0..40_u64 {
        let alert = alert(&format!("a-{number}"), "HIGH", "t");
        let record = AlertRecord {
            alert: &alert,
            routing: &routing,
            // Four at a time, over midnight.
            received_at: at(86_380 + number / 4 * 5),
        };
        ledger.record(&[record]).await.pop().unwrap().unwrap();
        if number < 8 {
            // As version 0.1.0 wrote it.
            let mut item = dynamodb.item(&format!("a-{number}"), "ALERT");
            item["day"]["S"] = "2026-01-01".into();
            dynamodb.put(&item);
        }
    }
    for limit in [1, 3, 16, 100] {
        let mut listed = Vec::new();
        let mut next = Some(Cursor::before(at(100_000)));
        while let Some(from) = next {
            let page = ledger.timeline(at(86_381), &from, limit).await.unwrap();
            assert!(page.entries.len() <= limit);
            listed.extend(page.entries);
            next = page.next;
        }
        assert!(listed.is_sorted_by_key(|one| std::cmp::Reverse(one.received_at)));
        let mut ids: Vec<_> = listed.iter().map(|one| one.alert_id.to_string()).collect();
        ids.sort();
        ids.dedup();
        // All but the first four, which are too early.
        assert_eq!((listed.len(), ids.len()), (36, 36), "{limit}");
    }
}
