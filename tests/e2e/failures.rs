//! Failing destinations: what is retried, what is not, and what is recorded.

use serde_json::json;
use tocsin_tests::harness::{PLANTED, Stack, alert_for, unique};
use tocsin_tests::simulator::webhook::{CLIENT_ID, CLIENT_SECRET};
use tocsin_tests::simulator::{Breakage, Fault, Mishap};

use crate::webhook::Webhook;

#[tokio::test]
async fn a_temporary_failure_is_retried_and_the_alert_arrives_once() {
    let stack = Stack::ready().await;
    let id = unique("retry");
    stack.inject(&Fault::once("/hook/faulty", &id, 503)).await;
    stack
        .send(&alert_for(&id, &["e2e-faulty"]).to_string())
        .await;
    let waiting = stack.delivery_in(&id, "RETRYING").await;
    assert!(waiting["nextAttemptAt"].is_string(), "{waiting:#}");
    let delivery = stack.delivery_in(&id, "DELIVERED").await;
    assert_eq!(delivery["attempt"], 2);
    assert_eq!(delivery["attempts"][0]["kind"], "unavailable");
    assert_eq!(delivery["attempts"][0]["status"], 503);
    assert_eq!(delivery["attempts"][1]["result"], "delivered");
    let received = stack.received(&id).await;
    assert_eq!(
        received.iter().map(|one| one.status).collect::<Vec<_>>(),
        [503, 200]
    );
    // Receivers recognise a repetition by this header.
    assert_eq!(
        received[0].headers["webhook-id"],
        received[1].headers["webhook-id"]
    );
}

#[tokio::test]
async fn a_receiver_that_answers_after_12_s_gets_the_alert_once() {
    let stack = Stack::ready().await;
    let webhook = Webhook::add(&stack, "/hook").await;
    let id = unique("slow");
    stack
        .inject(&Breakage {
            path: webhook.path.clone(),
            about: id.clone(),
            times: 1,
            mishap: Mishap::Slow,
            late: true,
        })
        .await;
    stack
        .send(&alert_for(&id, &[&webhook.name]).to_string())
        .await;
    let delivery = stack.delivery_in(&id, "DELIVERED").await;
    assert_eq!(delivery["attempt"], 1, "{delivery:#}");
    assert_eq!(webhook.received(&stack, &id).await.len(), 1);
}

#[tokio::test]
async fn a_refusal_of_the_message_is_not_retried() {
    let stack = Stack::ready().await;
    let id = unique("refused");
    stack
        .send(&alert_for(&id, &["e2e-refusing"]).to_string())
        .await;
    let delivery = stack.delivery_in(&id, "FAILED").await;
    assert_eq!(delivery["attempt"], 1);
    assert_eq!(delivery["attempts"][0]["status"], 422);
    // The whole message, then its minimal form.
    let received = stack.received(&id).await;
    let its = received.iter().filter(|one| one.body["alertId"] == *id);
    assert_eq!(its.count(), 2);

    // 410 says that the receiver wants no more calls.
    let ended = Webhook::add(&stack, "/hook").await;
    stack.inject(&ended.fault(410, 1)).await;
    let id = unique("ended");
    stack
        .send(&alert_for(&id, &[&ended.name]).to_string())
        .await;
    let delivery = stack.delivery_in(&id, "FAILED").await;
    assert_eq!(delivery["attempt"], 1);
    assert_eq!(ended.received(&stack, &id).await.len(), 1);
}

