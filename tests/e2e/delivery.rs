//! Alerts arrive: each provider, once, as what it should be.

use serde_json::json;

use crate::harness::{Stack, alert_for, unique};

#[tokio::test]
async fn an_alert_arrives_once_at_each_destination_of_its_list() {
    let stack = Stack::ready().await;
    let id = unique("list");
    let alert = alert_for(&id, &["e2e-plain", "e2e-slack", "e2e-plain"]);
    stack.send(&alert.to_string()).await;
    let report = stack
        .report_when(&id, |report| {
            let deliveries = report["deliveries"].as_array();
            deliveries.is_some_and(|all| {
                all.len() == 2 && all.iter().all(|one| one["state"] == "DELIVERED")
            })
        })
        .await;
    assert_eq!(report["routing"]["disposition"], "ROUTED");
    let received = stack.received(&id).await;
    let mut paths: Vec<_> = received.iter().map(|one| one.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/hook/plain", "/services/T1/B1/e2e"]);
}

#[tokio::test]
async fn the_same_message_twice_is_delivered_once() {
    let stack = Stack::ready().await;
    let id = unique("twice");
    let alert = alert_for(&id, &["e2e-plain"]).to_string();
    for _ in 0..5 {
        stack.send(&alert).await;
    }
    stack.delivery_in(&id, "DELIVERED").await;
    // Another alert behind them in the queue has gone all the way, too.
    let last = unique("last");
    stack
        .send(&alert_for(&last, &["e2e-plain"]).to_string())
        .await;
    stack.delivery_in(&last, "DELIVERED").await;
    assert_eq!(stack.received(&id).await.len(), 1);
}

#[tokio::test]
async fn another_alert_under_a_taken_id_is_not_lost() {
    let stack = Stack::ready().await;
    let id = unique("taken");
    stack
        .send(&alert_for(&id, &["e2e-plain"]).to_string())
        .await;
    stack.delivery_in(&id, "DELIVERED").await;
    let mut other = alert_for(&id, &["e2e-plain"]);
    other["title"] = json!(format!("Something else entirely {id}"));
    stack.send(&other.to_string()).await;
    let started = std::time::Instant::now();
    let second = loop {
        let received = stack.received(&id).await;
        if let [_, second] = &received[..] {
            break second.clone();
        }
        assert!(
            started.elapsed().as_secs() < 60,
            "the second alert did not arrive"
        );
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    };
    let new_id = second.body["alertId"].as_str().unwrap().to_owned();
    assert!(new_id.starts_with(&format!("{id}~")), "{new_id}");
    let report = stack
        .report_when(&new_id, |report| report["alert"].is_object())
        .await;
    assert_eq!(report["alert"]["notes"][0]["note"], "rekeyed");
}

#[tokio::test]
async fn fifo_topics_and_queues_get_group_and_deduplication_ids() {
    let stack = Stack::ready().await;
    let id = unique("fifo");
    stack
        .send(&alert_for(&id, &["e2e-topic-fifo", "e2e-queue-fifo"]).to_string())
        .await;
    let report = stack
        .report_when(&id, |report| {
            let deliveries = report["deliveries"].as_array();
            deliveries.is_some_and(|all| {
                all.len() == 2 && all.iter().all(|one| one["state"] == "DELIVERED")
            })
        })
        .await;
    for delivery in report["deliveries"].as_array().unwrap() {
        assert!(delivery["attempts"][0]["id"].is_string(), "{delivery:#}");
    }
    let queue = stack
        .sqs()
        .get_queue_url()
        .queue_name("tests.fifo")
        .send()
        .await
        .unwrap();
    let message = stack
        .take_message(queue.queue_url.as_deref().unwrap(), |message| {
            message.body.as_deref().unwrap_or_default().contains(&id)
        })
        .await;
    let attribute = |name: &str| {
        let all = message.attributes.clone().unwrap();
        all.into_iter()
            .find(|(key, _)| key.as_str() == name)
            .unwrap()
            .1
    };
    assert_eq!(attribute("MessageGroupId"), "tests");
    assert_eq!(attribute("MessageDeduplicationId").len(), 32);
    let sent = &message.message_attributes.as_ref().unwrap()["severity"];
    assert_eq!(sent.string_value.as_deref(), Some("LOW"));
}

#[tokio::test]
async fn a_queue_is_reached_through_a_role_and_its_external_id() {
    let stack = Stack::ready().await;
    let id = unique("by-role");
    stack
        .send(&alert_for(&id, &["e2e-queue-by-role"]).to_string())
        .await;
    stack.delivery_in(&id, "DELIVERED").await;
    // The sender's own role may not, so it was the other one.
    let forbidden = unique("forbidden");
    stack
        .send(&alert_for(&forbidden, &["e2e-queue-forbidden"]).to_string())
        .await;
    let delivery = stack.delivery_in(&forbidden, "FAILED").await;
    assert_eq!(
        delivery["attempts"][0]["kind"], "unauthorized",
        "{delivery:#}"
    );
}
