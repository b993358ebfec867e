//! The outcomes of SNS's answers, read by the real SDK.

use tocsin_core::outcome::FailureKind::{
    self, Misconfigured, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_core::outcome::{Outcome, Receipt};
use tocsin_testing::aws::{Answer, Replay};

use super::*;

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

#[tokio::test]
async fn a_message_goes_to_the_topics_region_with_all_its_parts() {
    let (receipt, asked) = fifo().receipt([published()]).await;
    assert_eq!(receipt, Receipt::id("id-1"));
    assert_eq!(asked[0].url, "https://sns.eu-central-1.amazonaws.com/");
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
        assert!(asked[0].body.contains(part), "{part} in {}", asked[0].body);
    }
    let china = standard().with("topicArn", "arn:aws-cn:sns:cn-north-1:123456789012:alerts");
    let (_, asked) = china.receipt([published()]).await;
    assert_eq!(asked[0].url, "https://sns.cn-north-1.amazonaws.com.cn/");
}

#[tokio::test]
async fn every_error_code_has_its_kind() {
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
        standard()
            .check_error(refusal(status, code), status, kind)
            .await;
    }
}

#[tokio::test]
async fn a_refused_message_is_sent_again_without_subject() {
    let refused = || refusal(400, "InvalidParameter");
    let (_, asked) = standard().receipt([refused(), published()]).await;
    assert!(asked[0].body.contains("Subject=") && !asked[1].body.contains("Subject="));
    standard()
        .check_minimal_after_refusal(
            refused(),
            published(),
            refusal(404, "NotFound"),
            refusal(429, "Throttled"),
        )
        .await;
}

#[tokio::test]
async fn foreign_answers_are_read_by_their_status() {
    standard().check_foreign_answers().await;
}

#[tokio::test]
async fn a_role_is_assumed_once_and_a_denied_one_waits_for_a_person() {
    let destination = standard()
        .with("assumeRoleArn", "arn:aws:iam::123456789012:role/tocsin")
        .with("externalId", "id-of-ours");
    let replay = Replay::of([Answer::assumed_role(), published(), published()]);
    let transport = AwsTransport::<Sns>::new(replay.config(), OwnEndpoints::default());
    for _ in 0..2 {
        let outcome = destination.attempt(&transport, &full()).await;
        assert_eq!(outcome, Outcome::Delivered(Receipt::id("id-1")));
    }
    let asked = replay.asked();
    let urls: Vec<_> = asked.iter().map(|asked| asked.url.as_str()).collect();
    let topic = "https://sns.eu-central-1.amazonaws.com/";
    assert_eq!(urls, ["https://sts.us-east-1.amazonaws.com/", topic, topic]);
    let assume_role = &asked[0].body;
    assert!(
        assume_role.contains("ExternalId=id-of-ours"),
        "{assume_role}"
    );

    let (outcome, _) = destination.answered([refusal(403, "AccessDenied")]).await;
    let Outcome::Misconfigured { failure } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(failure.kind, FailureKind::Unauthorized);
}

#[tokio::test]
async fn invalid_settings_end_the_delivery_before_a_call() {
    let empty = MessagingFixture::<Sns>::new(&json!({}));
    empty.check_invalid("settings").await;
    let no_arn = standard().with("topicArn", "alerts");
    no_arn.check_invalid("settings.topicArn").await;
    let no_role = standard().with("externalId", "id");
    no_role.check_invalid("settings.externalId").await;
}
