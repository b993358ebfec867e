//! What SNS's answers mean, read by the real SDK.

use tocsin_testing::aws::{Answer, Asked, Replay};
use tocsin_testing::full;

use super::*;

const ROLE: &str = "arn:aws:iam::123456789012:role/tocsin";

fn published() -> Answer {
    Answer::new(
        200,
        "<PublishResponse><PublishResult><MessageId>id-1</MessageId></PublishResult></PublishResponse>",
    )
}

fn refusal(status: u16, code: &str) -> Answer {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>said</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    );
    Answer::new(status, body)
}

async fn attempt(sns: &AwsTransport<Sns>, alert: &Alert, given: &Value) -> Outcome {
    let delivery = delivery();
    sns.attempt(input(alert, given, &delivery)).await
}

async fn attempt_full(replay: &Replay, given: &Value) -> Outcome {
    attempt(&AwsTransport::<Sns>::new(replay.config()), &full(), given).await
}

async fn answered(answers: impl IntoIterator<Item = Answer>) -> (Outcome, Vec<Asked>) {
    let replay = Replay::of(answers);
    let outcome = attempt_full(&replay, &json!({"topicArn": TOPIC})).await;
    (outcome, replay.asked())
}

#[tokio::test]
async fn a_publication_goes_to_the_topics_region_with_all_its_parts() {
    let replay = Replay::of([published(), published()]);
    let outcome = attempt_full(&replay, &json!({"topicArn": FIFO})).await;
    assert_eq!(outcome, Outcome::Delivered(Receipt::id("id-1")));
    let asked = &replay.asked()[0];
    assert_eq!(asked.url, "https://sns.eu-central-1.amazonaws.com/");
    for part in [
        "Action=Publish&",
        "TopicArn=arn%3Aaws%3Asns%3Aeu-central-1%3A123456789012%3Aalerts.fifo",
        "MessageStructure=json",
        "Subject=%5BHIGH%5D%20Traffic",
        "MessageGroupId=AWS.CloudTrail.SuspiciousIP",
        "MessageAttributes.entry.3.Name=",
        "Value.StringValue=HIGH",
        &format!("MessageDeduplicationId={}", delivery()),
    ] {
        assert!(asked.body.contains(part), "{part} in {}", asked.body);
    }
    let china = json!({"topicArn": "arn:aws-cn:sns:cn-north-1:123456789012:alerts"});
    attempt_full(&replay, &china).await;
    let url = &replay.asked()[1].url;
    assert_eq!(url, "https://sns.cn-north-1.amazonaws.com.cn/");
}

#[tokio::test]
async fn every_error_has_its_meaning() {
    use FailureKind::{Misconfigured, Refused, Throttled, Unauthorized, Unavailable};
    for (status, code, kind) in [
        (400, "InvalidParameter", Refused),
        (400, "ParameterValueInvalid", Refused),
        (400, "ValidationException", Refused),
        (403, "AuthorizationError", Unauthorized),
        (403, "InvalidSecurity", Unauthorized),
        (403, "InvalidClientTokenId", Unauthorized),
        (403, "SignatureDoesNotMatch", Unauthorized),
        (403, "ExpiredToken", Unauthorized),
        (404, "NotFound", Misconfigured),
        (400, "EndpointDisabled", Misconfigured),
        (400, "PlatformApplicationDisabled", Misconfigured),
        (400, "KMSDisabled", Misconfigured),
        (400, "KMSNotFound", Misconfigured),
        (400, "KMSAccessDenied", Misconfigured),
        (400, "KMSInvalidState", Misconfigured),
        (403, "KMSOptInRequired", Misconfigured),
        (400, "Unheard", Misconfigured),
        (429, "Throttled", Throttled),
        (400, "Throttling", Throttled),
        (400, "KMSThrottling", Throttled),
        (500, "InternalError", Unavailable),
        (503, "ServiceUnavailable", Unavailable),
    ] {
        let (outcome, _) = answered([refusal(status, code), refusal(status, code)]).await;
        let failure = outcome.failure().unwrap();
        assert_eq!(failure.kind, kind, "{code}");
        assert_eq!(failure.status, Some(status), "{code}");
        assert!(failure.detail.starts_with(&format!("{code}: said")));
        let again = matches!(outcome, Outcome::Transient { .. });
        assert_eq!(again, matches!(kind, Throttled | Unavailable), "{code}");
    }
}

