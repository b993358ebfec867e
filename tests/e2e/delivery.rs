//! Alerts arrive: each provider, once, as what it should be.

use serde_json::json;
use tocsin_tests::simulator::Fault;

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

/// One destination of each provider; the demo has added them.
const ALL_ELEVEN: [&str; 11] = [
    "dev-general",
    "siem-archive",
    "soc-asana",
    "soc-github",
    "soc-jira",
    "soc-oncall",
    "soc-opsgenie",
    "soc-pagerduty",
    "soc-servicenow",
    "soc-teams",
    "tines-okta-user-lock-out",
];

#[tokio::test]
async fn all_eleven_providers_deliver_and_their_receipts_point_at_what_was_created() {
    let stack = Stack::ready().await;
    let id = unique("eleven");
    stack.send(&alert_for(&id, &ALL_ELEVEN).to_string()).await;
    let report = stack
        .report_when(&id, |report| {
            let deliveries = report["deliveries"].as_array();
            deliveries.is_some_and(|all| {
                all.len() == ALL_ELEVEN.len() && all.iter().all(|one| one["state"] == "DELIVERED")
            })
        })
        .await;
    let deliveries = report["deliveries"].as_array().unwrap();
    let mut providers: Vec<_> = deliveries
        .iter()
        .map(|one| one["provider"].as_str().unwrap())
        .collect();
    providers.sort_unstable();
    providers.dedup();
    assert_eq!(providers.len(), 11);
    for delivery in deliveries {
        let attempt = &delivery["attempts"][0];
        if let Some(url) = attempt["url"].as_str() {
            let created = reqwest::get(url).await.unwrap().text().await.unwrap();
            assert!(
                created.contains(&id),
                "{url} shows another thing: {created}"
            );
        }
    }
    let linked = deliveries
        .iter()
        .filter(|one| one["attempts"][0]["url"].is_string())
        .count();
    assert_eq!(linked, 4, "Asana, GitHub, Jira and ServiceNow give a link");
}

#[tokio::test]
async fn an_answer_that_was_lost_does_not_make_a_second_ticket() {
    let stack = Stack::ready().await;
    for (name, path) in [
        ("soc-jira", "/rest/api/3/issue"),
        ("soc-github", "/repos/octo-org/security-alerts/issues"),
        ("soc-servicenow", "/api/now/table/incident"),
        ("soc-asana", "/api/1.0/tasks"),
    ] {
        let id = unique("lost-answer");
        stack
            .inject(&Fault {
                path: path.to_owned(),
                about: id.clone(),
                status: 502,
                times: 1,
                headers: std::collections::BTreeMap::new(),
                body: "Bad Gateway".to_owned(),
                late: true,
            })
            .await;
        stack.send(&alert_for(&id, &[name]).to_string()).await;
        let delivery = stack.delivery_in(&id, "DELIVERED").await;
        assert_eq!(delivery["attempt"], 2, "{name}: {delivery:#}");
        let remark = delivery["attempts"][1]["remark"]
            .as_str()
            .unwrap_or_default();
        assert!(
            remark.contains("an earlier attempt had arrived"),
            "{name}: {delivery:#}"
        );
    }
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
    assert_eq!(report["alert"]["notes"][0]["note"], "with_derived_id");
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
    let receipt = report["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["provider"] == "sqs")
        .and_then(|one| one["attempts"][0]["id"].as_str());
    assert_eq!(receipt, message.message_id.as_deref());
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
