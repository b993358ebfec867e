//! Tests, alerts sent again, dead letters, lists and the audit, through the API.

use std::time::{Duration, Instant};

use aws_sdk_sqs::types::MessageAttributeValue;
use serde_json::{Value, json};
use tocsin_tests::simulator::Fault;

use crate::harness::{PLANTED, Stack, alert_for, unique};

async fn given(stack: &Stack, operation: &str, mut request: Value) -> Value {
    request["operation"] = json!(operation);
    let answer = stack.invoke("api", &request).await;
    assert!(
        !answer.to_string().contains(PLANTED),
        "{operation}: a secret in the answer"
    );
    assert!(answer["error"].is_null(), "{operation}: {answer:#}");
    answer["ok"].clone()
}

/// What `look` finds, once it finds something.
async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    while started.elapsed() < Duration::from_mins(1) {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    panic!("{what} did not come about");
}

fn fault(path: &str, about: &str, status: u16) -> Fault {
    Fault {
        path: path.to_owned(),
        about: about.to_owned(),
        status,
        times: 1,
        headers: std::collections::BTreeMap::new(),
        body: "told you so".to_owned(),
        late: false,
    }
}

#[tokio::test]
async fn a_test_alert_shows_each_destinations_own_answer() {
    let stack = Stack::ready().await;
    let request = json!({
        "destinations": ["e2e-plain", "e2e-gone", "e2e-slack"], "severity": "HIGH",
        "waitSeconds": 20, "actor": "tests",
    });
    let report = given(&stack, "sendTestAlert", request).await;
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
            ("e2e-gone", "FAILED"),
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
    let resent = given(&stack, "resendAlert", request).await;
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
    let resent = given(&stack, "resendAlert", json!({"alertId": id})).await;
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
        stack.send(&alert_for(id, &["e2e-gone"]).to_string()).await;
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
            let page = given(&stack, operation, request.clone()).await;
            let entries = page[of].as_array().unwrap();
            assert!(entries.len() <= 2, "{page:#}");
            all.extend(
                entries
                    .iter()
                    .map(|one| one["alertId"].as_str().unwrap().to_owned()),
            );
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
        with("destination", "e2e-gone"),
        window.clone(),
    ] {
        let deliveries = pages("listDeliveries", "deliveries", request.clone()).await;
        assert_eq!(mine(deliveries, &ids), newest_first, "{request}");
    }
    let delivered = pages("listDeliveries", "deliveries", with("state", "DELIVERED")).await;
    assert_eq!(mine(delivered, &ids).len(), 0);
}

fn time_now() -> String {
    tocsin_core::Timestamp::now().to_string()
}

#[tokio::test]
async fn a_rejected_message_is_shown_and_put_back() {
    let stack = Stack::ready().await;
    let word = unique("rejected");
    stack.send(&format!("no JSON at all: {word}")).await;
    let letter = find_letter(&stack, "alerts", &word).await;
    assert_eq!(letter["reason"], "NotJson");
    assert_eq!(letter["holds"], "message");
    let redriven = redrive(&stack, "alerts", &letter).await;
    assert_eq!(redriven["letters"][0]["result"], "sent", "{redriven:#}");
    // It is as it was, so it is rejected again, as another message.
    let again = find_letter(&stack, "alerts", &word).await;
    assert_ne!(again["messageId"], letter["messageId"]);
    let gone = redrive(&stack, "alerts", &letter).await;
    assert_eq!(gone["notFound"], json!([letter["messageId"]]), "{gone:#}");
}

#[tokio::test]
async fn a_dead_retry_goes_back_onto_the_retry_queue() {
    let stack = Stack::ready().await;
    let id = unique("dead-retry");
    stack.inject(&fault("/hook/faulty", &id, 503)).await;
    stack
        .send(&alert_for(&id, &["e2e-faulty"]).to_string())
        .await;
    let delivery = stack.delivery_in(&id, "DELIVERED").await;
    // As if its retry had ended among the dead letters.
    let retry = json!({
        "alertId": id, "destinationId": delivery["destinationId"], "attempt": 2,
        "earlier": "notArrived", "due": time_now(),
    });
    let reason = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("AlertUnreadable")
        .build()
        .unwrap();
    stack
        .sqs()
        .send_message()
        .queue_url(stack.output("RetryDlqUrl"))
        .message_body(retry.to_string())
        .message_attributes("tocsinReason", reason)
        .send()
        .await
        .unwrap();
    let letter = find_letter(&stack, "retries", &id).await;
    assert_eq!(
        (&letter["reason"], &letter["attempt"]),
        (&json!("AlertUnreadable"), &json!(2))
    );
    let redriven = redrive(&stack, "retries", &letter).await;
    assert_eq!(redriven["letters"][0]["messages"], 1, "{redriven:#}");
    // What does not belong there stays there.
    let strange = unique("strange");
    stack
        .sqs()
        .send_message()
        .queue_url(stack.output("RetryDlqUrl"))
        .message_body(format!("no retry: {strange}"))
        .send()
        .await
        .unwrap();
    let letter = find_letter(&stack, "retries", &strange).await;
    assert_eq!(letter["holds"], "unreadable");
    let kept = redrive(&stack, "retries", &letter).await;
    assert_eq!(kept["letters"][0]["result"], "kept", "{kept:#}");
    find_letter(&stack, "retries", &strange).await;
}

