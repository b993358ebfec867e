//! Dead letters through the API: listed with their reason, and put back.

use std::time::Duration;

use aws_sdk_sqs::types::MessageAttributeValue;
use serde_json::{Value, json};

use tocsin_tests::harness::{Stack, alert_for, unique};
use tocsin_tests::simulator::Fault;

use super::{call, eventually, time_now};

#[tokio::test]
async fn a_rejected_message_is_shown_and_put_back() {
    let stack = Stack::ready().await;
    let word = unique("rejected");
    stack.send(&format!("no JSON at all: {word}")).await;
    let dead_letter = find_dead_letter(&stack, "alerts", &word).await;
    assert_eq!(dead_letter["reason"], "NotJson");
    assert_eq!(dead_letter["holds"], "message");
    let redriven = redrive(&stack, "alerts", &dead_letter).await;
    assert_eq!(redriven["letters"][0]["result"], "sent", "{redriven:#}");
    // It is as it was, so it is rejected again, as another message.
    let again = find_dead_letter(&stack, "alerts", &word).await;
    assert_ne!(again["messageId"], dead_letter["messageId"]);
    let gone = redrive(&stack, "alerts", &dead_letter).await;
    assert_eq!(
        gone["notFound"],
        json!([dead_letter["messageId"]]),
        "{gone:#}"
    );
}

#[tokio::test]
async fn a_dead_retry_goes_back_onto_the_retry_queue() {
    let stack = Stack::ready().await;
    let id = unique("dead-retry");
    stack.inject(&Fault::once("/hook/faulty", &id, 503)).await;
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
    let dead_letter = find_dead_letter(&stack, "retries", &id).await;
    assert_eq!(
        (&dead_letter["reason"], &dead_letter["attempt"]),
        (&json!("AlertUnreadable"), &json!(2))
    );
    let redriven = redrive(&stack, "retries", &dead_letter).await;
    assert_eq!(redriven["letters"][0]["messages"], 1, "{redriven:#}");
    // A message that is not a retry stays in the dead-letter queue.
    let strange = unique("strange");
    stack
        .sqs()
        .send_message()
        .queue_url(stack.output("RetryDlqUrl"))
        .message_body(format!("no retry: {strange}"))
        .send()
        .await
        .unwrap();
    let dead_letter = find_dead_letter(&stack, "retries", &strange).await;
    assert_eq!(dead_letter["holds"], "unreadable");
    let kept = redrive(&stack, "retries", &dead_letter).await;
    assert_eq!(kept["letters"][0]["result"], "kept", "{kept:#}");
    find_dead_letter(&stack, "retries", &strange).await;
}

#[tokio::test]
async fn a_failed_dispatch_is_delivered_after_a_redrive() {
    let stack = Stack::ready().await;
    // An alert whose delivery never began, and the record that Lambda makes of that.
    let id = unique("dispatch");
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
    let dead_letter = find_dead_letter(&stack, "handOvers", &id).await;
    assert_eq!(dead_letter["reason"], "RetriesExhausted");
    assert_eq!(dead_letter["deliveries"][0]["displayName"], "e2e-plain");
    let redriven = redrive(&stack, "handOvers", &dead_letter).await;
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
async fn find_dead_letter(stack: &Stack, queue: &str, word: &str) -> Value {
    eventually(&format!("a dead letter about {word}"), async || {
        let list = call(
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

/// Puts one dead letter back, once no other reader holds it.
async fn redrive(stack: &Stack, queue: &str, dead_letter: &Value) -> Value {
    let id = &dead_letter["messageId"];
    let request = json!({"queue": queue, "which": {"messages": [id]}, "actor": "tests"});
    let mut last = Value::Null;
    for _ in 0..5 {
        last = call(stack, "redriveDeadLetters", request.clone()).await;
        if last["notFound"] == json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    last
}
