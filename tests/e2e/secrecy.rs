//! No secret where people look: logs, the API's answers, the tables.

use std::process::Command;

use serde_json::json;

use crate::harness::{PLANTED, Stack, alert_for, root, unique};

const SEARCH_LOGS: &str = r#"
import boto3, sys
logs = boto3.client("logs")
for group in logs.describe_log_groups()["logGroups"]:
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
        for event in page["events"]:
            print(group["logGroupName"], event["message"])
"#;

#[tokio::test]
async fn a_planted_secret_shows_up_nowhere() {
    let stack = Stack::ready().await;
    let id = unique("planted");
    stack
        .send(&alert_for(&id, &["e2e-faulty", "e2e-gone"]).to_string())
        .await;
    let report = stack
        .report_when(&id, |report| {
            report["deliveries"].as_array().is_some_and(|all| {
                all.len() == 2 && all.iter().all(|one| one["state"] != "SENDING")
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

    let logs = logs(&stack);
    assert!(
        logs.contains(&id),
        "the logs that were searched are those of this test"
    );
    assert!(!logs.contains(PLANTED));
}

fn logs(stack: &Stack) -> String {
    let output = Command::new(root().join(".local/venv/sam/bin/python"))
        .args(["-c", SEARCH_LOGS])
        .env("AWS_ENDPOINT_URL", stack.config.endpoint_url().unwrap())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
