use serde_json::{Value, json};
use tocsin_aws::StoredDestination;

use super::*;
use crate::secret::SecretStep;

const ID: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";

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

fn planned(stored: &[Destination], wanted: Destination, secret: SecretStep) -> Change {
    let held = Snapshot {
        stored: stored
            .iter()
            .cloned()
            .map(StoredDestination::from)
            .collect(),
        all: stored.iter().cloned().collect(),
    };
    let prepared = ValidatedChange {
        destination: wanted,
        secret,
    };
    of(prepared, &held).take().0
}

#[test]
fn a_plan_tells_what_changes_field_by_field() {
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
    let told: Vec<_> = fields
        .iter()
        .map(|one| (one.field.as_str(), one.before.clone(), one.after.clone()))
        .collect();
    assert_eq!(
        told,
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
fn what_is_as_it_is_to_be_is_left_alone() {
    let before = destination(&json!({}));
    let again = destination(&json!({"updatedBy": "b", "revision": 2}));
    let same = planned(
        std::slice::from_ref(&before),
        again.clone(),
        SecretStep::Keep(None),
    );
    assert_eq!(same.kind, ChangeKind::Unchanged);
    assert_eq!(same.result, ChangeResult::Nothing);
    // Another secret alone is a change.
    let other = planned(
        &[before],
        again.clone(),
        SecretStep::Refer(SecretChange::Replaced),
    );
    assert!(matches!(
        other.kind,
        ChangeKind::Update { ref fields, secret: SecretChange::Replaced } if fields.is_empty()
    ));
    let new = planned(&[], again, SecretStep::None);
    assert!(matches!(new.kind, ChangeKind::Add { .. }));
    assert_eq!(new.destination_id, None);
}
