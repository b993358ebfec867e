//! The outbox: whatever vanishes, an unsettled delivery's due time passes and it is
//! taken up again. Due times that a test does not want to wait for are moved in the
//! table, as if they had passed.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};
use tocsin_core::Timestamp;
use tocsin_tests::harness::{Stack, alert_for, unique};
use tocsin_tests::proxy::{ServiceFault, Span};
use tocsin_tests::simulator::Fault;
use tocsin_tests::simulator::webhook::SIGNING_KEY;

use crate::ledger::{Delivery, number, text};
use crate::webhook::Webhook;

/// Longer than any test needs a fault.
const LONG: Span = Span::ForSeconds(300.0);

/// A key in the right form that the receiver does not know.
const OTHER_KEY: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// An alert of this detection, for these destinations.
fn alert_of(detection: &str, alert_id: &str, destinations: &[&str]) -> Value {
    let mut alert = alert_for(alert_id, destinations);
    alert["id"] = json!(detection);
    alert
}

/// Waits until the alert's deliveries are recorded.
async fn recorded(stack: &Stack, alert_id: &str) -> Value {
    let has_deliveries = |report: &Value| report["deliveries"][0].is_object();
    stack.report_when(alert_id, has_deliveries).await
}

/// Alerts whose dispatch vanishes, so that they wait in the outbox; their ids.
async fn send_without_dispatch(stack: &Stack, webhook: &Webhook, count: usize) -> Vec<String> {
    let lost = ServiceFault::lost_invocations(&webhook.id, LONG);
    stack.spoil(&lost).await;
    let ids: Vec<_> = (0..count).map(|_| unique("undispatched")).collect();
    let alerts: Vec<_> = ids
        .iter()
        .map(|id| alert_for(id, &[&webhook.name]))
        .collect();
    stack.route(&alerts).await;
    stack.unspoil(&webhook.id).await;
    ids
}

#[tokio::test]
async fn deliveries_whose_wake_ups_are_lost_are_found_by_the_sweep() {
    let stack = Stack::ready().await;
    let webhook = Webhook::add(&stack, "/hook").await;
    let lost = ServiceFault::lost_messages(&webhook.id, LONG);
    stack.spoil(&lost).await;
    stack.inject(&webhook.fault(503, 3)).await;
    let ids: Vec<_> = (0..3).map(|_| unique("woken")).collect();
    for id in &ids {
        stack
            .send(&alert_for(id, &[&webhook.name]).to_string())
            .await;
        stack.delivery_in(id, "RETRYING").await;
    }
    // They are due after 4 to 6 seconds.
    tokio::time::sleep(Duration::from_secs(8)).await;
    for id in &ids {
        stack.delivery_in(id, "RETRYING").await;
    }
    stack.unspoil(&webhook.id).await;
    stack.sweep().await;
    for id in &ids {
        let delivery = stack.delivery_in(id, "DELIVERED").await;
        assert_eq!(delivery["attempt"], 2, "{delivery:#}");
        assert_eq!(webhook.received(&stack, id).await.len(), 2);
    }
}

#[tokio::test]
async fn a_delivery_whose_dispatch_is_lost_is_taken_up_when_it_is_due() {
    let stack = Stack::ready().await;
    let webhook = Webhook::add(&stack, "/hook").await;
    let sent = Timestamp::now();
    let ids = send_without_dispatch(&stack, &webhook, 1).await;
    let id = &ids[0];
    let waiting = stack.delivery_in(id, "QUEUED").await;
    assert_eq!(waiting["attempt"], 0);
    // The outbox leaves it to the fast path first.
    let due: Timestamp = waiting["nextAttemptAt"].as_str().unwrap().parse().unwrap();
    assert!(due.since(sent) > Duration::from_mins(2), "{waiting:#}");
    assert_eq!(webhook.received(&stack, id).await.len(), 0);
    Delivery::new(id, &webhook.id).make_due(&stack).await;
    stack.sweep().await;
    let delivery = stack.delivery_in(id, "DELIVERED").await;
    assert_eq!(delivery["attempt"], 1);
    assert_eq!(webhook.received(&stack, id).await.len(), 1);
}