#[tokio::test]
async fn a_failed_hand_over_is_delivered_after_all() {
    let stack = Stack::ready().await;
    // An alert whose delivery never began, and the record that Lambda keeps of it.
    let id = unique("hand-over");
    let seed = unique("seed");
    stack
        .send(&alert_for(&seed, &["e2e-plain"]).to_string())
        .await;
    let destination = stack.delivery_in(&seed, "DELIVERED").await["destinationId"].clone();
    stack
        .send(&alert_for(&id, &["e2e-plain"]).to_string())
        .await;
    let report = stack
        .report_when(&id, |report| {
            report["deliveries"][0]["state"] == "DELIVERED"
        })
        .await;
    forget_delivery(&stack, &id, destination.as_str().unwrap()).await;
    let record = json!({
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": {"parcels": [{
            "alert": report["alert"], "severity": "LOW",
            "deliveries": [{
                "destinationId": destination, "displayName": "e2e-plain", "settings": {}, "attempt": 1,
            }],
        }]},
        "responsePayload": {"errorMessage": "the sender ended"},
    });
    stack
        .sqs()
        .send_message()
        .queue_url(stack.output("FailedHandOversQueueUrl"))
        .message_body(record.to_string())
        .send()
        .await
        .unwrap();
    let letter = find_letter(&stack, "handOvers", &id).await;
    assert_eq!(letter["reason"], "RetriesExhausted");
    assert_eq!(letter["deliveries"][0]["displayName"], "e2e-plain");
    let redriven = redrive(&stack, "handOvers", &letter).await;
    assert_eq!(redriven["letters"][0]["messages"], 1, "{redriven:#}");
    stack.delivery_in(&id, "DELIVERED").await;
    assert_eq!(stack.received(&id).await.len(), 2);
}

/// Removes a delivery from the ledger.
async fn forget_delivery(stack: &Stack, alert_id: &str, destination_id: &str) {
    use aws_sdk_dynamodb::types::AttributeValue;
    aws_sdk_dynamodb::Client::new(&stack.config)
        .delete_item()
        .table_name(stack.output("LedgerTable"))
        .key("alertId", AttributeValue::S(alert_id.to_owned()))
        .key("item", AttributeValue::S(destination_id.to_owned()))
        .send()
        .await
        .unwrap();
}

/// The dead letter that holds `word`.
async fn find_letter(stack: &Stack, queue: &str, word: &str) -> Value {
    eventually(&format!("a dead letter about {word}"), async || {
        let list = given(
            stack,
            "listDeadLetters",
            json!({"queue": queue, "limit": 100}),
        )
        .await;
        let letters = list["letters"].as_array().unwrap().clone();
        letters
            .into_iter()
            .find(|one| one.to_string().contains(word))
    })
    .await
}

/// Puts one letter back, as soon as nobody else is looking at it.
async fn redrive(stack: &Stack, queue: &str, letter: &Value) -> Value {
    let id = &letter["messageId"];
    let request = json!({"queue": queue, "which": {"messages": [id]}, "actor": "tests"});
    let mut last = Value::Null;
    for _ in 0..5 {
        last = given(stack, "redriveDeadLetters", request.clone()).await;
        if last["notFound"] == json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    last
}

#[tokio::test]
async fn an_audit_finds_what_is_missing_and_nothing_else() {
    let stack = Stack::ready().await;
    let begun = time_now();
    let sound = unique("audited");
    stack
        .send(&alert_for(&sound, &["e2e-plain", "e2e-gone"]).to_string())
        .await;
    let ended = |report: &Value| {
        let all = report["deliveries"].as_array();
        all.is_some_and(|all| all.len() == 2 && all.iter().all(|one| one["state"] != "SENDING"))
    };
    stack.report_when(&sound, ended).await;
    let silent = unique("silent");
    stack.send(&alert_for(&silent, &[]).to_string()).await;
    stack
        .report_when(&silent, |report| report["alert"].is_object())
        .await;
    let audit = async || {
        let request = json!({"since": begun, "until": time_now()});
        let report = given(&stack, "audit", request).await;
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
    // Nobody is at it any more, and nothing says what became of it.
    let gone = stack.report_when(&sound, ended).await["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["displayName"] == "e2e-gone")
        .unwrap()
        .clone();
    unsettle(&stack, &sound, gone["destinationId"].as_str().unwrap()).await;
    let report = audit().await;
    let found = about(&report, &sound);
    assert_eq!(found.len(), 1, "{report:#}");
    assert_eq!(
        (&found[0]["kind"], &found[0]["displayName"]),
        (&json!("noReason"), &json!("e2e-gone"))
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
