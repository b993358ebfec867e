//! Circles of fallbacks, over what is in the stack and what a request changes.

use serde_json::{Value, json};
use tocsin_api_types::{ApiError, ApplyDestinations, ApplyReport, ErrorCode, UpdateDestination};

use crate::Api;
use crate::fixture::api;

const A: &str = "7a0b0b5c-1f0e-4b8e-9f05-00000000000a";
const B: &str = "7a0b0b5c-1f0e-4b8e-9f05-00000000000b";

/// A destination in the stack.
fn stored(id: &str, name: &str, fallback: Option<&str>) -> Value {
    json!({
        "destinationId": id, "displayName": name, "type": "pagerduty", "fallback": fallback,
        "secretName": format!("tests/pagerduty/{id}/1"),
        "createdAt": "2026-01-01T00:00:00Z", "createdBy": "a",
        "updatedAt": "2026-01-01T00:00:00Z", "updatedBy": "a", "revision": 1,
    })
}

/// A stack in which `house-b` falls back to `house-a`.
async fn houses() -> Api {
    let all = json!([stored(A, "house-a", None), stored(B, "house-b", Some(A))]);
    api(&all).await.0
}

/// A destination in a file.
fn listed(name: &str, fallback: Option<&str>) -> Value {
    json!({"destination": {"displayName": name, "type": "pagerduty", "fallback": fallback}})
}

fn added(name: &str, fallback: Option<&str>) -> Value {
    let mut added = listed(name, fallback);
    added["secret"] = json!({"routingKey": "0123456789abcdef0123456789abcdef"});
    added
}

async fn apply(file: &[Value], flags: &Value) -> Result<ApplyReport, ApiError> {
    let mut request = json!({"destinations": file});
    for (name, value) in flags.as_object().unwrap() {
        request[name] = value.clone();
    }
    let request: ApplyDestinations = serde_json::from_value(request).unwrap();
    houses().await.apply_destinations(request).await
}

#[track_caller]
fn is_circle(error: &ApiError, field: &str, chain: &str) {
    assert_eq!(error.code, ErrorCode::Invalid, "{error}");
    assert_eq!(error.field.as_deref(), Some(field), "{error}");
    assert!(error.message.contains(chain), "{chain}: {error}");
}

#[tokio::test]
async fn a_file_that_closes_a_circle_with_the_stack_is_refused() {
    const CHAIN: &str = "cycle (house-a → house-b → house-a)";
    for fallback in ["house-b", B] {
        let file = [listed("house-a", Some(fallback))];
        for flags in [json!({"dryRun": true}), json!({})] {
            let error = apply(&file, &flags).await.unwrap_err();
            is_circle(&error, "destinations[0].fallback", CHAIN);
        }
    }
    // The other one is in the file as well, and unchanged.
    let file = [
        listed("house-b", Some("house-a")),
        listed("house-a", Some("house-b")),
    ];
    let error = apply(&file, &json!({"dryRun": true})).await.unwrap_err();
    is_circle(
        &error,
        "destinations[0].fallback",
        "house-b → house-a → house-b",
    );
}

#[tokio::test]
async fn a_circle_through_a_destination_that_the_file_adds_is_refused() {
    // By name: a destination that does not exist yet has no id.
    let file = [
        listed("house-a", Some("house-c")),
        added("house-c", Some("house-b")),
    ];
    let error = apply(&file, &json!({"dryRun": true})).await.unwrap_err();
    let chain = "house-a → house-c → house-b → house-a";
    is_circle(&error, "destinations[0].fallback", chain);
}

#[tokio::test]
async fn a_file_that_also_opens_the_circle_is_accepted() {
    let file = [listed("house-a", Some("house-b")), listed("house-b", None)];
    apply(&file, &json!({"dryRun": true})).await.unwrap();
    // Under a new name it is another destination: `house-b` goes on to `house-a`.
    let renamed = [added("house-a2", Some("house-b"))];
    apply(&renamed, &json!({"dryRun": true})).await.unwrap();
}

#[tokio::test]
async fn pruning_opens_no_circle_by_deleting_the_fallback() {
    let prune = json!({"dryRun": true, "prune": true});
    for fallback in ["house-b", B] {
        let file = [listed("house-a", Some(fallback))];
        let error = apply(&file, &prune).await.unwrap_err();
        is_circle(&error, "destinations[0].fallback", "would be deleted");
    }
    let both = [
        listed("house-a", Some("house-b")),
        listed("house-b", Some("house-a")),
    ];
    let error = apply(&both, &prune).await.unwrap_err();
    is_circle(
        &error,
        "destinations[0].fallback",
        "house-a → house-b → house-a",
    );
    // A renamed destination is a new one, and the old one goes.
    let renamed = [
        added("house-a2", Some("house-b")),
        listed("house-b", Some("house-a2")),
    ];
    let error = apply(&renamed, &prune).await.unwrap_err();
    is_circle(
        &error,
        "destinations[0].fallback",
        "house-a2 → house-b → house-a2",
    );
}

#[tokio::test]
async fn an_update_that_closes_a_circle_is_refused() {
    for (destination, name, fallback, chain) in [
        (
            "house-a",
            "house-a",
            "house-b",
            "house-a → house-b → house-a",
        ),
        (A, "house-a", B, "house-a → house-b → house-a"),
        // It gets another name in the same request.
        ("house-a", "other", "house-b", "other → house-b → other"),
        (A, "other", "house-a", "cannot be its own fallback"),
    ] {
        let draft = &listed(name, Some(fallback))["destination"];
        let request = json!({"destination": destination, "revision": 1, "draft": draft});
        let request: UpdateDestination = serde_json::from_value(request).unwrap();
        let error = houses()
            .await
            .update_destination(request)
            .await
            .unwrap_err();
        is_circle(&error, "fallback", chain);
    }
}
