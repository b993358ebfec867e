//! Failing destinations: which deliveries wait, which do not, and what is reported.

use serde_json::{Value, json};
use tocsin_tests::harness::{Stack, alert_for, unique};

use crate::webhook::Webhook;

#[tokio::test]
async fn the_breaker_of_a_throttled_destination_delays_all_and_uses_up_no_attempt() {
    let stack = Stack::ready().await;
    let webhook = Webhook::add(&stack, "/hook").await;
    let Webhook {
        name: slow, path, ..
    } = &webhook;
    let first = unique("first");
    stack.inject(&webhook.throttling(1, 6)).await;
    stack.send(&alert_for(&first, &[slow]).to_string()).await;
    let report = stack.delivery_in(&first, "RETRYING").await;
    assert_eq!(report["attempts"][0]["kind"], "throttled");

    // These come while the breaker is open; each also goes to another destination.
    let later: Vec<_> = (0..3).map(|_| unique("during")).collect();
    for id in &later {
        let alert = alert_for(id, &[slow, "e2e-plain"]);
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
                    && !state_at(report, slow).is_null()
            })
            .await;
        let waiting = state_at(&report, slow);
        assert_eq!(waiting["state"], "QUEUED", "{waiting:#}");
        assert_eq!(waiting["attempt"], 0);
        assert_eq!(waiting["attempts"], json!([]));
        assert!(waiting["nextAttemptAt"].is_string());
    }
    for id in &later {
        let report = stack
            .report_when(id, |report| state_at(report, slow)["state"] == "DELIVERED")
            .await;
        assert_eq!(state_at(&report, slow)["attempt"], 1, "{report:#}");
        let received = stack.received(id).await;
        let there = received.iter().filter(|one| one.path == *path);
        assert_eq!(there.count(), 1);
    }
    let first = stack.delivery_in(&first, "DELIVERED").await;
    assert_eq!(first["attempt"], 2);
}

#[tokio::test]
async fn a_failing_destination_is_reported_to_destinations_of_system_errors() {
    let stack = Stack::ready().await;
    let gone = Webhook::add(&stack, "/nobody").await;
    let broken = &gone.name;
    let watching = json!({"alertTypes": ["SYSTEM_ERROR"]});
    let watcher = Webhook::with(&stack, "/hook", watching, json!({})).await;
    // The router's copy of the destinations is up to 30 seconds old; a name that is
    // not in it makes the router read them again at once.
    stack
        .send(&alert_for(&unique("look"), &[&watcher.name]).to_string())
        .await;
    let ids = [unique("waits"), unique("waits")];
    for id in &ids {
        stack.send(&alert_for(id, &[broken]).to_string()).await;
    }
    stack.delivery_in(&ids[0], "RETRYING").await;
    let path = &watcher.path;
    let received = stack
        .received_when(broken, |all| {
            all.iter()
                .any(|one| one.path == *path && one.body["id"] == "Tocsin.DestinationFailing")
        })
        .await;
    let alerts: Vec<_> = received
        .iter()
        .filter(|one| one.path == *path && one.body["type"] == "SYSTEM_ERROR")
        .collect();
    assert_eq!(alerts.len(), 1, "once an hour: {alerts:#?}");
    watcher.delete(&stack).await;
    gone.delete(&stack).await;
    let context = &alerts[0].body["alertContext"];
    assert_eq!(context["displayName"], *broken);
    assert_eq!(context["failure"]["status"], 404);
    let reported = context["alertId"].as_str().unwrap();
    assert!(ids.iter().any(|id| id == reported), "{context:#}");
}

#[tokio::test]
async fn a_destination_has_its_own_bounds_for_retries() {
    let stack = Stack::ready().await;
    let impatient = json!({"retry": {"mostAttempts": 2}});
    let webhook = Webhook::with(&stack, "/hook", impatient, json!({})).await;
    let id = unique("bounded");
    stack.inject(&webhook.fault(503, 2)).await;
    stack
        .send(&alert_for(&id, &[&webhook.name]).to_string())
        .await;
    let delivery = stack.delivery_in(&id, "EXHAUSTED").await;
    assert_eq!(delivery["attempts"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_alert_that_a_destination_refuses_goes_to_its_fallback() {
    let stack = Stack::ready().await;
    let fallback = Webhook::add(&stack, "/hook").await.name;
    let refusing = json!({"fallback": fallback});
    let refusing = Webhook::with(&stack, "/hook/refusing", refusing, json!({})).await;
    let refusing = refusing.name;
    let id = unique("fallback");
    stack.send(&alert_for(&id, &[&refusing]).to_string()).await;
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
    assert_eq!(of(&refusing)["state"], "FAILED");
    assert_eq!(of(&fallback)["state"], "DELIVERED");
    assert_eq!(
        of(&fallback)["standsInFor"],
        of(&refusing)["destinationId"],
        "{report:#}"
    );
    // A system alert about the destination, for another test, mentions the alert too.
    let received = stack.received(&id).await;
    let its = received.iter().filter(|one| one.body["alertId"] == *id);
    // In both forms where it was refused, and once at the fallback.
    assert_eq!(its.count(), 3);
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
    let webhook = Webhook::add(&stack, "/hook").await;
    let id = unique("moved");
    stack.inject(&webhook.fault(503, 1_000)).await;
    stack
        .send(&alert_for(&id, &[&webhook.name]).to_string())
        .await;
    stack.delivery_in(&id, "RETRYING").await;
    let moved = format!("/hook/moved-{}", webhook.name);
    let secret = json!({"url": stack.simulator(&moved)});
    webhook.set_secret(&stack, secret).await;
    stack.delivery_in(&id, "DELIVERED").await;
    let received = stack.received(&id).await;
    let accepted: Vec<_> = received.iter().filter(|one| one.status == 200).collect();
    assert_eq!(accepted.len(), 1, "{received:#?}");
    assert_eq!(accepted[0].path, moved);
}
