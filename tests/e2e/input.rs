//! Bad input beside good: the good alerts arrive, the bad ones are kept with the reason.

use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_sqs::types::Message;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tocsin_core::json::for_queue;
use tocsin_tests::harness::{Stack, alert_for, unique};

use crate::api::eventually;

fn attribute(message: &Message, name: &str) -> String {
    let attributes = message.message_attributes.as_ref().unwrap();
    attributes[name].string_value.clone().unwrap()
}

/// A record as Lambda passes it to the router.
fn record(stack: &Stack, message_id: &str, body: &str) -> Value {
    json!({
        "messageId": message_id, "body": body, "eventSource": "aws:sqs",
        "eventSourceARN": stack.output("AlertsQueueArn"),
    })
}

#[tokio::test]
async fn bad_records_of_a_batch_do_not_affect_good_ones() {
    let stack = Stack::ready().await;
    let good = [unique("good"), unique("good")];
    let without = |field: &str| {
        let mut alert = alert_for(&unique("bad"), &["e2e-plain"]);
        alert.as_object_mut().unwrap().remove(field);
        alert.to_string()
    };
    let with_id_list = || {
        let mut alert = alert_for(&unique("bad"), &["e2e-plain"]);
        alert["id"] = json!(["a", "list"]);
        alert.to_string()
    };
    let with = |field: &str, value: &str| {
        let mut alert = alert_for(&unique("bad"), &["e2e-plain"]);
        alert[field] = json!(value);
        alert.to_string()
    };
    let bad = [
        ("this is not JSON".to_owned(), "NotJson", "not JSON"),
        (without("severity"), "MissingField", "`severity`"),
        (with("id", " "), "MissingField", "`id`"),
        (with_id_list(), "WrongKind", "`id` must be a string"),
        ("[".repeat(100_000), "NotObject", "found a list"),
        ("x".repeat(1024 * 1024), "NotJson", "not JSON"),
    ];
    let mut records = vec![record(
        &stack,
        "good-0",
        &alert_for(&good[0], &["e2e-plain"]).to_string(),
    )];
    let mut ids = Vec::new();
    for (body, ..) in &bad {
        let id = unique("message");
        records.push(record(&stack, &id, body));
        ids.push(id);
    }
    records.push(record(
        &stack,
        "good-1",
        &alert_for(&good[1], &["e2e-plain"]).to_string(),
    ));

    let answer = stack.invoke("router", &json!({"Records": records})).await;
    assert_eq!(
        answer["batchItemFailures"],
        json!([]),
        "no record is to be retried"
    );
    for id in &good {
        stack.delivery_in(id, "DELIVERED").await;
    }
    for ((body, code, said), id) in bad.iter().zip(&ids) {
        let dead_letter = stack
            .take_message(stack.output("AlertsDlqUrl"), |message| {
                attribute(message, "tocsinMessageId") == *id
            })
            .await;
        assert_eq!(attribute(&dead_letter, "tocsinReason"), *code);
        let detail = attribute(&dead_letter, "tocsinDetail");
        assert!(detail.contains(said), "{detail}");
        assert_eq!(&unpacked(&dead_letter), body, "the dead letter is whole");
    }
    // One alert an hour for each reason says so.
    for code in ["NotJson", "MissingField", "WrongKind", "NotObject"] {
        let about = format!("the alert about {code}");
        let severity = eventually(&about, async || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let hour = now.as_secs() / 3_600 * 3_600;
            // The hour may have begun since.
            for hour in [hour, hour - 3_600] {
                let id = format!("Tocsin.MessagesRejected-{code}-{hour}");
                let request = json!({"operation": "getAlert", "alertId": id});
                let report = stack.invoke("api", &request).await;
                if let Some(severity) = report["ok"]["alert"]["severity"].as_str() {
                    return Some(severity.to_owned());
                }
            }
            None
        });
        assert_eq!(severity.await, "HIGH");
    }
}

/// What sources really write, and what arrives of it.
#[tokio::test]
async fn alerts_that_json_or_the_form_forbids_arrive() {
    let stack = Stack::ready().await;
    let id = unique("digits");
    let alert = alert_for(&id, &["e2e-queue-by-role"]).to_string();
    let context =
        r#""alertContext": {"n": 12345678901234567890123, "x": 1e400, "ip": "198.51.100.7"}"#;
    let body = alert.replacen('{', &format!("\u{feff}{{{context}, \"q\": NaN,"), 1);
    stack.send(&body).await;
    stack.delivery_in(&id, "DELIVERED").await;
    let queue = json!({"operation": "getDestination", "destination": "e2e-queue-by-role"});
    let queue = stack.invoke("api", &queue).await["ok"]["settings"]["queueUrl"].clone();
    let message = stack
        .take_message(queue.as_str().unwrap(), |message| {
            message.body.as_deref().unwrap_or_default().contains(&id)
        })
        .await;
    let text = message.body.unwrap();
    // Not a long fraction: the emulator reads and writes the payload of an invoke, with the
    // numbers of Python. Lambda does not.
    for kept in ["12345678901234567890123,", "1e400", "198.51.100.7"] {
        assert!(text.contains(kept), "{kept}: {text}");
    }

    let id = unique("label");
    let mut alert = alert_for(&id, &["e2e-plain"]);
    alert["severity"] = json!("sev1");
    alert["createdAt"] = json!("a moment ago");
    alert["title"] = json!("not a character: \u{ffff}");
    stack.send(&for_queue(&alert.to_string())).await;
    stack.delivery_in(&id, "DELIVERED").await;
    let received = stack.received(&id).await;
    assert_eq!(received[0].body["severity"], "CRITICAL");
    let resend = json!({"operation": "resendAlert", "alertId": id, "actor": "tests"});
    let again = stack.invoke("api", &resend).await;
    assert!(again["ok"].is_object(), "{again:#}");
}

