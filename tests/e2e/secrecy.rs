//! No secret is visible in logs, in the answers of the API, or in the tables.

use serde_json::{Value, json};
use tocsin_tests::harness::{PLANTED, Stack, alert_for, unique};

#[tokio::test]
async fn a_planted_secret_shows_up_nowhere() {
    let stack = Stack::ready().await;
    let id = unique("planted");
    stack
        .send(&alert_for(&id, &["e2e-faulty", "e2e-refusing"]).to_string())
        .await;
    let report = stack
        .report_when(&id, |report| {
            report["deliveries"].as_array().is_some_and(|all| {
                let settled = |one: &Value| one["state"] == "DELIVERED" || one["state"] == "FAILED";
                all.len() == 2 && all.iter().all(settled)
            })
        })
        .await;
    assert!(!report.to_string().contains(PLANTED));
    let list = stack
        .invoke("api", &json!({"operation": "listDestinations"}))
        .await;
    assert!(!list.to_string().contains(PLANTED));

    let refused = json!({
        "operation": "addDestination",
        "destination": {"displayName": unique("refused"), "type": "webhook"},
        "secret": {"url": PLANTED, "headers": PLANTED},
    });
    let answer = stack.invoke("api", &refused).await;
    assert_eq!(answer["error"]["code"], "INVALID");
    assert!(!answer.to_string().contains(PLANTED), "{answer:#}");

    let logs = Stack::logs();
    assert!(
        logs.contains(&id),
        "the logs that were searched are those of this test"
    );
    assert!(!logs.contains(PLANTED));
}
