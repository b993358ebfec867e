//! Credentials: how they are read and rotated, and that they are never shown.

use serde_json::json;
use tocsin_core::delivery::PriorAttempt;
use tocsin_core::outcome::{FailureKind, Outcome};
use tocsin_testing::aws::Answer;

use crate::fixture::{
    Fixture, answered, delivered, plain, rejected, secret, stored, transient, withheld,
};
use crate::server::{Reply, Server};

/// A server, and a destination whose secret is rotated through these tokens.
async fn with_tokens(
    replies: impl IntoIterator<Item = Reply>,
    tokens: &[&str],
) -> (Server, Fixture) {
    let server = Server::start(replies).await;
    let url = server.url();
    let fixture = Fixture::new(tokens.iter().map(|token| stored(&secret(&url, token))));
    (server, fixture)
}

fn tokens_of(server: &Server) -> Vec<String> {
    let arrived = server.arrived();
    let tokens = arrived
        .iter()
        .map(|request| request.header("authorization"));
    tokens.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_secret_is_read_once_for_many_attempts() {
    let (_server, fixture) =
        with_tokens([plain(200, "{}"), plain(200, "{}")], &["token-one"]).await;
    delivered(fixture.attempt().await);
    delivered(fixture.attempt().await);
    let asked = fixture.secrets.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].body.contains("probe/1"), "{}", asked[0].body);
}