#[tokio::test]
async fn of_many_wake_ups_at_once_one_drains() {
    let stack = Stack::ready().await;
    let webhook = Webhook::add(&stack, "/hook").await;
    let ids = send_without_dispatch(&stack, &webhook, 10).await;
    for id in &ids {
        Delivery::new(id, &webhook.id).make_due(&stack).await;
    }
    let wake_up = json!({"wakeUp": webhook.id});
    join_all((0..8).map(|_| stack.route_from_retry_queue(&wake_up))).await;
    for id in &ids {
        let delivery = stack.delivery_in(id, "DELIVERED").await;
        assert_eq!(delivery["attempt"], 1, "{delivery:#}");
    }
    for id in &ids {
        assert_eq!(webhook.received(&stack, id).await.len(), 1);
    }
}

#[tokio::test]
async fn what_waits_for_a_credential_arrives_by_itself_when_it_is_right() {
    let stack = Stack::ready().await;
    let key = |key: &str| json!({"signingKey": key});
    let webhook = Webhook::with(&stack, "/hook/signed", json!({}), key(OTHER_KEY)).await;
    let ids: Vec<_> = (0..5).map(|_| unique("credential")).collect();
    let (first, later) = ids.split_first().unwrap();
    stack
        .send(&alert_for(first, &[&webhook.name]).to_string())
        .await;
    let refused = stack.delivery_in(first, "RETRYING").await;
    assert_eq!(refused["attempts"][0]["kind"], "unauthorized");
    for id in later {
        stack
            .send(&alert_for(id, &[&webhook.name]).to_string())
            .await;
        recorded(&stack, id).await;
    }
    let right = json!({"url": stack.simulator(&webhook.path), "signingKey": SIGNING_KEY});
    webhook.set_secret(&stack, right).await;
    let edited = Instant::now();
    for id in &ids {
        stack.delivery_in(id, "DELIVERED").await;
        let accepted = webhook.received(&stack, id).await;
        let accepted = accepted.iter().filter(|one| one.is_accepted());
        assert_eq!(accepted.count(), 1);
    }
    assert!(edited.elapsed() < Duration::from_mins(1), "{edited:?}");
}

