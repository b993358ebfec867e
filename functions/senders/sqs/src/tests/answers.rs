//! What SQS's answers mean, read by the real SDK.

use tocsin_testing::aws::{Answer, Asked, Replay};
use tocsin_testing::full;

use super::*;

fn sent() -> Answer {
    Answer::new(200, r#"{"MessageId": "id-1", "MD5OfMessageBody": "0"}"#)
}

/// A refusal as SQS gives it: the JSON protocol's name in the body, the query
/// protocol's name, where it is another, in a header.
fn refusal(status: u16, name: &str, older: Option<&str>) -> Answer {
    let body = json!({"__type": format!("com.amazonaws.sqs#{name}"), "message": "said"});
    let answer = Answer::new(status, body.to_string());
    match older {
        Some(older) => answer.header("x-amzn-query-error", format!("{older};Sender")),
        None => answer,
    }
}

async fn attempt(replay: &Replay, given: &Value) -> Outcome {
    let (alert, delivery) = (full(), delivery());
    let sqs = AwsTransport::<Sqs>::new(replay.config());
    sqs.attempt(input(&alert, given, &delivery)).await
}

async fn answered(answers: impl IntoIterator<Item = Answer>) -> (Outcome, Vec<Asked>) {
    let replay = Replay::of(answers);
    let outcome = attempt(&replay, &json!({"queueUrl": QUEUE})).await;
    (outcome, replay.asked())
}

#[tokio::test]
async fn a_message_goes_to_the_queues_region_with_all_its_parts() {
    let replay = Replay::of([sent()]);
    let outcome = attempt(&replay, &json!({"queueUrl": FIFO})).await;
    assert_eq!(outcome, Outcome::Delivered(Receipt::id("id-1")));
    let asked = &replay.asked()[0];
    assert_eq!(asked.url, "https://sqs.eu-central-1.amazonaws.com/");
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(body["QueueUrl"], FIFO);
    assert_eq!(body["MessageGroupId"], "AWS.CloudTrail.SuspiciousIP");
    assert_eq!(body["MessageDeduplicationId"], delivery().as_str());
    let severity = json!({"DataType": "String", "StringValue": "HIGH"});
    assert_eq!(body["MessageAttributes"]["severity"], severity);
    let payload: Value = serde_json::from_str(body["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(payload["id"], "AWS.CloudTrail.SuspiciousIP");
}

#[tokio::test]
async fn a_call_never_goes_to_the_urls_own_host() {
    for (url, host) in [
        (
            "https://evil.example/123456789012/x",
            "sqs.us-east-1.amazonaws.com",
        ),
        (
            "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/123456789012/x",
            "sqs.eu-west-1.amazonaws.com",
        ),
        (
            "https://cn-north-1.queue.amazonaws.com.cn/123456789012/x",
            "sqs.cn-north-1.amazonaws.com.cn",
        ),
    ] {
        let replay = Replay::of([sent()]);
        attempt(&replay, &json!({"queueUrl": url})).await;
        assert_eq!(replay.asked()[0].url, format!("https://{host}/"));
    }
}

#[tokio::test]
async fn every_error_has_its_meaning() {
    use FailureKind::{Misconfigured, Refused, Throttled, Unauthorized, Unavailable};
    for (status, name, older, kind) in [
        (400, "InvalidMessageContents", None, Refused),
        (400, "InvalidParameterValue", None, Refused),
        (
            400,
            "InvalidParameterValueException",
            Some("InvalidParameterValue"),
            Refused,
        ),
        (400, "MessageTooLong", None, Refused),
        (
            403,
            "AccessDeniedException",
            Some("AccessDenied"),
            Unauthorized,
        ),
        (403, "InvalidSecurity", None, Unauthorized),
        (403, "InvalidClientTokenId", None, Unauthorized),
        (403, "ExpiredTokenException", None, Unauthorized),
        (
            400,
            "QueueDoesNotExist",
            Some("AWS.SimpleQueueService.NonExistentQueue"),
            Misconfigured,
        ),
        (400, "QueueDoesNotExist", None, Misconfigured),
        (
            400,
            "UnsupportedOperation",
            Some("AWS.SimpleQueueService.UnsupportedOperation"),
            Misconfigured,
        ),
        (404, "InvalidAddress", None, Misconfigured),
        (
            400,
            "KmsAccessDenied",
            Some("KMS.AccessDeniedException"),
            Misconfigured,
        ),
        (
            400,
            "KmsDisabled",
            Some("KMS.DisabledException"),
            Misconfigured,
        ),
        (
            400,
            "KmsInvalidKeyUsage",
            Some("KMS.InvalidKeyUsageException"),
            Misconfigured,
        ),
        (
            400,
            "KmsInvalidState",
            Some("KMS.InvalidStateException"),
            Misconfigured,
        ),
        (
            400,
            "KmsNotFound",
            Some("KMS.NotFoundException"),
            Misconfigured,
        ),
        (
            403,
            "KmsOptInRequired",
            Some("KMS.OptInRequired"),
            Misconfigured,
        ),
        (400, "KmsDisabled", None, Misconfigured),
        (400, "Unheard", None, Misconfigured),
        (
            400,
            "KmsThrottled",
            Some("KMS.ThrottlingException"),
            Throttled,
        ),
        (400, "KmsThrottled", None, Throttled),
        (403, "RequestThrottled", None, Throttled),
        (400, "ThrottlingException", None, Throttled),
        (500, "InternalFailure", None, Unavailable),
        (503, "ServiceUnavailable", None, Unavailable),
    ] {
        let answer = refusal(status, name, older);
        let (outcome, asked) = answered([answer.clone(), answer]).await;
        let failure = outcome.failure().unwrap();
        assert_eq!(failure.kind, kind, "{name} {older:?}");
        assert_eq!(failure.status, Some(status), "{name}");
        assert!(failure.detail.contains(": said"), "{failure}");
        let again = matches!(outcome, Outcome::Transient { .. });
        assert_eq!(again, matches!(kind, Throttled | Unavailable), "{name}");
        // Only what is refused for what it says is sent once more, with less in it.
        assert_eq!(asked.len(), if kind == Refused { 2 } else { 1 }, "{name}");
    }
}

#[tokio::test]
async fn what_is_refused_gets_a_second_try_with_the_least() {
    let refused = || refusal(400, "InvalidMessageContents", None);
    let (outcome, asked) = answered([refused(), sent()]).await;
    let Outcome::Delivered(receipt) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(receipt.id.as_deref(), Some("id-1"));
    let remark = receipt.remark.unwrap();
    assert!(remark.contains("InvalidMessageContents: said"), "{remark}");
    assert!(asked[0].body.contains("principal") && !asked[1].body.contains("principal"));

    let (outcome, _) = answered([refused(), refusal(400, "UnsupportedOperation", None)]).await;
    let Outcome::Permanent { failure } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(failure.detail.starts_with("InvalidMessageContents: said ("));
    let (outcome, _) = answered([refused(), refusal(403, "RequestThrottled", None)]).await;
    assert!(matches!(outcome, Outcome::Transient { .. }), "{outcome:?}");
}

#[tokio::test]
async fn what_had_to_be_left_out_is_on_the_receipt() {
    let replay = Replay::of([sent()]);
    let mut alert = full();
    alert.alert_context = serde_json::Map::from_iter([("a".to_owned(), json!("x".repeat(9_000)))]);
    let given = json!({"queueUrl": QUEUE, "maxMessageBytes": 8192});
    let delivery = delivery();
    let sqs = AwsTransport::<Sqs>::new(replay.config());
    let outcome = sqs.attempt(input(&alert, &given, &delivery)).await;
    let Outcome::Delivered(receipt) = outcome else {
        panic!("{outcome:?}")
    };
    let remark = receipt.remark.unwrap();
    assert!(remark.starts_with("alertContext was left out"), "{remark}");
}

#[tokio::test]
async fn answers_that_are_not_the_services_own_are_read_by_their_status() {
    let (outcome, _) = answered([Answer::new(502, "<html>Bad Gateway</html>")]).await;
    let failure = outcome.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(!failure.detail.is_empty());
    assert!(matches!(outcome, Outcome::Transient { .. }));
    let (outcome, _) = answered([]).await;
    assert_eq!(outcome.failure().unwrap().kind, FailureKind::Unreachable);
    assert!(matches!(outcome, Outcome::Transient { .. }));
}

#[tokio::test]
async fn destinations_of_one_identity_share_a_client_and_others_do_not() {
    let assumed = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let role = |name: &str| json!({"queueUrl": QUEUE, "assumeRoleArn": format!("arn:aws:iam::123456789012:role/{name}")});
    let assumed = || Answer::new(200, assumed);
    let replay = Replay::of([assumed(), sent(), sent(), assumed(), sent()]);
    let sqs = AwsTransport::<Sqs>::new(replay.config());
    let (alert, delivery) = (full(), delivery());
    for given in [role("one"), role("one"), role("two")] {
        let outcome = sqs.attempt(input(&alert, &given, &delivery)).await;
        assert_eq!(outcome, Outcome::Delivered(Receipt::id("id-1")));
    }
    let asked = replay.asked();
    let assumed = asked.iter().filter(|asked| asked.url.contains("//sts."));
    assert_eq!(assumed.count(), 2);
}

#[tokio::test]
async fn wrong_settings_end_the_delivery_and_name_the_field() {
    for (given, field) in [
        (json!({}), "settings"),
        (json!({"queueUrl": "alerts"}), "settings.queueUrl"),
        (
            json!({"queueUrl": "https://example.com/x"}),
            "settings.queueUrl",
        ),
        (
            json!({"queueUrl": QUEUE, "region": "EU"}),
            "settings.region",
        ),
    ] {
        let replay = Replay::default();
        let outcome = attempt(&replay, &given).await;
        let Outcome::Permanent { failure } = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(failure.kind, FailureKind::Misconfigured);
        assert!(
            failure.detail.starts_with(&format!("`{field}` ")),
            "{failure}"
        );
        assert_eq!(replay.asked(), []);
    }
}
