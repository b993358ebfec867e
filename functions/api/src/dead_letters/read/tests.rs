use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::*;

fn dead_letter(body: &str, attributes: &[(&str, &str)]) -> ReceivedMessage {
    let attributes = attributes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    ReceivedMessage::fake("m1", body, Origin::Sent(attributes))
}

#[test]
fn the_attributes_of_a_message_that_sqs_moved_are_not_believed() {
    let moved = ReceivedMessage::fake("m1", "aGk=", Origin::Moved);
    for queue in [DeadLetterQueue::Alerts, DeadLetterQueue::Retries] {
        let (word, _) = reason(queue, &moved);
        assert_eq!(word.as_deref(), Some("ReceivedTooOften"));
    }
    let redriven = redriven(DeadLetterQueue::Alerts, &moved, now()).unwrap();
    assert_eq!(redriven[0].body, "aGk=", "it is not unpacked");
}

fn packed(text: &[u8]) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    STANDARD.encode(encoder.finish().unwrap())
}

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

#[test]
fn a_rejected_message_goes_back_unchanged() {
    let attributes = [("tocsinReason", "NotJson"), ("tocsinDetail", "no JSON")];
    let plain = dead_letter("not json", &attributes);
    let redriven = redriven(DeadLetterQueue::Alerts, &plain, now()).unwrap();
    assert_eq!(redriven[0].body, "not json");
    assert_eq!(redriven[0].attributes, []);
    let (word, sentence) = reason(DeadLetterQueue::Alerts, &plain);
    assert_eq!(word.as_deref(), Some("NotJson"));
    assert_eq!(sentence.as_deref(), Some("no JSON"));
}

#[test]
fn a_compressed_message_is_unpacked_and_bounded() {
    let encoding = [("tocsinEncoding", "gzip+base64")];
    let whole = "x".repeat(100_000);
    let small = dead_letter(&packed(whole.as_bytes()), &encoding);
    let redriven_from =
        |message: &ReceivedMessage| redriven(DeadLetterQueue::Alerts, message, now());
    assert_eq!(redriven_from(&small).unwrap()[0].body, whole);
    let Content::Message { body, .. } = content(DeadLetterQueue::Alerts, &small).unwrap() else {
        panic!()
    };
    assert!(
        body.len() <= SHOWN && body.ends_with("characters cut)"),
        "{}",
        body.len()
    );
    for wrong in [
        "no base64!".to_owned(),
        STANDARD.encode("no gzip"),
        packed(&[0xff, 0xfe]),
        // A bomb: a hundred megabytes in a hundred kilobytes.
        packed(&vec![b'x'; 100 * 1024 * 1024]),
        packed(b""),
    ] {
        assert!(redriven_from(&dead_letter(&wrong, &encoding)).is_err());
    }
}

#[test]
fn an_alert_among_dead_letters_is_named() {
    let alert = json!({"id": "D", "createdAt": "2026-01-01T00:00:00Z", "severity": "LOW",
                       "type": "RULE", "title": "t", "alertId": "a"});
    let content = content(
        DeadLetterQueue::Alerts,
        &dead_letter(&alert.to_string(), &[]),
    )
    .unwrap();
    let Content::Message {
        alert_id, title, ..
    } = content
    else {
        panic!()
    };
    assert_eq!(alert_id.unwrap().as_str(), "a");
    assert_eq!(title.as_deref(), Some("t"));
}

#[test]
fn a_failed_dispatch_becomes_one_retry_for_each_delivery() {
    let batch: Value =
        serde_json::from_str(include_str!("../../../../../events/batch-webhook.json")).unwrap();
    let record = json!({
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": batch,
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "it\nended"},
    });
    let message = dead_letter(&record.to_string(), &[]);
    let (word, sentence) = reason(DeadLetterQueue::FailedDispatches, &message);
    assert_eq!(word.as_deref(), Some("RetriesExhausted"));
    assert_eq!(sentence.as_deref(), Some("it ended"));
    let Content::DeliveryBatch { deliveries } =
        content(DeadLetterQueue::FailedDispatches, &message).unwrap()
    else {
        panic!()
    };
    let redriven = redriven(DeadLetterQueue::FailedDispatches, &message, now()).unwrap();
    assert!(!deliveries.is_empty());
    assert_eq!(redriven.len(), deliveries.len());
    for (message, delivery) in redriven.iter().zip(&deliveries) {
        let retry: Retry = serde_json::from_str(&message.body).unwrap();
        assert_eq!(retry.destination_id, delivery.destination_id);
        assert_eq!(retry.attempt, delivery.attempt);
        assert_eq!(retry.prior_attempt, PriorAttempt::MaybeDelivered);
        assert_eq!(retry.due, now());
    }
}

#[test]
fn an_empty_dispatch_is_kept_with_a_reason() {
    let mut batch: Value =
        serde_json::from_str(include_str!("../../../../../events/batch-webhook.json")).unwrap();
    batch["parcels"] = json!([]);
    let record = json!({
        "version": "1.0", "requestPayload": batch,
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
    });
    let message = dead_letter(&record.to_string(), &[]);
    let reason = redriven(DeadLetterQueue::FailedDispatches, &message, now()).unwrap_err();
    assert!(reason.contains("no delivery"), "{reason}");
}

#[test]
fn a_message_of_another_kind_is_kept() {
    for queue in [DeadLetterQueue::Retries, DeadLetterQueue::FailedDispatches] {
        for body in ["", "{}", "no json", "[]"] {
            let message = dead_letter(body, &[]);
            assert!(
                redriven(queue, &message, now()).is_err(),
                "{queue:?} {body}"
            );
            assert!(content(queue, &message).is_err(), "{queue:?} {body}");
        }
    }
}

#[test]
fn every_message_of_the_retry_queue_is_described_and_goes_back_unchanged() {
    const ID: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";
    let attempt = json!({
        "number": 1, "at": "2025-01-01T00:00:00Z", "durationMs": 5, "result": "delivered",
    });
    for (holds, original) in [
        ("wakeUp", json!({"wakeUp": ID})),
        ("sweep", json!({"sweep": {}})),
        (
            "report",
            json!({"failing": {
                "destinationId": ID, "displayName": "d", "provider": "slack",
                "failingSince": null, "state": "FAILED", "alertId": "a",
                "failure": {"kind": "refused", "detail": "no"}, "at": "2025-01-01T00:00:00Z",
            }}),
        ),
        (
            "unrecorded",
            json!({"unrecorded": {
                "alertId": "a", "destinationId": ID, "beganAt": "2025-01-01T00:00:00Z",
                "leaseUntil": "2025-01-01T00:01:05Z", "attempt": attempt,
            }}),
        ),
        (
            "retry",
            json!({
                "alertId": "a", "destinationId": ID, "attempt": 3,
                "earlier": "mayHaveArrived", "due": "2025-01-01T00:00:00Z",
            }),
        ),
    ] {
        let message = dead_letter(&original.to_string(), &[]);
        let sent = redriven(DeadLetterQueue::Retries, &message, now()).unwrap();
        let body: Value = serde_json::from_str(&sent[0].body).unwrap();
        assert_eq!(body, original);
        assert_eq!(sent[0].delay, Duration::ZERO);
        let content = content(DeadLetterQueue::Retries, &message).unwrap();
        let shown = serde_json::to_value(&content).unwrap();
        assert_eq!(shown["holds"], holds);
        assert_eq!(shown.to_string().contains(ID), holds != "sweep");
    }
}
