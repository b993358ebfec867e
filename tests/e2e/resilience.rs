//! Failing destinations: which deliveries wait, which do not, and what is reported.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tocsin_tests::harness::{Stack, alert_for, unique};
use tocsin_tests::simulator::Fault;

/// Adds a webhook destination for one test only; gives its name.
async fn destination(stack: &Stack, path: &str, more: Value) -> String {
    let name = unique("resilience");
    let mut destination = json!({"displayName": name, "type": "webhook"});
    for (field, value) in more.as_object().into_iter().flatten() {
        destination[field] = value.clone();
    }
    let request = json!({
        "operation": "addDestination", "actor": "tests", "destination": destination,
        "secret": {"url": stack.simulator(&format!("{path}/{name}"))},
    });
    let answer = stack.invoke("api", &request).await;
    assert!(answer["ok"].is_object(), "{answer:#}");
    name
}

fn throttled(path: &str, times: usize, retry_after: u32) -> Fault {
    Fault {
        times,
        headers: BTreeMap::from([("retry-after".to_owned(), retry_after.to_string())]),
        ..Fault::once(path, "", 429)
    }
}

#[tokio::test]
async fn the_breaker_of_a_throttled_destination_delays_all_and_uses_up_no_attempt() {
    let stack = Stack::ready().await;
    let slow = destination(&stack, "/hook", json!({})).await;
    let first = unique("first");
    stack
        .inject(&throttled(&format!("/hook/{slow}"), 1, 6))
        .await;
    stack.send(&alert_for(&first, &[&slow]).to_string()).await;
    let report = stack.delivery_in(&first, "RETRYING").await;
    assert_eq!(report["attempts"][0]["kind"], "throttled");

    // These come while the breaker is open; each also goes to another destination.
    let later: Vec<_> = (0..3).map(|_| unique("during")).collect();
    for id in &later {
        let alert = alert_for(id, &[&slow, "e2e-plain"]);
        stack.send(&alert.to_string()).await;
    }
    let state_at = |report: &Value, name: &str| {
        let deliveries = report["deliveries"].as_array().cloned().unwrap_or_default();
        let one = deliveries
            .into_iter()
            .find(|one| one["displayName"] == name);
        one.unwrap_or(Value::Null)
    };
    for id in &later {
        let report = stack
            .report_when(id, |report| {
                state_at(report, "e2e-plain")["state"] == "DELIVERED"
                    && !state_at(report, &slow).is_null()
            })
            .await;
        let waiting = state_at(&report, &slow);
        assert_eq!(waiting["state"], "RETRYING", "{waiting:#}");
        assert_eq!(waiting["attempt"], 0);
        assert_eq!(waiting["attempts"], json!([]));
        assert!(waiting["nextAttemptAt"].is_string());
    }
    for id in &later {
        let report = stack
            .report_when(id, |report| state_at(report, &slow)["state"] == "DELIVERED")
            .await;
        assert_eq!(state_at(&report, &slow)["attempt"], 1, "{report:#}");
        let path = format!("/hook/{slow}");
        let received = stack.received(id).await;
        let there = received.iter().filter(|one| one.path == path);
        assert_eq!(there.count(), 1);
    }
    let first = stack.delivery_in(&first, "DELIVERED").await;
    assert_eq!(first["attempt"], 2);
}

#[tokio::test]
async fn a_failing_destination_is_reported_to_destinations_of_system_errors() {
    let stack = Stack::ready().await;
    let broken = destination(&stack, "/nobody", json!({})).await;
    let watching = json!({"alertTypes": ["SYSTEM_ERROR"]});
    let watcher = destination(&stack, "/hook", watching).await;
    // The router's copy of the destinations is up to 30 seconds old; a name that is
    // not in it makes the router read them again at once.
    stack
        .send(&alert_for(&unique("look"), &[&watcher]).to_string())
        .await;
    let ids = [unique("lost"), unique("lost")];
    for id in &ids {
        stack.send(&alert_for(id, &[&broken]).to_string()).await;
        stack.delivery_in(id, "FAILED").await;
    }
    let path = format!("/hook/{watcher}");
    let received = stack
        .received_when(&broken, |all| {
            all.iter()
                .any(|one| one.path == path && one.body["id"] == "Tocsin.DestinationFailing")
        })
        .await;
    let alerts: Vec<_> = received
        .iter()
        .filter(|one| one.path == path && one.body["type"] == "SYSTEM_ERROR")
        .collect();
    assert_eq!(alerts.len(), 1, "once an hour: {alerts:#?}");
    stack.delete_destination(&watcher).await;
    let context = &alerts[0].body["alertContext"];
    assert_eq!(context["displayName"], broken);
    assert_eq!(context["failure"]["status"], 404);
    assert_eq!(context["alertId"], ids[0]);
}

