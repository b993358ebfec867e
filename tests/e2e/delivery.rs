//! Delivery: each provider, once, in its own form.

use serde_json::{Value, json};
use tocsin_core::alert::parse;
use tocsin_tests::harness::{FIFO, Receipt, Stack, alert_for, samples, unique};
use tocsin_tests::simulator::Fault;

#[tokio::test]
async fn an_alert_arrives_once_at_each_destination_of_its_list() {
    let stack = Stack::ready().await;
    let id = unique("list");
    let alert = alert_for(&id, &["e2e-plain", "e2e-slack", "e2e-plain"]);
    stack.send(&alert.to_string()).await;
    let report = stack.report_when_delivered(&id, 2).await;
    assert_eq!(report["routing"]["disposition"], "ROUTED");
    let received = stack.received(&id).await;
    let mut paths: Vec<_> = received.iter().map(|one| one.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/hook/plain", "/services/T1/B1/e2e"]);
}

/// The demo has added the sample destinations, at least one of each provider.
#[tokio::test]
async fn every_provider_delivers_and_its_receipt_names_what_was_created() {
    let stack = Stack::ready().await;
    let samples = samples(&stack, "unused");
    let names: Vec<_> = samples.iter().map(|one| one.name.as_str()).collect();
    let id = unique("every");
    stack.send(&alert_for(&id, &names).to_string()).await;
    let report = stack.report_when_delivered(&id, names.len()).await;
    for delivery in report["deliveries"].as_array().unwrap() {
        let sample = samples
            .iter()
            .find(|one| delivery["displayName"] == one.name.as_str())
            .unwrap();
        assert_eq!(delivery["provider"], sample.provider.as_str());
        let attempt = &delivery["attempts"][0];
        let text = |field: &str| {
            let value = attempt[field].as_str();
            value.unwrap_or_else(|| panic!("{}: no {field}: {delivery:#}", sample.name))
        };
        let page = match sample.receipt {
            Receipt::Url => text("url").to_owned(),
            Receipt::Id => {
                let path = format!("/_created/{}/{}", sample.provider, text("id"));
                stack.simulator(&path)
            }
            Receipt::MessageId => {
                text("id");
                continue;
            }
            Receipt::None => continue,
        };
        let created = reqwest::get(&page).await.unwrap().text().await.unwrap();
        assert!(
            created.contains(&id),
            "{page} shows something else: {created}"
        );
    }
}

#[tokio::test]
async fn an_update_of_a_finding_opens_no_second_incident() {
    let stack = Stack::ready().await;
    let providers = ["pagerduty", "opsgenie", "servicenow"];
    let names: Vec<_> = providers.map(|name| format!("soc-{name}")).into();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let id = unique("finding");
    let first = alert_for(&id, &names);
    stack.send(&first.to_string()).await;
    stack.report_when_delivered(&id, names.len()).await;

    let mut update = first;
    update["alertContext"] = json!({"count": 7});
    let update = update.to_string();
    let derived = parse(&update).unwrap().with_derived_id().alert_id;
    stack.send(&update).await;
    stack
        .report_when_delivered(derived.as_str(), names.len())
        .await;
    for provider in providers {
        let page = stack.simulator(&format!("/_created/{provider}?about={id}"));
        let created = reqwest::get(&page).await.unwrap().bytes().await.unwrap();
        let created: Vec<Value> = serde_json::from_slice(&created).unwrap();
        assert_eq!(created.len(), 1, "{provider}: {created:#?}");
        assert_eq!(created[0]["count"], 2, "{provider}");
    }
}

#[tokio::test]
async fn a_lost_answer_does_not_cause_a_second_ticket() {
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
                late: true,
                ..Fault::once(path, &id, 502)
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
async fn a_different_alert_with_the_same_id_is_not_lost() {
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
    let report = stack.report_when_delivered(&id, 2).await;
    for delivery in report["deliveries"].as_array().unwrap() {
        assert!(delivery["attempts"][0]["id"].is_string(), "{delivery:#}");
    }
    let queue = stack
        .sqs()
        .get_queue_url()
        .queue_name(FIFO)
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
    // The sender's own role may not, so it was the other one. That is held, since a
    // person can give the permission.
    let request = json!({"operation": "getDestination", "destination": "e2e-queue-by-role"});
    let mut settings = stack.invoke("api", &request).await["ok"]["settings"].clone();
    for field in ["assumeRoleArn", "externalId"] {
        settings.as_object_mut().unwrap().remove(field);
    }
    let name = unique("forbidden");
    let request = json!({
        "operation": "addDestination", "actor": "tests",
        "destination": {"displayName": name, "type": "sqs", "settings": settings},
    });
    let answer = stack.invoke("api", &request).await;
    assert!(answer["ok"].is_object(), "{answer:#}");
    let id = unique("forbidden");
    stack.send(&alert_for(&id, &[&name]).to_string()).await;
    let delivery = stack.delivery_in(&id, "RETRYING").await;
    assert_eq!(
        delivery["attempts"][0]["kind"], "unauthorized",
        "{delivery:#}"
    );
}