/// What a person can fix does not end a delivery.
#[tokio::test]
async fn a_delivery_waits_for_the_right_address_and_then_arrives() {
    let stack = Stack::ready().await;
    for (status, kind) in [
        (404, "misconfigured"),
        (403, "unauthorized"),
        (301, "redirected"),
    ] {
        let webhook = Webhook::add(&stack, "/hook").await;
        stack.inject(&webhook.fault(status, 1_000)).await;
        let id = unique("misplaced");
        let alert = alert_for(&id, &[&webhook.name]);
        stack.send(&alert.to_string()).await;
        let delivery = stack.delivery_in(&id, "RETRYING").await;
        let attempt = &delivery["attempts"][0];
        assert_eq!(attempt["kind"], kind, "{delivery:#}");
        assert_eq!(attempt["status"], status);
        assert!(delivery["nextAttemptAt"].is_string(), "{delivery:#}");
        let right = format!("/hook/right-{}", webhook.name);
        let secret = json!({"url": stack.simulator(&right)});
        webhook.set_secret(&stack, secret).await;
        let delivery = stack.delivery_in(&id, "DELIVERED").await;
        assert_eq!(delivery["attempt"], 2, "{delivery:#}");
        let received = stack.received(&id).await;
        let accepted: Vec<_> = received
            .iter()
            .filter(|one| one.is_accepted() && one.body["alertId"] == *id)
            .map(|one| one.path.as_str())
            .collect();
        assert_eq!(accepted, [right]);
    }
}

#[tokio::test]
async fn a_refused_message_is_delivered_in_its_minimal_form() {
    let stack = Stack::ready().await;
    let id = unique("picky");
    stack.inject(&Fault::once("/hook/picky", &id, 413)).await;
    let mut alert = alert_for(&id, &["e2e-picky"]);
    alert["alertContext"] = json!({"large": "x".repeat(1000)});
    stack.send(&alert.to_string()).await;
    let delivery = stack.delivery_in(&id, "DELIVERED").await;
    let remark = delivery["attempts"][0]["remark"].as_str().unwrap();
    assert!(remark.contains("only title, severity and link"), "{remark}");
    let received = stack.received(&id).await;
    assert_eq!(received.len(), 2);
    assert_eq!(received[1].body["alertContext"], json!({}));
}

#[tokio::test]
async fn a_recorded_failure_does_not_repeat_the_secret_that_the_answer_echoes() {
    let stack = Stack::ready().await;
    let id = unique("echo");
    let mut echoing = Fault::once("/hook/faulty", &id, 400);
    echoing.times = 2;
    echoing.body = format!("no route for /hook/faulty/{PLANTED} with {PLANTED}");
    stack.inject(&echoing).await;
    stack
        .send(&alert_for(&id, &["e2e-faulty"]).to_string())
        .await;
    let delivery = stack
        .report_when(&id, |report| {
            let state = report["deliveries"][0]["state"]
                .as_str()
                .unwrap_or_default();
            ["FAILED", "DELIVERED"].contains(&state)
        })
        .await;
    assert!(!delivery.to_string().contains(PLANTED), "{delivery:#}");
}

#[tokio::test]
async fn a_receiver_that_wants_an_access_token_gets_one() {
    let stack = Stack::ready().await;
    let oauth = json!({"settings": {
        "tokenUrl": stack.simulator("/oauth2/token"), "clientId": CLIENT_ID,
    }});
    let secret = json!({"clientSecret": CLIENT_SECRET});
    let webhook = Webhook::with(&stack, "/hook/oauth", oauth.clone(), secret).await;
    let id = unique("token");
    stack
        .send(&alert_for(&id, &[&webhook.name]).to_string())
        .await;
    stack.delivery_in(&id, "DELIVERED").await;
    let received = webhook.received(&stack, &id).await;
    assert!(received[0].headers["authorization"].starts_with("Bearer "));

    let wrong = json!({"clientSecret": format!("wrong-{PLANTED}")});
    let refused = Webhook::with(&stack, "/hook/oauth", oauth, wrong).await;
    let id = unique("no-token");
    stack
        .send(&alert_for(&id, &[&refused.name]).to_string())
        .await;
    let delivery = stack.delivery_in(&id, "RETRYING").await;
    let attempt = &delivery["attempts"][0];
    assert_eq!(attempt["kind"], "unauthorized", "{delivery:#}");
    assert_eq!(attempt["detail"], "no access token: invalid_client");
    assert!(refused.received(&stack, &id).await.is_empty());
    refused.delete(&stack).await;
}