#[tokio::test]
async fn a_destination_has_its_own_bounds_for_retries() {
    let stack = Stack::ready().await;
    let impatient = json!({"retry": {"mostAttempts": 2}});
    let name = destination(&stack, "/hook", impatient).await;
    let id = unique("bounded");
    let mut down = throttled(&format!("/hook/{name}"), 2, 1);
    down.status = 503;
    stack.inject(&down).await;
    stack.send(&alert_for(&id, &[&name]).to_string()).await;
    let delivery = stack.delivery_in(&id, "EXHAUSTED").await;
    assert_eq!(delivery["attempts"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_alert_that_a_destination_refuses_goes_to_its_fallback() {
    let stack = Stack::ready().await;
    let fallback = destination(&stack, "/hook", json!({})).await;
    let broken = destination(&stack, "/nobody", json!({"fallback": fallback})).await;
    let id = unique("fallback");
    stack.send(&alert_for(&id, &[&broken]).to_string()).await;
    let report = stack
        .report_when(&id, |report| {
            let deliveries = report["deliveries"].as_array();
            deliveries.is_some_and(|all| {
                all.len() == 2 && all.iter().any(|one| one["state"] == "DELIVERED")
            })
        })
        .await;
    let deliveries = report["deliveries"].as_array().unwrap();
    let of = |name: &str| {
        let mut all = deliveries.iter();
        all.find(|one| one["displayName"] == name).unwrap()
    };
    assert_eq!(of(&broken)["state"], "FAILED");
    assert_eq!(of(&fallback)["state"], "DELIVERED");
    assert_eq!(
        of(&fallback)["standsInFor"],
        of(&broken)["destinationId"],
        "{report:#}"
    );
    // A system alert about the destination, for another test, mentions the alert too.
    let received = stack.received(&id).await;
    let own = received.iter().filter(|one| one.body["alertId"] == *id);
    assert_eq!(own.count(), 2);
}

#[tokio::test]
async fn a_canary_that_arrives_in_time_is_counted_under_the_stacks_name() {
    let stack = Stack::ready().await;
    let id = unique("canary");
    let mut canary = alert_for(&id, &["e2e-plain"]);
    canary["id"] = json!("Tocsin.Canary");
    canary["createdAt"] = json!(tocsin_core::Timestamp::now());
    stack.send(&canary.to_string()).await;
    stack.delivery_in(&id, "DELIVERED").await;
    let counted = stack
        .log_line("webhook", |line| line.contains("CanariesDelivered"))
        .await;
    let line: Value = serde_json::from_str(&counted).unwrap();
    assert_eq!(line["CanariesDelivered"], 1);
    assert_eq!(line["Stack"], stack.name);
    let sets = &line["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
    assert_eq!(*sets, json!([["Function"], ["Stack"]]));
}

#[tokio::test]
async fn a_waiting_delivery_goes_to_the_new_address_of_its_destination() {
    let stack = Stack::ready().await;
    let name = destination(&stack, "/hook", json!({})).await;
    let id = unique("moved");
    let mut down = throttled(&format!("/hook/{name}"), 1_000, 1);
    down.status = 503;
    stack.inject(&down).await;
    stack.send(&alert_for(&id, &[&name]).to_string()).await;
    stack.delivery_in(&id, "RETRYING").await;
    let moved = format!("/hook/moved-{name}");
    let request = json!({
        "operation": "updateDestination", "destination": name, "revision": 1, "actor": "tests",
        "draft": {"displayName": name, "type": "webhook"},
        "secret": {"url": stack.simulator(&moved)},
    });
    let answer = stack.invoke("api", &request).await;
    assert!(answer["ok"].is_object(), "{answer:#}");
    stack.delivery_in(&id, "DELIVERED").await;
    let received = stack.received(&id).await;
    let accepted: Vec<_> = received.iter().filter(|one| one.status == 200).collect();
    assert_eq!(accepted.len(), 1, "{received:#?}");
    assert_eq!(accepted[0].path, moved);
}