/// The receiver answers 500 to the content of one detection, once a second. Alerts of
/// another detection go to it as if nothing were the matter.
#[tokio::test]
async fn alerts_that_a_receiver_cannot_process_hold_up_no_others() {
    let stack = Stack::ready().await;
    let webhook = Webhook::add(&stack, "/hook").await;
    let poison = unique("poison");
    let poisonous = Fault {
        about: poison.clone(),
        ..webhook.fault(500, 10_000)
    };
    stack.inject(&poisonous).await;
    for second in 0..15 {
        let id = format!("{poison}-{second}");
        let alert = alert_of("Tests.Poison", &id, &[&webhook.name]);
        stack.send(&alert.to_string()).await;
        if second % 5 == 4 {
            let id = unique("accepted");
            let alert = alert_of("Tests.Accepted", &id, &[&webhook.name]);
            let sent = Instant::now();
            stack.send(&alert.to_string()).await;
            stack.delivery_in(&id, "DELIVERED").await;
            assert!(sent.elapsed() < Duration::from_secs(10), "{sent:?}");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    stack.remove_faults(&webhook.path).await;
    stack.delete_destination(&webhook.name).await;
}

#[tokio::test]
async fn a_repeated_alert_reaches_the_targets_that_it_did_not_have() {
    let stack = Stack::ready().await;
    let (first, second) = (
        Webhook::add(&stack, "/hook").await,
        Webhook::add(&stack, "/hook").await,
    );
    let id = unique("repeated");
    stack
        .send(&alert_for(&id, &[&first.name]).to_string())
        .await;
    stack.delivery_in(&id, "DELIVERED").await;
    let both = alert_for(&id, &[&first.name, &second.name]);
    for _ in 0..3 {
        stack.send(&both.to_string()).await;
    }
    let report = stack.report_when_delivered(&id, 2).await;
    let targets = report["routing"]["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 2, "{report:#}");
    for delivery in report["deliveries"].as_array().unwrap() {
        assert_eq!(delivery["attempt"], 1, "{report:#}");
    }
    let mut paths: Vec<_> = stack
        .received(&id)
        .await
        .into_iter()
        .map(|one| one.path)
        .collect();
    paths.sort_unstable();
    let mut expected = [first.path, second.path];
    expected.sort_unstable();
    assert_eq!(paths, expected);
}

#[tokio::test]
async fn a_fallback_gets_the_alert_when_the_first_destination_takes_too_long() {
    let stack = Stack::ready().await;
    let fallback = Webhook::add(&stack, "/hook").await;
    let timed = json!({"fallback": {"destination": fallback.name, "afterMinutes": 1}});
    let slow = Webhook::with(&stack, "/hook", timed, json!({})).await;
    stack.inject(&slow.fault(503, 1_000)).await;
    let id = unique("late");
    let sent = Timestamp::now();
    stack.send(&alert_for(&id, &[&slow.name]).to_string()).await;
    let of = |report: &Value, webhook: &Webhook| {
        let deliveries = report["deliveries"].as_array().cloned().unwrap_or_default();
        let mut deliveries = deliveries.into_iter();
        deliveries
            .find(|one| one["destinationId"] == *webhook.id)
            .unwrap_or_default()
    };
    let report = stack
        .report_when(&id, |report| of(report, &slow)["state"] == "RETRYING")
        .await;
    let waiting = of(&report, &fallback);
    assert_eq!(
        (&waiting["state"], &waiting["standsInFor"]),
        (&json!("QUEUED"), &json!(slow.id)),
        "{report:#}"
    );
    let due: Timestamp = waiting["nextAttemptAt"].as_str().unwrap().parse().unwrap();
    assert!(due.since(sent) >= Duration::from_mins(1), "{waiting:#}");
    // It is due within a minute: its wake-up comes when it is.
    stack.sweep().await;
    let report = stack
        .report_when(&id, |report| of(report, &fallback)["state"] == "DELIVERED")
        .await;
    // The first destination is still tried.
    assert_eq!(of(&report, &slow)["state"], "RETRYING", "{report:#}");
    stack.remove_faults(&slow.path).await;
    Delivery::new(&id, &slow.id).make_due(&stack).await;
    stack.sweep().await;
    stack.report_when_delivered(&id, 2).await;
}

#[tokio::test]
async fn a_fallback_that_is_not_needed_is_forgotten() {
    let stack = Stack::ready().await;
    let fallback = Webhook::add(&stack, "/hook").await;
    let with_fallback = json!({"fallback": fallback.name});
    let webhook = Webhook::with(&stack, "/hook", with_fallback, json!({})).await;
    let id = unique("in-time");
    stack
        .send(&alert_for(&id, &[&webhook.name]).to_string())
        .await;
    stack.report_when_delivered(&id, 1).await;
    assert_eq!(Delivery::new(&id, &fallback.id).state(&stack).await, "none");
    assert_eq!(webhook.received(&stack, &id).await.len(), 1);
}

/// What release 0.1.0 leaves: items without a due time, and for each
/// delivery a message on the retry queue.
#[tokio::test]
async fn deliveries_that_release_0_1_0_left_are_adopted() {
    let stack = Stack::ready().await;
    let webhook = Webhook::add(&stack, "/hook").await;
    let ids = send_without_dispatch(&stack, &webhook, 2).await;
    for (id, state) in ids.iter().zip(["RETRYING", "SENDING"]) {
        let delivery = Delivery::new(id, &webhook.id);
        let attempt = json!({
            "number": 1, "at": Timestamp::now(), "durationMs": 5, "result": "failed",
            "kind": "unavailable", "status": 503, "detail": "",
        });
        let mut set = vec![
            ("state", text(state)),
            ("attempt", number(1)),
            ("nextAttemptAt", text(Timestamp::now())),
        ];
        let mut remove = vec!["outbox", "due", "detectionId", "severity"];
        if state == "RETRYING" {
            set.push(("attempt#1", text(attempt)));
            remove.push("leaseUntil");
        } else {
            // Its sender has vanished.
            let past = Timestamp::now().minus(Duration::from_secs(5));
            set.push(("leaseUntil", number(past.unix_millis())));
        }
        delivery.change(&stack, &set, &remove).await;
        let retry = json!({
            "alertId": id, "destinationId": webhook.id, "attempt": 2,
            "beganAt": Timestamp::now(), "earlier": "mayHaveArrived", "due": Timestamp::now(),
        });
        stack.send_to_retry_queue(&retry).await;
    }
    for id in &ids {
        let delivery = stack.delivery_in(id, "DELIVERED").await;
        assert_eq!(delivery["attempt"], 2, "{delivery:#}");
        assert_eq!(webhook.received(&stack, id).await.len(), 1);
    }
}
