//! The outcomes of SQS's answers, read by the real SDK.

use tocsin_core::outcome::FailureKind::{
    Misconfigured, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_core::outcome::{Outcome, Receipt};
use tocsin_testing::aws::{Answer, Replay};

use super::*;

fn sent() -> Answer {
    Answer::new(200, r#"{"MessageId": "id-1", "MD5OfMessageBody": "0"}"#)
}

/// A refusal of SQS: with the code of its JSON protocol in the body and, if it differs,
/// that of the query protocol in a header.
fn refusal(status: u16, name: &str, older: Option<&str>) -> Answer {
    let body = json!({"__type": format!("com.amazonaws.sqs#{name}"), "message": "said"});
    let answer = Answer::new(status, body.to_string());
    match older {
        Some(older) => answer.header("x-amzn-query-error", format!("{older};Sender")),
        None => answer,
    }
}

fn transport(replay: &Replay) -> AwsTransport<Sqs> {
    AwsTransport::new(replay.config(), OwnEndpoints::default())
}

#[tokio::test]
async fn a_message_goes_to_the_queues_region_with_all_its_parts() {
    let (receipt, asked) = fifo().receipt([sent()]).await;
    assert_eq!(receipt, Receipt::id("id-1"));
    assert_eq!(asked[0].url, "https://sqs.eu-central-1.amazonaws.com/");
    let body: Value = serde_json::from_str(&asked[0].body).unwrap();
    assert_eq!(body["QueueUrl"], FIFO_QUEUE);
    assert_eq!(body["MessageGroupId"], "AWS.CloudTrail.SuspiciousIP");
    assert_eq!(body["MessageDeduplicationId"], delivery().as_str());
    let severity = json!({"DataType": "String", "StringValue": "HIGH"});
    assert_eq!(body["MessageAttributes"]["severity"], severity);
    let payload: Value = serde_json::from_str(body["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(payload["id"], "AWS.CloudTrail.SuspiciousIP");
}

#[tokio::test]
async fn no_call_goes_to_the_host_of_the_url() {
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
        let destination = standard().with("queueUrl", url);
        let (_, asked) = destination.receipt([sent()]).await;
        assert_eq!(asked[0].url, format!("https://{host}/"));
    }
}

#[tokio::test]
async fn every_error_code_has_its_kind() {
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
        standard()
            .check_error(refusal(status, name, older), status, kind)
            .await;
    }
}

#[tokio::test]
async fn a_refused_message_is_sent_again_in_its_minimal_form() {
    standard()
        .check_minimal_after_refusal(
            refusal(400, "InvalidMessageContents", None),
            sent(),
            refusal(400, "UnsupportedOperation", None),
            refusal(403, "RequestThrottled", None),
        )
        .await;
}

#[tokio::test]
async fn the_receipt_says_what_was_left_out() {
    let mut alert = full();
    alert.alert_context =
        serde_json::Map::from_iter([("a".to_owned(), json!("x".repeat(9_000)))]).into();
    let transport = transport(&Replay::of([sent()]));
    let limited = standard().with("maxMessageBytes", 8_192);
    let outcome = limited.attempt(&transport, &alert).await;
    let Outcome::Delivered(receipt) = outcome else {
        panic!("{outcome:?}")
    };
    let remark = receipt.remark.unwrap();
    assert!(remark.starts_with("alertContext was left out"), "{remark}");
}

#[tokio::test]
async fn foreign_answers_are_read_by_their_status() {
    standard().check_foreign_answers().await;
}

#[tokio::test]
async fn destinations_with_one_identity_share_a_client() {
    let role = |name: &str| {
        let arn = format!("arn:aws:iam::123456789012:role/{name}");
        standard().with("assumeRoleArn", arn)
    };
    let replay = Replay::of([
        Answer::assumed_role(),
        sent(),
        sent(),
        Answer::assumed_role(),
        sent(),
    ]);
    let transport = transport(&replay);
    for destination in [role("one"), role("one"), role("two")] {
        let outcome = destination.attempt(&transport, &full()).await;
        assert_eq!(outcome, Outcome::Delivered(Receipt::id("id-1")));
    }
    let asked = replay.asked();
    let assumed = asked.iter().filter(|asked| asked.url.contains("//sts."));
    assert_eq!(assumed.count(), 2);
}

#[tokio::test]
async fn nothing_is_sent_to_the_queues_of_the_stack() {
    let stack = "https://sqs.eu-central-1.amazonaws.com/123456789012/soc";
    let env = [(
        "TOCSIN_RETRY_QUEUE_URL".to_owned(),
        format!("{stack}-retry"),
    )];
    let own = OwnEndpoints::read(&env.into_iter().collect()).unwrap();
    let replay = Replay::of([]);
    let transport = AwsTransport::<Sqs>::new(replay.config(), own);
    for end in ["alerts", "retry", "retry-dlq"] {
        let destination = standard().with("queueUrl", format!("{stack}-{end}"));
        let outcome = destination.attempt(&transport, &full()).await;
        let failure = outcome.failure().unwrap();
        assert_eq!(failure.kind, Misconfigured, "{end}");
        assert!(
            failure.detail.starts_with("`settings.queueUrl`"),
            "{failure}"
        );
    }
    assert_eq!(replay.asked(), []);
}

#[tokio::test]
async fn invalid_settings_end_the_delivery_before_a_call() {
    let empty = MessagingFixture::<Sqs>::new(&json!({}));
    empty.check_invalid("settings").await;
    for url in ["alerts", "https://example.com/x"] {
        let destination = standard().with("queueUrl", url);
        destination.check_invalid("settings.queueUrl").await;
    }
    let destination = standard().with("region", "EU");
    destination.check_invalid("settings.region").await;
}
