//! The audit: it finds what is missing, and nothing else.

use serde_json::{Value, json};

use tocsin_tests::harness::{Stack, alert_for, unique};

use super::{call, time_now};

fn is_settled(delivery: &Value) -> bool {
    ["DELIVERED", "FAILED"].contains(&delivery["state"].as_str().unwrap())
}

#[tokio::test]
async fn an_audit_finds_what_is_missing_and_nothing_else() {
    let stack = Stack::ready().await;
    let begun = time_now();
    let sound = unique("audited");
    stack
        .send(&alert_for(&sound, &["e2e-plain", "e2e-refusing"]).to_string())
        .await;
    let ended = |report: &Value| {
        let all = report["deliveries"].as_array();
        all.is_some_and(|all| all.len() == 2 && all.iter().all(is_settled))
    };
    stack.report_when(&sound, ended).await;
    let silent = unique("silent");
    stack.send(&alert_for(&silent, &[]).to_string()).await;
    stack
        .report_when(&silent, |report| report["alert"].is_object())
        .await;
    let audit = async || {
        let request = json!({"since": begun, "until": time_now()});
        let report = call(&stack, "audit", request).await;
        assert!(report["cursor"].is_null(), "{report:#}");
        report
    };
    let report = audit().await;
    let about = |report: &Value, id: &str| -> Vec<Value> {
        let all = report["findings"].as_array().unwrap().iter();
        all.filter(|one| one["alertId"] == id).cloned().collect()
    };
    assert_eq!(about(&report, &sound), [] as [Value; 0]);
    assert_eq!(about(&report, &silent), [] as [Value; 0]);
    let count = |of: &str, name: &str| report[of][name].as_u64().unwrap();
    assert_eq!(
        count("alerts", "received"),
        count("alerts", "skipped") + count("alerts", "unrouted") + count("alerts", "routed")
    );
    assert!(count("alerts", "skipped") >= 1 && count("deliveries", "failed") >= 1);
    let ways = [
        "notBegun",
        "sending",
        "waiting",
        "delivered",
        "failed",
        "exhausted",
    ];
    let sum: u64 = ways.iter().map(|way| count("deliveries", way)).sum();
    assert_eq!(count("deliveries", "targets"), sum);
    assert!(report["queues"]["deadAlerts"].is_u64());
    // No sender holds the delivery, and the ledger does not say why it ended.
    let refused = stack.report_when(&sound, ended).await["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["displayName"] == "e2e-refusing")
        .unwrap()
        .clone();
    unsettle(&stack, &sound, refused["destinationId"].as_str().unwrap()).await;
    let report = audit().await;
    let found = about(&report, &sound);
    assert_eq!(found.len(), 1, "{report:#}");
    assert_eq!(
        (&found[0]["kind"], &found[0]["displayName"]),
        (&json!("noReason"), &json!("e2e-refusing"))
    );
    assert_eq!(report["verdict"], "BROKEN");
}

/// Removes the attempt of a delivery from the ledger.
async fn unsettle(stack: &Stack, alert_id: &str, destination_id: &str) {
    use aws_sdk_dynamodb::types::AttributeValue;
    aws_sdk_dynamodb::Client::new(&stack.config)
        .update_item()
        .table_name(stack.output("LedgerTable"))
        .key("alertId", AttributeValue::S(alert_id.to_owned()))
        .key("item", AttributeValue::S(destination_id.to_owned()))
        .update_expression("REMOVE #attempt")
        .expression_attribute_names("#attempt", "attempt#1")
        .send()
        .await
        .unwrap();
}
