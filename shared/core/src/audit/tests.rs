use serde_json::{Value, json};

use super::*;
use crate::alert::AlertId;
use crate::delivery::DeliveryId;
use crate::history::StoredAlert;

const TARGET: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";
const OTHER: &str = "8a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";

fn minutes(after_receipt: u64) -> Timestamp {
    let received: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    received.plus(Duration::from_mins(after_receipt))
}

fn history(disposition: &str, targets: &[&str], deliveries: &[Value]) -> History {
    let target = |id: &&str| {
        json!({"destinationId": id, "displayName": "d", "provider": "slack",
               "reason": "severity", "step": "staticSeverity", "severity": "HIGH"})
    };
    let routing = json!({
        "disposition": disposition, "severity": "HIGH", "passedOver": [], "warnings": [],
        "targets": targets.iter().map(target).collect::<Vec<_>>(),
    });
    let alert = json!({
        "id": "D", "alertId": "a", "createdAt": minutes(0), "severity": "HIGH", "type": "RULE",
    });
    let record = |changes: &Value| {
        let id = DestinationId::parse(changes["destinationId"].as_str().unwrap_or(TARGET)).unwrap();
        let mut whole = json!({
            "destinationId": id, "displayName": "d", "provider": "slack", "attempt": 1,
            "deliveryId": DeliveryId::of(&AlertId::new("a").unwrap(), id), "attempts": [],
            "beganAt": minutes(0), "updatedAt": minutes(0),
        });
        for (name, value) in changes.as_object().unwrap() {
            whole[name] = value.clone();
        }
        serde_json::from_value(whole).unwrap()
    };
    History {
        alert: StoredAlert {
            alert: crate::alert::parse(&alert.to_string()).unwrap(),
            routing: serde_json::from_value(routing).unwrap(),
            received_at: minutes(0),
            resent_as: None,
        },
        deliveries: deliveries.iter().map(record).collect(),
    }
}

fn refused() -> Value {
    json!([{"number": 1, "at": minutes(0), "durationMs": 5, "result": "failed",
            "kind": "refused", "detail": "no"}])
}

#[test]
fn each_state_of_a_delivery_is_sound_or_a_problem() {
    let due = |minute| json!({"state": "RETRYING", "nextAttemptAt": minutes(minute)});
    let leased = |minute| json!({"state": "SENDING", "leaseUntil": minutes(minute)});
    for (delivery, at, problem) in [
        (json!({"state": "DELIVERED"}), 9_000, None),
        (due(30), 20, None),
        (due(30), 49, None),
        (due(30), 51, Some(ProblemKind::Overdue)),
        // Deferred before its first attempt: it waits like any other.
        (
            json!({"state": "RETRYING", "attempt": 0, "nextAttemptAt": minutes(30)}),
            20,
            None,
        ),
        (json!({"state": "RETRYING"}), 1, Some(ProblemKind::NoDate)),
        (leased(2), 1, None),
        (leased(2), 7, None),
        (leased(2), 8, Some(ProblemKind::Abandoned)),
        (json!({"state": "FAILED", "attempts": refused()}), 1, None),
        (
            json!({"state": "EXHAUSTED", "attempts": refused()}),
            1,
            None,
        ),
        (json!({"state": "FAILED"}), 1, Some(ProblemKind::NoReason)),
        (
            json!({"state": "EXHAUSTED"}),
            1,
            Some(ProblemKind::NoReason),
        ),
    ] {
        let history = history("ROUTED", &[TARGET], std::slice::from_ref(&delivery));
        let checked = check(&history, minutes(at));
        let kinds: Vec<_> = checked.problems.iter().map(|one| one.kind).collect();
        assert_eq!(
            kinds,
            problem.into_iter().collect::<Vec<_>>(),
            "{delivery} after {at}"
        );
        let counts = checked.deliveries;
        let ways = counts.sending
            + counts.waiting
            + counts.delivered
            + counts.failed
            + counts.exhausted
            + counts.not_begun;
        assert_eq!((counts.targets, ways), (1, 1), "{delivery}");
    }
}

#[test]
fn every_target_has_a_delivery_after_a_quarter_of_an_hour() {
    let history = history("ROUTED", &[TARGET, OTHER], &[json!({"state": "DELIVERED"})]);
    let young = check(&history, minutes(15));
    assert_eq!(young.problems, []);
    assert_eq!(
        (young.deliveries.targets, young.deliveries.not_begun),
        (2, 1)
    );
    let old = check(&history, minutes(16));
    assert_eq!(old.problems[0].kind, ProblemKind::NotBegun);
    let (id, _) = old.problems[0].destination.clone().unwrap();
    assert_eq!(id.to_string(), OTHER);
    assert!(old.problems[0].advice.contains("dead letters"));
}

#[test]
fn a_delivery_without_a_target_goes_to_a_fallback_or_is_a_bug() {
    let delivered = json!({"state": "DELIVERED", "destinationId": OTHER});
    let stray = history("SKIPPED", &[], std::slice::from_ref(&delivered));
    let kinds = |history: &History| -> Vec<_> {
        let checked = check(history, minutes(60));
        checked.problems.iter().map(|one| one.kind).collect()
    };
    assert_eq!(kinds(&stray), [ProblemKind::NotATarget]);
    let mut to_fallback = delivered;
    to_fallback["standsInFor"] = json!(TARGET);
    let failed = json!({"state": "FAILED", "attempts": refused()});
    let replaced = history("ROUTED", &[TARGET], &[failed, to_fallback]);
    assert_eq!(kinds(&replaced), []);
    let counts = check(&replaced, minutes(60)).deliveries;
    assert_eq!(
        (counts.targets, counts.failed, counts.to_fallbacks),
        (1, 1, 1)
    );
}

#[test]
fn the_disposition_agrees_with_the_targets() {
    for (disposition, targets, sound) in [
        ("ROUTED", &[TARGET][..], true),
        ("SKIPPED", &[], true),
        ("UNROUTED", &[], true),
        ("ROUTED", &[], false),
        ("SKIPPED", &[TARGET], false),
        ("UNROUTED", &[TARGET], false),
    ] {
        let checked = check(&history(disposition, targets, &[]), minutes(1));
        let found = checked.problems.first().map(|one| one.kind);
        let expected = (!sound).then_some(ProblemKind::Contradiction);
        assert_eq!(found, expected, "{disposition} {targets:?}");
    }
}

#[test]
fn alerts_are_counted_once_each() {
    let mut counts = AlertCounts::default();
    for disposition in [
        Disposition::Routed,
        Disposition::Routed,
        Disposition::Skipped,
        Disposition::Unrouted,
    ] {
        counts.add(disposition);
    }
    let AlertCounts {
        received,
        skipped,
        unrouted,
        routed,
    } = counts;
    assert_eq!((received, skipped, unrouted, routed), (4, 1, 1, 2));
}

#[test]
fn a_fallback_that_is_also_a_target_gets_one_delivery() {
    let both = json!({"state": "DELIVERED", "standsInFor": OTHER});
    let history = history("ROUTED", &[TARGET], &[both]);
    let checked = check(&history, minutes(60));
    assert!(checked.problems.is_empty(), "{:?}", checked.problems);
    assert_eq!(checked.deliveries.delivered, 1);
    assert_eq!(checked.deliveries.to_fallbacks, 0);
}
