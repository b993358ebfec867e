mod answers;
mod messages;

use serde_json::{Value, json};
use tocsin_core::alert::Alert;
use tocsin_core::delivery::{DeliveryId, PriorAttempt};
use tocsin_core::outcome::Receipt;
use tocsin_core::provider::FieldError;
use tocsin_testing::delivery;

use super::*;
use crate::settings::check;
use tocsin_core::provider::read_settings;
use tocsin_sender::messaging::AwsTransport;

const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:alerts";
const FIFO: &str = "arn:aws:sns:eu-central-1:123456789012:alerts.fifo";

fn settings(json: &Value) -> Settings {
    read_settings(json.as_object().unwrap()).unwrap()
}

/// The work of a delivery whose settings are `given`.
fn input<'a>(alert: &'a Alert, given: &'a Value, delivery: &'a DeliveryId) -> AttemptInput<'a> {
    AttemptInput {
        alert,
        severity: alert.severity,
        delivery,
        began_at: alert.created_at,
        settings: given.as_object().unwrap(),
        secret_name: None,
        prior_attempt: PriorAttempt::NotDelivered,
    }
}

fn checked(topic: &str, more: &Value) -> Result<settings::Topic, FieldError> {
    let mut given = json!({"topicArn": topic});
    let more = more.as_object().unwrap().clone();
    given.as_object_mut().unwrap().extend(more);
    check(&settings(&given))
}

#[test]
fn topics_of_every_partition_and_kind_are_taken() {
    for (arn, region) in [
        (TOPIC, "eu-central-1"),
        (FIFO, "eu-central-1"),
        ("arn:aws-cn:sns:cn-north-1:123456789012:a_b-C", "cn-north-1"),
        (
            "arn:aws-us-gov:sns:us-gov-west-1:123456789012:x.fifo",
            "us-gov-west-1",
        ),
        ("arn:aws:sns:us-east-1:000000000000:alerts", "us-east-1"),
    ] {
        let topic = checked(arn, &json!({})).unwrap();
        assert_eq!(topic.region, region, "{arn}");
        let fifo = topic.kind == settings::TopicKind::Fifo;
        assert_eq!(fifo, arn.strip_suffix(".fifo").is_some(), "{arn}");
    }
}

#[test]
fn what_is_no_topic_is_refused() {
    let long = format!("{TOPIC}{}", "x".repeat(256));
    for arn in [
        "",
        "alerts",
        "arn:aws:sqs:eu-central-1:123456789012:alerts",
        "arn:aws:sns:eu-central-1:123456789012",
        "arn:aws:sns:eu-central-1:123456789012:",
        "arn:aws:sns:eu-central-1:123456789012:.fifo",
        "arn:aws:sns:eu-central-1:123456789012:a.fifo.fifo",
        "arn:aws:sns:eu-central-1:123456789012:a b",
        "arn:aws:sns:eu-central-1:123456789012:größe",
        "arn:aws:sns:eu-central-1:12345:alerts",
        "arn:aws:sns:eu-central-1:12345678901x:alerts",
        "arn:aws:sns::123456789012:alerts",
        "arn:aws:sns:evil.example/:123456789012:alerts",
        "arn:aws:sns:EU-CENTRAL-1:123456789012:alerts",
        "arn:awsome:sns:eu-central-1:123456789012:alerts",
        "arn::sns:eu-central-1:123456789012:alerts",
        // A subscription's.
        "arn:aws:sns:eu-central-1:123456789012:alerts:7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11",
        &long,
    ] {
        let error = checked(arn, &json!({})).unwrap_err();
        assert_eq!(error.field, "settings.topicArn", "{arn}");
    }
}

#[test]
fn roles_and_groups_are_checked() {
    let role = "arn:aws:iam::123456789012:role/tocsin";
    let long = "x".repeat(129);
    for (topic, more) in [
        (TOPIC, json!({"assumeRoleArn": role})),
        (TOPIC, json!({"assumeRoleArn": role, "externalId": "id"})),
        (FIFO, json!({"messageGroupId": "one(group)"})),
        (FIFO, json!({"messageGroupId": long[1..]})),
    ] {
        assert!(checked(topic, &more).is_ok(), "{more}");
    }
    for (topic, more, field) in [
        (TOPIC, json!({"assumeRoleArn": "x"}), "assumeRoleArn"),
        (TOPIC, json!({"externalId": "id"}), "externalId"),
        (TOPIC, json!({"messageGroupId": "group"}), "messageGroupId"),
        (FIFO, json!({"messageGroupId": ""}), "messageGroupId"),
        (FIFO, json!({"messageGroupId": "a b"}), "messageGroupId"),
        (FIFO, json!({"messageGroupId": long}), "messageGroupId"),
    ] {
        let error = checked(topic, &more).unwrap_err();
        assert_eq!(error.field, format!("settings.{field}"), "{more}");
    }
}

#[test]
fn unknown_and_missing_fields_are_refused() {
    for given in [json!({}), json!({"topicArn": TOPIC, "topic": 1})] {
        assert!(read_settings::<Settings>(given.as_object().unwrap()).is_err());
    }
}

#[test]
fn limits_are_checked() {
    for bytes in [1_024, 262_144, 1_048_576] {
        assert!(checked(TOPIC, &json!({"maxMessageBytes": bytes})).is_ok());
    }
    for bytes in [0, 1_023, 1_048_577] {
        let error = checked(TOPIC, &json!({"maxMessageBytes": bytes})).unwrap_err();
        assert_eq!(error.field, "settings.maxMessageBytes", "{bytes}");
    }
    for unreadable in [json!("1024"), json!(-1), json!(2048.5)] {
        let given = json!({"topicArn": TOPIC, "maxMessageBytes": unreadable});
        assert!(read_settings::<Settings>(given.as_object().unwrap()).is_err());
    }
}
