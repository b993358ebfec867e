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

const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/alerts";
const FIFO: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/alerts.fifo";

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

fn checked(queue: &str, more: &Value) -> Result<settings::Target, FieldError> {
    let mut given = json!({"queueUrl": queue});
    let more = more.as_object().unwrap().clone();
    given.as_object_mut().unwrap().extend(more);
    check(&settings(&given))
}

#[test]
fn queues_of_every_partition_endpoint_and_kind_are_taken() {
    for (url, region) in [
        (QUEUE, Some("eu-central-1")),
        (FIFO, Some("eu-central-1")),
        (
            "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/a_b-C",
            Some("cn-north-1"),
        ),
        (
            "https://sqs.us-gov-west-1.amazonaws.com/123456789012/x",
            Some("us-gov-west-1"),
        ),
        (
            "https://sqs-fips.us-gov-west-1.amazonaws.com/123456789012/x",
            Some("us-gov-west-1"),
        ),
        (
            "https://sqs.eu-west-3.api.aws/123456789012/x",
            Some("eu-west-3"),
        ),
        (
            "https://eu-west-1.queue.amazonaws.com/123456789012/x.fifo",
            Some("eu-west-1"),
        ),
        (
            "https://queue.amazonaws.com/123456789012/x",
            Some("us-east-1"),
        ),
        (
            "https://vpce-0a1b-2c3d.sqs.eu-west-1.vpce.amazonaws.com/123456789012/x",
            Some("eu-west-1"),
        ),
        (
            "https://vpce-0a1b-2c3d-eu-west-1a.sqs.eu-west-1.vpce.amazonaws.com/123456789012/x",
            Some("eu-west-1"),
        ),
        // Emulators, and names of one's own: the region is the function's.
        ("http://localhost:4566/000000000000/alerts", None),
        ("http://127.0.0.1:5000/123456789012/alerts.fifo", None),
        (
            "http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/x",
            None,
        ),
        ("https://queues.example.com/123456789012/x", None),
        // Nothing that could not stand in a host's name becomes a region.
        ("https://sqs.a_b.amazonaws.com/123456789012/x", None),
    ] {
        let target = checked(url, &json!({})).unwrap();
        assert_eq!(target.region.as_deref(), region, "{url}");
        let fifo = target.kind == settings::QueueKind::Fifo;
        assert_eq!(fifo, url.strip_suffix(".fifo").is_some(), "{url}");
    }
}

#[test]
fn a_configured_region_goes_before_the_urls() {
    for url in [QUEUE, "https://queues.example.com/123456789012/x"] {
        let target = checked(url, &json!({"region": "eu-west-1"})).unwrap();
        assert_eq!(target.region.as_deref(), Some("eu-west-1"));
    }
}

#[test]
fn what_is_no_queue_is_refused() {
    let long = format!(
        "https://sqs.eu-central-1.amazonaws.com/123456789012/{}",
        "x".repeat(81)
    );
    for url in [
        "https://sqs.eu-central-1.amazonaws.com",
        "https://sqs.eu-central-1.amazonaws.com/alerts",
        "https://sqs.eu-central-1.amazonaws.com/123456789012",
        "https://sqs.eu-central-1.amazonaws.com/123456789012/",
        "https://sqs.eu-central-1.amazonaws.com/123456789012/alerts/",
        "https://sqs.eu-central-1.amazonaws.com/queue/123456789012/alerts",
        "https://sqs.eu-central-1.amazonaws.com/12345/alerts",
        "https://sqs.eu-central-1.amazonaws.com/12345678901x/alerts",
        "https://sqs.eu-central-1.amazonaws.com/123456789012/.fifo",
        "https://sqs.eu-central-1.amazonaws.com/123456789012/a.fifo.fifo",
        "https://sqs.eu-central-1.amazonaws.com/123456789012/a%20b",
        "https://sqs.eu-central-1.amazonaws.com/123456789012/alerts?x=1",
        "https://sqs.eu-central-1.amazonaws.com/123456789012/alerts#x",
        "https://user@sqs.eu-central-1.amazonaws.com/123456789012/alerts",
        "https://:pass@sqs.eu-central-1.amazonaws.com/123456789012/alerts",
        "ftp://sqs.eu-central-1.amazonaws.com/123456789012/alerts",
        "file:///123456789012/alerts",
        "data:text/plain,x",
        &long,
    ] {
        let error = checked(url, &json!({})).unwrap_err();
        assert_eq!(error.field, "settings.queueUrl", "{url}");
    }
}

#[test]
fn regions_roles_and_groups_are_checked() {
    let role = "arn:aws:iam::123456789012:role/tocsin";
    let long = "x".repeat(129);
    for (queue, more) in [
        (QUEUE, json!({"assumeRoleArn": role})),
        (QUEUE, json!({"assumeRoleArn": role, "externalId": "id"})),
        (QUEUE, json!({"messageGroupId": "fair"})),
        (FIFO, json!({"messageGroupId": "one(group)"})),
    ] {
        assert!(checked(queue, &more).is_ok(), "{more}");
    }
    for (more, field) in [
        (json!({"region": ""}), "region"),
        (json!({"region": "EU"}), "region"),
        (json!({"region": "evil.example/"}), "region"),
        (json!({"assumeRoleArn": "x"}), "assumeRoleArn"),
        (json!({"externalId": "id"}), "externalId"),
        (json!({"messageGroupId": ""}), "messageGroupId"),
        (json!({"messageGroupId": "a b"}), "messageGroupId"),
        (json!({"messageGroupId": long}), "messageGroupId"),
    ] {
        for queue in [QUEUE, FIFO] {
            let error = checked(queue, &more).unwrap_err();
            assert_eq!(error.field, format!("settings.{field}"), "{more}");
        }
    }
}

#[test]
fn unknown_missing_and_unreadable_fields_are_refused() {
    for given in [
        json!({}),
        json!({"queueUrl": "alerts"}),
        json!({"queueUrl": QUEUE, "queue": 1}),
    ] {
        assert!(read_settings::<Settings>(given.as_object().unwrap()).is_err());
    }
}

#[test]
fn limits_are_checked() {
    for bytes in [1_024, 262_144, 1_048_576] {
        assert!(checked(QUEUE, &json!({"maxMessageBytes": bytes})).is_ok());
    }
    for bytes in [0, 1_023, 1_048_577] {
        let error = checked(QUEUE, &json!({"maxMessageBytes": bytes})).unwrap_err();
        assert_eq!(error.field, "settings.maxMessageBytes", "{bytes}");
    }
    for unreadable in [json!("1024"), json!(-1), json!(2048.5)] {
        let given = json!({"queueUrl": QUEUE, "maxMessageBytes": unreadable});
        assert!(read_settings::<Settings>(given.as_object().unwrap()).is_err());
    }
}
