use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use tocsin_api_types::{
    Canary, Condition, Coverage, QueueDepths, Status, StatusProblemKind as Kind, Unrouted,
};
use tocsin_aws::VersionedHealth;
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::State;
use tocsin_core::destination::{DestinationId, Destinations};
use tocsin_core::health::{DetectionKey, Health, Observation};
use tocsin_core::outbox::{DueEntry, DueKey, Priority};
use tocsin_core::outcome::{Failure, FailureKind};

use super::assess::assess;
use super::facts::{Facts, Waiting};

const ID: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";

fn id() -> DestinationId {
    DestinationId::parse(ID).unwrap()
}

fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn minutes_ago(minutes: u64) -> Timestamp {
    now().minus(Duration::from_mins(minutes))
}

fn destinations(fields: &Value) -> Destinations {
    let mut one = json!({
        "destinationId": ID, "displayName": "soc on-call", "type": "slack", "enabled": true,
        "createdAt": "2026-01-01T00:00:00Z", "createdBy": "a",
        "updatedAt": "2026-01-01T00:00:00Z", "updatedBy": "a", "revision": 1,
    });
    for (name, value) in fields.as_object().unwrap() {
        one[name] = value.clone();
    }
    [serde_json::from_value(one).unwrap()].into_iter().collect()
}

/// Facts about a stack with which nothing is wrong.
fn sound() -> Facts {
    Facts {
        at: now(),
        since: minutes_ago(24 * 60),
        canary_interval: None,
        waiting: Waiting::default(),
        healths: HashMap::new(),
        failed: HashMap::new(),
        unrouted: Unrouted::default(),
        queues: QueueDepths::default(),
        last_sweep_at: Some(minutes_ago(1)),
        canary: None,
        coverage: Coverage::Whole,
    }
}

fn kinds(status: &Status) -> Vec<Kind> {
    status.problems.iter().map(|problem| problem.kind).collect()
}

fn status(facts: Facts) -> Status {
    assess(facts, &destinations(&json!({})))
}

/// A destination whose breaker was opened a minute ago by this failure.
fn down(kind: FailureKind) -> HashMap<DestinationId, VersionedHealth> {
    let failure = Failure::new(kind, "the token is gone");
    let observed = if kind.is_curable() {
        Observation::Misconfigured { failure }
    } else {
        Observation::Fault {
            failure,
            retry_after: None,
        }
    };
    let observed = [(DetectionKey::of("d"), observed)];
    let health = Health::default().record(&observed, now(), 0.5);
    assert!(health.breaker.is_some());
    HashMap::from([(id(), VersionedHealth { health, version: 1 })])
}

/// So many deliveries that have been due since then.
fn waiting(count: usize, due: Timestamp) -> Waiting {
    let entry = |number| DueEntry {
        alert_id: AlertId::new(&format!("a-{number}")).unwrap(),
        destination_id: id(),
        detection_id: "d".to_owned(),
        due: DueKey {
            priority: Priority::Normal,
            at: due,
        },
    };
    let mut waiting = Waiting::default();
    waiting.add((0..count).map(entry).collect());
    waiting
}

#[test]
fn a_sound_stack_has_no_problems() {
    let status = status(sound());
    assert_eq!(status.problems, []);
    assert_eq!(status.destinations[0].condition, Condition::Healthy);
}

#[test]
fn a_destination_that_a_person_must_fix_is_named_with_the_command_for_it() {
    for (kind, command) in [
        (
            FailureKind::Unauthorized,
            "tocsin destinations edit 'soc on-call'",
        ),
        (
            FailureKind::Unreachable,
            "tocsin destinations test 'soc on-call'",
        ),
    ] {
        let status = status(Facts {
            healths: down(kind),
            waiting: waiting(3, minutes_ago(10)),
            ..sound()
        });
        assert_eq!(kinds(&status), [Kind::DestinationDown], "{status:#?}");
        let problem = &status.problems[0];
        assert_eq!(problem.command, command);
        assert!(
            problem.what.contains("the token is gone"),
            "{}",
            problem.what
        );
        let row = &status.destinations[0];
        assert_eq!((row.condition, row.waiting), (Condition::Down, 3));
        // What the breaker holds is not overdue.
        assert_eq!(row.overdue_seconds, 0);
        assert!(row.next_attempt_at.is_some_and(|at| at > now()));
    }
}

