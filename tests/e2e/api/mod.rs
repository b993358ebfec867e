//! The API, as its clients use it.

mod alerts;
mod apply;
mod audit;
mod dead_letters;
mod destinations;
mod secrets;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tocsin_tests::harness::{PLANTED, Stack, alert_for, unique};

/// A draft of a webhook that only lists reach.
pub(super) fn draft(name: &str) -> Value {
    json!({"displayName": name, "type": "webhook"})
}

pub(super) fn secret(stack: &Stack, path: &str) -> Value {
    json!({"url": stack.simulator(path), "headers": {"Authorization": PLANTED}})
}

/// What the API gives for `request`; a refusal fails the test.
pub(super) async fn call(stack: &Stack, operation: &str, mut request: Value) -> Value {
    request["operation"] = json!(operation);
    let answer = stack.invoke("api", &request).await;
    assert!(
        !answer.to_string().contains(PLANTED),
        "{operation}: a secret in the answer"
    );
    assert!(answer["error"].is_null(), "{operation}: {answer:#}");
    answer["ok"].clone()
}

/// The error of a request that must be refused.
pub(super) async fn refused(stack: &Stack, operation: &str, mut request: Value) -> Value {
    request["operation"] = json!(operation);
    let answer = stack.invoke("api", &request).await;
    assert!(
        !answer.to_string().contains(PLANTED),
        "{operation}: a secret in the answer"
    );
    assert!(answer["error"].is_object(), "{operation}: {answer:#}");
    answer["error"].clone()
}

pub(super) async fn add_webhook(stack: &Stack, name: &str, path: &str) -> Value {
    let request =
        json!({"destination": draft(name), "secret": secret(stack, path), "actor": "tests"});
    call(stack, "addDestination", request).await
}

/// Where the one delivery of a new alert to `destination` arrived.
pub(super) async fn arrival_path(stack: &Stack, destination: &str) -> String {
    let id = unique("arrival");
    stack
        .send(&alert_for(&id, &[destination]).to_string())
        .await;
    stack.delivery_in(&id, "DELIVERED").await;
    stack.received(&id).await[0].path.clone()
}

/// What `look` finds, once it finds something.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    while started.elapsed() < Duration::from_mins(1) {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    panic!("{what}: not found within a minute");
}

pub(super) fn time_now() -> String {
    tocsin_core::Timestamp::now().to_string()
}