#[tokio::test]
async fn nothing_but_a_refusal_is_tried_twice() {
    for (status, code, calls) in [
        (400, "InvalidParameter", 2),
        (403, "AuthorizationError", 1),
        (404, "NotFound", 1),
        (429, "Throttled", 1),
        (500, "InternalError", 1),
    ] {
        let (_, asked) = answered([refusal(status, code), refusal(status, code)]).await;
        assert_eq!(asked.len(), calls, "{code}");
    }
}

#[tokio::test]
async fn what_is_refused_gets_a_second_try_without_subject() {
    let (outcome, asked) = answered([refusal(400, "InvalidParameter"), published()]).await;
    let Outcome::Delivered(receipt) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(receipt.id.as_deref(), Some("id-1"));
    let remark = receipt.remark.unwrap();
    assert!(remark.contains("InvalidParameter: said"), "{remark}");
    assert!(asked[0].body.contains("&Subject=") && !asked[1].body.contains("Subject="));
    assert!(asked[0].body.contains("principal") && !asked[1].body.contains("principal"));
}

#[tokio::test]
async fn of_two_refusals_the_first_is_kept() {
    let answers = [refusal(400, "InvalidParameter"), refusal(404, "NotFound")];
    let (outcome, _) = answered(answers).await;
    let Outcome::Permanent { failure } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(failure.detail.starts_with("InvalidParameter: said ("));
    let answers = [refusal(400, "InvalidParameter"), refusal(429, "Throttled")];
    let (outcome, _) = answered(answers).await;
    assert!(matches!(outcome, Outcome::Transient { .. }), "{outcome:?}");
}

#[tokio::test]
async fn what_had_to_be_left_out_is_on_the_receipt() {
    let replay = Replay::of([published()]);
    let sns = AwsTransport::<Sns>::new(replay.config());
    let mut alert = full();
    alert.alert_context =
        serde_json::Map::from_iter([("a".to_owned(), json!("\"".repeat(90_000)))]);
    let outcome = attempt(&sns, &alert, &json!({"topicArn": TOPIC})).await;
    let Outcome::Delivered(receipt) = outcome else {
        panic!("not delivered")
    };
    assert!(
        receipt
            .remark
            .unwrap()
            .starts_with("alertContext was left out")
    );
}

#[tokio::test]
async fn answers_that_are_not_the_services_own_are_read_by_their_status() {
    let page = "<html><body>Bad Gateway</body></html>";
    let (outcome, _) = answered([Answer::new(502, page)]).await;
    let failure = outcome.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(!failure.detail.is_empty());
    assert!(matches!(outcome, Outcome::Transient { .. }));
    let (outcome, _) = answered([]).await;
    assert_eq!(outcome.failure().unwrap().kind, FailureKind::Unreachable);
    assert!(matches!(outcome, Outcome::Transient { .. }));
}

#[tokio::test]
async fn a_role_is_assumed_once_and_a_denied_one_ends_the_delivery() {
    let given = json!({"topicArn": TOPIC, "assumeRoleArn": ROLE, "externalId": "id-of-ours"});
    let assumed = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let replay = Replay::of([Answer::new(200, assumed), published(), published()]);
    let sns = AwsTransport::<Sns>::new(replay.config());
    for _ in 0..2 {
        let outcome = attempt(&sns, &full(), &given).await;
        assert_eq!(outcome, Outcome::Delivered(Receipt::id("id-1")));
    }
    let asked = replay.asked();
    let urls: Vec<_> = asked.iter().map(|asked| asked.url.as_str()).collect();
    let topic = "https://sns.eu-central-1.amazonaws.com/";
    assert_eq!(urls, ["https://sts.us-east-1.amazonaws.com/", topic, topic]);
    assert!(
        asked[0].body.contains("ExternalId=id-of-ours"),
        "{}",
        asked[0].body
    );

    let replay = Replay::of([refusal(403, "AccessDenied")]);
    let outcome = attempt_full(&replay, &given).await;
    let Outcome::Permanent { failure } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(failure.kind, FailureKind::Unauthorized);
}

#[tokio::test]
async fn wrong_settings_end_the_delivery_and_name_the_field() {
    for (given, field) in [
        (json!({}), "settings"),
        (json!({"topicArn": "alerts"}), "settings.topicArn"),
        (
            json!({"topicArn": TOPIC, "externalId": "id"}),
            "settings.externalId",
        ),
    ] {
        let replay = Replay::default();
        let outcome = attempt_full(&replay, &given).await;
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