#[tokio::test]
async fn a_rotated_secret_is_used_at_once() {
    for status in [401, 403] {
        let replies = [
            plain(status, "old"),
            plain(200, r#"{"id": "T-1"}"#),
            plain(200, "{}"),
        ];
        let (server, fixture) = with_tokens(replies, &["token-one", "token-two"]).await;
        assert_eq!(
            delivered(fixture.attempt().await).id.as_deref(),
            Some("T-1")
        );
        // The next attempt uses it, too.
        delivered(fixture.attempt().await);
        assert_eq!(tokens_of(&server), ["token-one", "token-two", "token-two"]);
        assert_eq!(fixture.secrets.asked().len(), 2);
    }
}

#[tokio::test]
async fn a_refused_secret_that_was_not_rotated_holds_the_delivery() {
    let replies = [plain(401, "bad token"), plain(200, "{}")];
    let (server, fixture) = with_tokens(replies, &["token-one", "token-one"]).await;
    let failure = rejected(fixture.attempt().await, FailureKind::Unauthorized);
    assert_eq!(failure.detail, "bad token");
    assert_eq!(server.arrived().len(), 1);
}

#[tokio::test]
async fn a_rotated_secret_is_tried_once() {
    let replies = [plain(401, "first"), plain(401, "second"), plain(200, "{}")];
    let tokens = ["token-one", "token-two", "token-three"];
    let (server, fixture) = with_tokens(replies, &tokens).await;
    let failure = rejected(fixture.attempt().await, FailureKind::Unauthorized);
    assert_eq!(failure.detail, "second");
    assert_eq!(server.arrived().len(), 2);
}

#[tokio::test]
async fn when_the_secret_cannot_be_read_again_the_failure_is_the_refusal() {
    for newer in [
        withheld("AccessDeniedException"),
        stored(&json!({"url": "https://example.com"})),
        Answer::new(500, ""),
    ] {
        let server = Server::start([plain(403, "bad token")]).await;
        let old = stored(&secret(&server.url(), "token-one"));
        let fixture = Fixture::new([old, newer]);
        let failure = rejected(fixture.attempt().await, FailureKind::Unauthorized);
        assert_eq!(failure.detail, "bad token");
    }
}

#[tokio::test]
async fn a_lookup_that_is_refused_is_repeated_with_the_rotated_secret() {
    let replies = [
        plain(401, ""),
        plain(404, ""),
        plain(200, r#"{"id": "T-1"}"#),
    ];
    let (server, mut fixture) = with_tokens(replies, &["token-one", "token-two"]).await;
    fixture.prior_attempt = PriorAttempt::MaybeDelivered;
    assert_eq!(
        delivered(fixture.attempt().await).id.as_deref(),
        Some("T-1")
    );
    assert_eq!(tokens_of(&server), ["token-one", "token-two", "token-two"]);
}

fn assert_clean(outcome: &Outcome) {
    let shown = format!("{outcome:?}");
    assert!(!shown.contains("PLANTED"), "{shown}");
}

#[tokio::test]
async fn responses_that_repeat_the_secret_are_redacted() {
    for status in [404, 429, 500] {
        let (outcome, _) = answered([Reply::Echo(status, 0)]).await;
        assert_clean(&outcome);
        let said = &outcome.failure().unwrap().detail;
        // Text that is not secret stays.
        assert!(
            said.contains("[secret]") && said.contains("Traffic"),
            "{said}"
        );
    }
    let (outcome, _) = answered([Reply::Echo(400, 0), plain(200, "{}")]).await;
    assert_clean(&outcome);
    let remark = delivered(outcome).remark.unwrap();
    assert!(remark.contains("[secret]"), "{remark}");
    let body = r#"{"id": "PLANTED-TOKEN", "url": "https://h/PLANTED-TOKEN"}"#;
    let (outcome, _) = answered([plain(200, body)]).await;
    assert_clean(&outcome);
    assert_eq!(delivered(outcome).id.as_deref(), Some("[secret]"));
}

#[tokio::test]
async fn a_secret_that_is_cut_with_the_detail_is_redacted() {
    // The detail has 500 characters, so one of these cuts is within the token.
    for before in 440..500 {
        let (outcome, _) = answered([Reply::Echo(404, before)]).await;
        let said = &outcome.failure().unwrap().detail;
        // Five characters of a secret may be any word, so they stay.
        assert!(!said.contains("PLANTE"), "{before}: {said}");
    }
}

#[tokio::test]
async fn the_old_and_the_rotated_secret_are_redacted() {
    let tokens = ["PLANTED-ONE", "PLANTED-TWO"];
    let said = "not PLANTED-ONE but PLANTED-TWO";
    let (_server, fixture) = with_tokens([plain(401, "no"), plain(500, said)], &tokens).await;
    let failure = transient(fixture.attempt().await, FailureKind::Unavailable);
    assert_eq!(failure.detail, "not [secret] but [secret]");
}

#[tokio::test]
async fn a_secret_that_cannot_be_a_header_holds_the_delivery_and_is_not_shown() {
    let (server, fixture) = with_tokens([plain(200, "{}")], &["PLANTED\r\nx: y"]).await;
    let outcome = fixture.attempt().await;
    assert_clean(&outcome);
    rejected(outcome, FailureKind::Misconfigured);
    assert!(server.arrived().is_empty());
}

#[tokio::test]
async fn wrong_settings_and_secrets_hold_the_delivery_and_name_the_field() {
    let sound = || json!({"project": "tests"});
    let url = "http://127.0.0.1:1/PLANTED";
    for (settings, secret, field) in [
        (
            json!({}),
            secret(url, "t"),
            "`settings` is unusable: missing field `project`",
        ),
        (
            json!({"project": 7}),
            secret(url, "t"),
            "`settings.project` must be a text",
        ),
        (
            json!({"project": "x", "y": 1}),
            secret(url, "t"),
            "unknown field `y`",
        ),
        (
            json!({"project": ""}),
            secret(url, "t"),
            "`settings.project` must not be empty",
        ),
        (
            json!({"project": "unbuildable"}),
            secret(url, "t"),
            "`settings.project` makes no request",
        ),
        (sound(), json!({"url": url}), "`secret.token` is missing"),
        (
            sound(),
            json!({"token": "PLANTED"}),
            "`secret.url` is missing",
        ),
        (
            sound(),
            json!({"url": "PLANTED", "token": "t"}),
            "`secret.url` is unknown, or not",
        ),
        (sound(), json!("PLANTED"), "`secret` is unknown, or not"),
    ] {
        let mut fixture = Fixture::new([stored(&secret)]);
        fixture.settings = settings;
        let outcome = fixture.attempt().await;
        assert_clean(&outcome);
        let failure = rejected(outcome, FailureKind::Misconfigured);
        assert!(failure.detail.contains(field), "{failure}");
    }
}

#[tokio::test]
async fn a_lookup_that_cannot_be_built_names_the_field() {
    let mut fixture = Fixture::new([stored(&secret("http://127.0.0.1:1/", "t"))]);
    fixture.settings = json!({"project": "unbuildable"});
    fixture.prior_attempt = PriorAttempt::MaybeDelivered;
    let failure = rejected(fixture.attempt().await, FailureKind::Misconfigured);
    assert_eq!(failure.detail, "`settings.project` makes no question");
}

#[tokio::test]
async fn a_destination_without_a_secret_has_an_empty_one() {
    let mut fixture = Fixture::new([]);
    fixture.secret_name = None;
    let failure = rejected(fixture.attempt().await, FailureKind::Misconfigured);
    assert!(
        failure.detail.starts_with("`secret.url`") || failure.detail.starts_with("`secret.token`"),
        "{failure}"
    );
    assert_eq!(fixture.secrets.asked(), []);
}

#[tokio::test]
async fn a_missing_secret_holds_the_delivery_and_an_unavailable_store_delays_it() {
    for missing in [
        withheld("ResourceNotFoundException"),
        withheld("InvalidRequestException"),
        Answer::new(
            200,
            json!({"Name": "probe/1", "SecretBinary": "AAAA"}).to_string(),
        ),
    ] {
        let failure = rejected(
            Fixture::new([missing]).attempt().await,
            FailureKind::Misconfigured,
        );
        assert!(
            failure
                .detail
                .contains("set the destination's secret again"),
            "{failure}"
        );
    }
    // A new role's permissions take a while to be in force.
    let denied = Fixture::new([withheld("AccessDeniedException")]);
    let failure = transient(denied.attempt().await, FailureKind::Internal);
    assert!(failure.detail.contains("may not read"), "{failure}");
    let failures = [
        withheld("InternalServiceError"),
        withheld("ThrottlingException"),
        Answer::new(503, ""),
    ];
    for answer in failures {
        transient(
            Fixture::new([answer]).attempt().await,
            FailureKind::Internal,
        );
    }
    // No response at all.
    transient(Fixture::new([]).attempt().await, FailureKind::Internal);
}