#[test]
fn what_is_due_and_not_attempted_is_overdue() {
    for (minutes, expected) in [(1, vec![]), (4, vec![Kind::Overdue])] {
        let facts = Facts {
            waiting: waiting(1, minutes_ago(minutes)),
            ..sound()
        };
        assert_eq!(kinds(&status(facts)), expected, "{minutes}");
    }
}

#[test]
fn the_age_of_what_waits_is_that_of_the_oldest_that_was_looked_at() {
    let mut waiting = waiting(30, minutes_ago(1));
    assert_eq!(waiting.due_first(25).len(), 25);
    waiting.began(id(), minutes_ago(7));
    waiting.began(id(), minutes_ago(9));
    waiting.began(id(), minutes_ago(8));
    let status = status(Facts { waiting, ..sound() });
    let row = &status.destinations[0];
    assert_eq!((row.waiting, row.oldest_since), (30, Some(minutes_ago(9))));
}

#[test]
fn failures_are_problems_of_their_destination_even_when_it_is_deleted() {
    let deleted = DestinationId::generate();
    let facts = || Facts {
        failed: HashMap::from([(id(), 1), (deleted, 2)]),
        ..sound()
    };
    let whole = status(facts());
    assert_eq!(kinds(&whole), [Kind::Failed, Kind::Failed]);
    assert!(
        whole.problems[0]
            .what
            .starts_with("1 delivery to \"soc on-call\"")
    );
    assert!(
        whole.problems[1]
            .what
            .contains("2 deliveries to a deleted destination")
    );
    let part = status(Facts {
        coverage: Coverage::Part,
        ..facts()
    });
    assert!(part.problems[0].what.starts_with("at least 1 delivery"));
}

#[test]
fn the_stacks_own_problems_come_by_urgency() {
    let status = status(Facts {
        last_sweep_at: None,
        unrouted: Unrouted {
            alerts: 5,
            urgent: 2,
            newest_urgent: None,
        },
        queues: QueueDepths {
            dead_alerts: 3,
            ..QueueDepths::default()
        },
        ..sound()
    });
    let expected = [Kind::SweepLate, Kind::Unrouted, Kind::DeadLetters];
    assert_eq!(kinds(&status), expected);
    for minutes in [6, 60] {
        let late = Facts {
            last_sweep_at: Some(minutes_ago(minutes)),
            ..sound()
        };
        assert_eq!(
            kinds(&assess(late, &destinations(&json!({})))),
            [Kind::SweepLate]
        );
    }
}

#[test]
fn a_canary_must_come_and_arrive() {
    let canary = |minutes, state| Canary {
        at: minutes_ago(minutes),
        alert_id: AlertId::new("canary-1"),
        state,
    };
    let late = |canary| {
        let facts = Facts {
            canary_interval: Some(Duration::from_mins(15)),
            canary,
            ..sound()
        };
        kinds(&status(facts)) == [Kind::CanaryLate]
    };
    assert!(late(None));
    assert!(!late(Some(canary(20, Some(State::Delivered)))));
    assert!(late(Some(canary(40, Some(State::Delivered)))));
    assert!(late(Some(canary(10, Some(State::Retrying)))));
    assert!(!late(Some(canary(2, Some(State::Queued)))));
}

#[test]
fn a_disabled_destination_is_not_a_problem() {
    let facts = Facts {
        healths: down(FailureKind::Unauthorized),
        ..sound()
    };
    let status = assess(facts, &destinations(&json!({"enabled": false})));
    assert_eq!(status.problems, []);
    assert_eq!(status.destinations[0].condition, Condition::Disabled);
}
