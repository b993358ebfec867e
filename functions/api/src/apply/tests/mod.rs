use serde_json::{Value, json};
use tocsin_api_types::SecretChange;

use super::*;
use crate::secret::SecretStep;

const ID: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";
const OTHER: &str = "8a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";

fn destination(changes: &Value) -> Destination {
    let mut whole = json!({
        "destinationId": ID, "displayName": "one", "type": "jira", "enabled": true,
        "severities": ["HIGH"], "settings": {"projectKey": "SEC", "labels": ["a"]},
        "createdAt": "2026-01-01T00:00:00Z", "createdBy": "a",
        "updatedAt": "2026-01-01T00:00:00Z", "updatedBy": "a", "revision": 1,
    });
    for (name, value) in changes.as_object().unwrap() {
        whole[name] = value.clone();
    }
    serde_json::from_value(whole).unwrap()
}

fn snapshot(stored: &[Destination]) -> Snapshot {
    Snapshot {
        stored: stored
            .iter()
            .cloned()
            .map(StoredDestination::from)
            .collect(),
        all: stored.iter().cloned().collect(),
    }
}

fn validated(destination: Destination) -> ValidatedChange {
    ValidatedChange {
        destination,
        secret: SecretStep::Keep(None),
    }
}

fn planned(stored: &[Destination], wanted: Destination, secret: SecretStep) -> Change {
    let snapshot = snapshot(stored);
    let after = snapshot.after([&wanted], &[]);
    let change = ValidatedChange {
        destination: wanted,
        secret,
    };
    plan::plan(change, &snapshot, &after).into_parts().0
}

#[test]
fn a_plan_names_what_changes_field_by_field() {
    let before = destination(&json!({}));
    let after = destination(&json!({
        "enabled": false, "updatedBy": "b", "revision": 2,
        "settings": {"projectKey": "OPS", "labels": ["a"], "parent": "OPS-1"},
        "retry": {"windowHours": 2},
    }));
    let change = planned(&[before], after, SecretStep::Keep(None));
    let ChangeKind::Update { fields, secret } = change.kind else {
        panic!("{change:?}")
    };
    assert_eq!(secret, SecretChange::Kept);
    let fields: Vec<_> = fields
        .iter()
        .map(|one| (one.field.as_str(), one.before.clone(), one.after.clone()))
        .collect();
    assert_eq!(
        fields,
        [
            ("enabled", json!(true), json!(false)),
            ("settings.projectKey", json!("SEC"), json!("OPS")),
            ("settings.parent", Value::Null, json!("OPS-1")),
            ("retry", Value::Null, json!({"windowHours": 2})),
        ]
    );
    assert_eq!(change.result, ChangeResult::Planned);
}

#[test]
fn a_plan_shows_fallbacks_by_name() {
    let before = destination(&json!({}));
    let other = destination(&json!({"destinationId": OTHER, "displayName": "other"}));
    let after = destination(&json!({"fallback": OTHER}));
    let change = planned(&[before, other], after, SecretStep::Keep(None));
    let ChangeKind::Update { fields, .. } = change.kind else {
        panic!("{change:?}")
    };
    assert_eq!(fields.len(), 1, "{fields:?}");
    assert_eq!(fields[0].field, "fallback");
    assert_eq!(fields[0].before, Value::Null);
    assert_eq!(fields[0].after, json!("other"));
}

#[test]
fn an_unchanged_destination_is_not_written() {
    let before = destination(&json!({}));
    let again = destination(&json!({"updatedBy": "b", "revision": 2}));
    let same = planned(
        std::slice::from_ref(&before),
        again.clone(),
        SecretStep::Keep(None),
    );
    assert_eq!(same.kind, ChangeKind::Unchanged);
    assert_eq!(same.result, ChangeResult::Nothing);
    // A new secret alone is a change.
    let other = planned(
        &[before],
        again.clone(),
        SecretStep::Refer {
            change: SecretChange::Replaced,
            hosts: vec!["jira.example.com".to_owned()],
        },
    );
    assert!(matches!(
        other.kind,
        ChangeKind::Update { ref fields, secret: SecretChange::Replaced } if fields.is_empty()
    ));
    assert_eq!(other.secret_hosts, ["jira.example.com"]);
    let new = planned(&[], again, SecretStep::None);
    assert!(matches!(new.kind, ChangeKind::Add { .. }));
    assert_eq!(new.destination_id, None);
}

#[test]
fn a_cycle_with_a_destination_that_is_not_in_the_file_is_refused() {
    let one = destination(&json!({}));
    let other =
        destination(&json!({"destinationId": OTHER, "displayName": "other", "fallback": ID}));
    let snapshot = snapshot(&[one, other.clone()]);
    let wanted = validated(destination(&json!({"fallback": OTHER})));
    let error = check_fallbacks(std::slice::from_ref(&wanted), &[], &snapshot).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("destinations[0].fallback"));
    assert!(error.message.contains("one → other → one"), "{error}");
    // A file that also takes the other one's fallback away is accepted.
    let freed = validated(Destination {
        fallback: None,
        ..other.clone()
    });
    check_fallbacks(&[wanted, freed], &[], &snapshot).unwrap();
    // So is one that deletes it, unless it is still named.
    let alone = validated(destination(&json!({})));
    let deleted = [StoredDestination::from(other)];
    check_fallbacks(&[alone], &deleted, &snapshot).unwrap();
    let named = validated(destination(&json!({"fallback": OTHER})));
    let error = check_fallbacks(&[named], &deleted, &snapshot).unwrap_err();
    assert!(error.message.contains("would be deleted"), "{error}");
}

#[test]
fn every_problem_is_reported_with_the_field_of_the_first() {
    let problems = [
        ApiError::invalid("destinations[0].type", "a"),
        ApiError::invalid("destinations[2].secret", "b"),
    ];
    let error = summary(&problems).unwrap();
    assert_eq!(error.field.as_deref(), Some("destinations[0].type"));
    assert!(error.message.contains("2 problems") && error.message.contains("[2].secret: b"));
    assert_eq!(summary(&[]), None);
}

mod cycles;
mod secrets;
