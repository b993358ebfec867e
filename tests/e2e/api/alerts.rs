//! Alerts through the API: tests, previews, alerts sent again, lists.

use serde_json::{Value, json};

use tocsin_tests::harness::{Stack, alert_for, unique};

use super::{call, refused, time_now};
use crate::webhook::Webhook;

#[tokio::test]
async fn a_test_alert_shows_each_destinations_own_answer() {
    let stack = Stack::ready().await;
    let gone = Webhook::add(&stack, "/nobody").await.name;
    let request = json!({
        "destinations": ["e2e-plain", gone, "e2e-slack"], "severity": "HIGH",
        "waitSeconds": 20, "actor": "tests",
    });
    let report = call(&stack, "sendTestAlert", request).await;
    let results = report["results"].as_array().unwrap();
    let told: Vec<_> = results
        .iter()
        .map(|one| {
            (
                one["displayName"].as_str().unwrap(),
                one["state"].as_str().unwrap_or("none"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("e2e-plain", "DELIVERED"),
            (gone.as_str(), "FAILED"),
            ("e2e-slack", "DELIVERED")
        ],
        "{report:#}"
    );
    assert_eq!(results[1]["attempt"]["status"], 404);
    let id = report["alertId"].as_str().unwrap();
    let received = stack.received(id).await;
    let plain = received
        .iter()
        .find(|one| one.path == "/hook/plain")
        .unwrap();
    assert_eq!(plain.body["severity"], "HIGH");
    assert!(plain.body["title"].as_str().unwrap().starts_with("[Test] "));
    // Nothing is recorded, so nothing is retried.
    let error = refused(&stack, "getAlert", json!({"alertId": id})).await;
    assert_eq!(error["code"], "NOT_FOUND", "{error:#}");
}

/// Its breaker is open, and so is what waits for it: a test goes at once, and when it is
/// accepted, what waits goes, too.
#[tokio::test]
async fn a_test_probes_at_once_and_brings_forward_what_waits() {
    let stack = Stack::ready().await;
    let webhook = Webhook::add(&stack, "/hook").await;
    stack.inject(&webhook.throttling(1_000, 600)).await;
    let id = unique("waits");
    let alert = alert_for(&id, &[&webhook.name]);
    stack.send(&alert.to_string()).await;
    stack.delivery_in(&id, "RETRYING").await;
    let test = json!({"destinations": [webhook.name], "actor": "tests"});
    let report = call(&stack, "sendTestAlert", test.clone()).await;
    assert_eq!(report["results"][0]["state"], "FAILED", "{report:#}");
    assert_eq!(report["results"][0]["attempt"]["status"], 429);
    stack.remove_faults(&webhook.path).await;
    let report = call(&stack, "sendTestAlert", test).await;
    assert_eq!(report["results"][0]["state"], "DELIVERED", "{report:#}");
    stack.delivery_in(&id, "DELIVERED").await;
    webhook.delete(&stack).await;
}

#[tokio::test]
async fn a_preview_is_what_is_sent_without_its_secrets() {
    let stack = Stack::ready().await;
    let id = unique("preview");
    let alert = alert_for(&id, &["e2e-plain"]);
    let request = json!({"alert": alert, "to": {"destination": "e2e-plain"}});
    let preview = call(&stack, "previewMessage", request).await;
    stack.send(&alert.to_string()).await;
    stack.delivery_in(&id, "DELIVERED").await;
    let body: Value = serde_json::from_str(preview["preview"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, stack.received(&id).await[0].body);
    assert_eq!(preview["preview"]["url"], "[secret]");
    let draft = json!({
        "alert": alert, "form": "minimal",
        "to": {"draft": {"type": "sqs", "settings": {"queueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/alerts"}}},
    });
    let preview = call(&stack, "previewMessage", draft).await;
    assert_eq!(preview["preview"]["kind"], "message");
    assert_eq!(preview["preview"]["attributes"]["alertId"], *id);
}

#[tokio::test]
async fn an_alert_sent_again_is_whole_marked_and_touches_nothing_else() {
    let stack = Stack::ready().await;
    let id = unique("again");
    let mut alert = alert_for(&id, &["e2e-plain", "e2e-slack"]);
    alert["alertContext"] = json!({"nested": {"deep": [1, 2, 3]}});
    alert["routing"]["severity"] = json!("CRITICAL");
    stack.send(&alert.to_string()).await;
    let settled = |report: &Value| {
        let all = report["deliveries"].as_array();
        all.is_some_and(|all| all.len() == 2 && all.iter().all(|one| one["state"] == "DELIVERED"))
    };
    let before = stack.report_when(&id, settled).await;
    let request = json!({"alertId": id, "destinations": ["e2e-plain"], "actor": "tests"});
    let resent = call(&stack, "resendAlert", request).await;
    let new_id = resent["alertId"].as_str().unwrap();
    assert!(new_id.starts_with(&format!("{id}~resent-")), "{resent:#}");
    stack.delivery_in(new_id, "DELIVERED").await;
    let received = stack.received(new_id).await;
    assert_eq!(received.len(), 1);
    let body = &received[0].body;
    assert_eq!(body["title"], format!("[Re-sent] Alert {id}"));
    assert_eq!(body["alertContext"], alert["alertContext"]);
    assert_eq!(body["severity"], "CRITICAL");
    assert_eq!(stack.report_when(&id, settled).await, before);
    // Without a choice it goes to all its targets.
    let resent = call(&stack, "resendAlert", json!({"alertId": id})).await;
    let new_id = resent["alertId"].as_str().unwrap();
    assert_eq!(resent["destinations"].as_array().unwrap().len(), 2);
    stack.report_when(new_id, settled).await;
}

#[tokio::test]
async fn lists_show_what_happened_page_by_page() {
    let stack = Stack::ready().await;
    let begun = time_now();
    let ids: Vec<_> = (0..3).map(|_| unique("listed")).collect();
    for id in &ids {
        stack
            .send(&alert_for(id, &["e2e-refusing"]).to_string())
            .await;
        stack.delivery_in(id, "FAILED").await;
    }
    let skipped = unique("skipped");
    stack.send(&alert_for(&skipped, &[]).to_string()).await;
    stack
        .report_when(&skipped, |report| report["alert"].is_object())
        .await;
    let pages = async |operation: &str, of: &str, request: Value| {
        let mut all = Vec::new();
        let mut request = request;
        loop {
            let page = call(&stack, operation, request.clone()).await;
            let entries = page[of].as_array().unwrap().iter();
            let mut ids: Vec<_> = entries
                .map(|one| one["alertId"].as_str().unwrap().to_owned())
                .collect();
            // A page does not end between two deliveries of one alert.
            ids.dedup();
            assert!(ids.len() <= 2, "{page:#}");
            all.extend(ids);
            if page["cursor"].is_null() {
                return all;
            }
            request["cursor"] = page["cursor"].clone();
        }
    };
    let until = time_now();
    let window = json!({"since": begun, "until": until, "limit": 2});
    let mine = |all: Vec<String>, wanted: &[String]| -> Vec<String> {
        all.into_iter().filter(|id| wanted.contains(id)).collect()
    };
    let newest_first: Vec<_> = ids.iter().rev().cloned().collect();
    let alerts = pages("listAlerts", "alerts", window.clone()).await;
    assert_eq!(mine(alerts.clone(), &ids), newest_first);
    assert_eq!(mine(alerts, std::slice::from_ref(&skipped)).len(), 1);
    let with = |name: &str, value: &str| {
        let mut request = window.clone();
        request[name] = json!(value);
        request
    };
    let silent = pages("listAlerts", "alerts", with("disposition", "SKIPPED")).await;
    assert_eq!(
        (
            mine(silent.clone(), &ids).len(),
            mine(silent, &[skipped]).len()
        ),
        (0, 1)
    );
    let high = pages("listAlerts", "alerts", with("severity", "HIGH")).await;
    assert_eq!(mine(high, &ids).len(), 0);
    for request in [
        with("state", "FAILED"),
        with("destination", "e2e-refusing"),
        window.clone(),
    ] {
        let deliveries = pages("listDeliveries", "deliveries", request.clone()).await;
        assert_eq!(mine(deliveries, &ids), newest_first, "{request}");
    }
    let delivered = pages("listDeliveries", "deliveries", with("state", "DELIVERED")).await;
    assert_eq!(mine(delivered, &ids).len(), 0);
}