/// Somebody who sends a copy without destinations first does not silence the alert.
#[tokio::test]
async fn a_silencing_copy_that_comes_first_silences_nothing() {
    let stack = Stack::ready().await;
    let id = unique("silenced");
    let real = alert_for(&id, &["e2e-plain"]);
    let mut copy = real.clone();
    copy["routing"]["destinations"] = json!([]);
    stack.send(&copy.to_string()).await;
    stack
        .report_when(&id, |report| report["routing"].is_object())
        .await;
    stack.send(&real.to_string()).await;
    stack.delivery_in(&id, "DELIVERED").await;
    let report = stack.report_when(&id, |_| true).await;
    let warnings = report["routing"]["warnings"].to_string();
    assert!(warnings.contains("targetsAdded"), "{report:#}");
}

fn unpacked(dead_letter: &Message) -> String {
    let body = dead_letter.body.clone().unwrap();
    if !dead_letter
        .message_attributes
        .as_ref()
        .unwrap()
        .contains_key("tocsinEncoding")
    {
        return body;
    }
    let mut text = String::new();
    GzDecoder::new(&STANDARD.decode(body).unwrap()[..])
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[tokio::test]
async fn alerts_with_unprintable_or_excessive_fields_are_normalized_and_arrive() {
    let stack = Stack::ready().await;
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let cases = [
        ("nul", r#""title": "nul \u0000 here""#.to_owned()),
        ("surrogate", r#""title": "half \ud800 pair""#.to_owned()),
        (
            "deep",
            format!(r#""alertContext": {{"deep": {deep}, "beside": 1}}"#),
        ),
        (
            "huge",
            format!(
                r#""alertContext": {{"first": 1, "huge": "{}", "last": 2}}"#,
                "y".repeat(900_000)
            ),
        ),
        (
            "kinds",
            r#""tags": 7, "version": 3, "runbook": ["no text"], "link": "javascript:alert(1)""#
                .to_owned(),
        ),
    ];
    for (name, field) in cases {
        let id = unique(name);
        let mut alert = alert_for(&id, &["e2e-plain"]);
        alert.as_object_mut().unwrap().remove("title");
        let body = alert.to_string().replacen('{', &format!("{{{field},"), 1);
        stack.send(&body).await;
        stack.delivery_in(&id, "DELIVERED").await;
        let received = stack.received(&id).await;
        assert_eq!(received.len(), 1, "{name}");
        let payload = &received[0].body;
        match name {
            "nul" => assert_eq!(payload["title"], "nul \u{fffd} here"),
            "surrogate" => assert_eq!(payload["title"], "half \u{fffd} pair"),
            "deep" => {
                let shown = payload["alertContext"].to_string();
                assert!(shown.contains("levels"), "{shown}");
                assert_eq!(payload["alertContext"]["beside"], 1);
            }
            "huge" => {
                let context = &payload["alertContext"];
                let huge = context["huge"].as_str().unwrap();
                assert!(huge.starts_with("yyy") && huge.ends_with("cut)"));
                assert_eq!(
                    (&context["first"], &context["last"]),
                    (&json!(1), &json!(2))
                );
            }
            _ => assert_eq!(payload["tags"], json!([])),
        }
        let report = stack
            .report_when(&id, |report| report["alert"].is_object())
            .await;
        assert!(
            !report["alert"]["notes"].as_array().unwrap().is_empty(),
            "{name} is noted"
        );
    }
}

#[tokio::test]
async fn sns_envelopes_and_community_edition_alerts_are_understood_on_the_queue() {
    let stack = Stack::ready().await;
    let inner = unique("envelope");
    let envelope = json!({
        "Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:us-east-1:000000000000:t",
        "Message": alert_for(&inner, &["e2e-plain"]).to_string(),
    });
    stack.send(&envelope.to_string()).await;
    let community = unique("community");
    let alert = json!({
        "analysisId": "AWS.Root", "type": "RULE", "createdAt": "2021-04-06T12:00:00.123456789Z",
        "severity": "LOW", "outputIds": ["e2e-plain"], "destinations": [], "alertId": community,
    });
    stack.send(&alert.to_string()).await;
    for id in [inner, community] {
        stack.delivery_in(&id, "DELIVERED").await;
    }
}
