//! Credentials: where they come from, their rotation, and that they stay inside.

use serde_json::json;
use tocsin_core::delivery::PriorAttempt;
use tocsin_core::outcome::{FailureKind, Outcome};
use tocsin_testing::aws::Answer;

use crate::server::{Reply, Server};
use crate::stage::{
    Stage, answered, delivered, permanent, plain, secret, stored, transient, withheld,
};

/// A server, and a destination whose secret has these tokens one after the other.
async fn with_tokens(replies: impl IntoIterator<Item = Reply>, tokens: &[&str]) -> (Server, Stage) {
    let server = Server::start(replies).await;
    let url = server.url();
    let stage = Stage::new(tokens.iter().map(|token| stored(&secret(&url, token))));
    (server, stage)
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
    let (_server, stage) = with_tokens([plain(200, "{}"), plain(200, "{}")], &["token-one"]).await;
    delivered(stage.attempt().await);
    delivered(stage.attempt().await);
    let asked = stage.secrets.asked();
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
        let (server, stage) = with_tokens(replies, &["token-one", "token-two"]).await;
        assert_eq!(delivered(stage.attempt().await).id.as_deref(), Some("T-1"));
        // And kept for the next attempt.
        delivered(stage.attempt().await);
        assert_eq!(tokens_of(&server), ["token-one", "token-two", "token-two"]);
        assert_eq!(stage.secrets.asked().len(), 2);
    }
}

#[tokio::test]
async fn a_secret_that_is_still_the_same_ends_the_delivery() {
    let replies = [plain(401, "bad token"), plain(200, "{}")];
    let (server, stage) = with_tokens(replies, &["token-one", "token-one"]).await;
    let failure = permanent(stage.attempt().await, FailureKind::Unauthorized);
    assert_eq!(failure.detail, "bad token");
    assert_eq!(server.arrived().len(), 1);
}

#[tokio::test]
async fn a_rotated_secret_gets_one_try_and_not_more() {
    let replies = [plain(401, "first"), plain(401, "second"), plain(200, "{}")];
    let tokens = ["token-one", "token-two", "token-three"];
    let (server, stage) = with_tokens(replies, &tokens).await;
    let failure = permanent(stage.attempt().await, FailureKind::Unauthorized);
    assert_eq!(failure.detail, "second");
    assert_eq!(server.arrived().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_read_again_leaves_the_refusal_as_the_answer() {
    for newer in [
        withheld("AccessDeniedException"),
        stored(&json!({"url": "https://example.com"})),
        Answer::new(500, ""),
    ] {
        let server = Server::start([plain(403, "bad token")]).await;
        let old = stored(&secret(&server.url(), "token-one"));
        let stage = Stage::new([old, newer]);
        let failure = permanent(stage.attempt().await, FailureKind::Unauthorized);
        assert_eq!(failure.detail, "bad token");
    }
}

#[tokio::test]
async fn a_question_that_is_not_answered_for_the_credential_is_asked_with_the_rotated_one() {
    let replies = [
        plain(401, ""),
        plain(404, ""),
        plain(200, r#"{"id": "T-1"}"#),
    ];
    let (server, mut stage) = with_tokens(replies, &["token-one", "token-two"]).await;
    stage.prior_attempt = PriorAttempt::MaybeDelivered;
    assert_eq!(delivered(stage.attempt().await).id.as_deref(), Some("T-1"));
    assert_eq!(tokens_of(&server), ["token-one", "token-two", "token-two"]);
}

fn assert_clean(outcome: &Outcome) {
    let shown = format!("{outcome:?}");
    assert!(!shown.contains("PLANTED"), "{shown}");
}

#[tokio::test]
async fn answers_that_repeat_the_secret_do_not_show_it() {
    for status in [404, 429, 500] {
        let (outcome, _) = answered([Reply::Echo(status, 0)]).await;
        assert_clean(&outcome);
        let said = &outcome.failure().unwrap().detail;
        // What is not secret stays.
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
async fn a_secret_that_the_cut_of_a_detail_goes_through_does_not_show_either() {
    // The detail has 500 characters, so somewhere in here it is cut within the token.
    for before in 440..500 {
        let (outcome, _) = answered([Reply::Echo(404, before)]).await;
        let said = &outcome.failure().unwrap().detail;
        // Five characters of a secret may be any word.
        assert!(!said.contains("PLANTE"), "{before}: {said}");
    }
}

#[tokio::test]
async fn neither_the_old_nor_the_rotated_secret_is_shown() {
    let tokens = ["PLANTED-ONE", "PLANTED-TWO"];
    let said = "not PLANTED-ONE but PLANTED-TWO";
    let (_server, stage) = with_tokens([plain(401, "no"), plain(500, said)], &tokens).await;
    let failure = transient(stage.attempt().await, FailureKind::Unavailable);
    assert_eq!(failure.detail, "not [secret] but [secret]");
}

#[tokio::test]
async fn a_secret_that_makes_no_header_ends_the_delivery_unseen() {
    let (server, stage) = with_tokens([plain(200, "{}")], &["PLANTED\r\nx: y"]).await;
    let outcome = stage.attempt().await;
    assert_clean(&outcome);
    permanent(outcome, FailureKind::Misconfigured);
    assert!(server.arrived().is_empty());
}

#[tokio::test]
async fn wrong_settings_and_secrets_end_the_delivery_and_name_the_field() {
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
            "`settings.project` is unusable",
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
        let mut stage = Stage::new([stored(&secret)]);
        stage.settings = settings;
        let outcome = stage.attempt().await;
        assert_clean(&outcome);
        let failure = permanent(outcome, FailureKind::Misconfigured);
        assert!(failure.detail.contains(field), "{failure}");
    }
}

#[tokio::test]
async fn a_question_that_cannot_be_made_names_the_field() {
    let mut stage = Stage::new([stored(&secret("http://127.0.0.1:1/", "t"))]);
    stage.settings = json!({"project": "unbuildable"});
    stage.prior_attempt = PriorAttempt::MaybeDelivered;
    let failure = permanent(stage.attempt().await, FailureKind::Misconfigured);
    assert_eq!(failure.detail, "`settings.project` makes no question");
}

#[tokio::test]
async fn a_destination_without_a_secret_has_an_empty_one() {
    let mut stage = Stage::new([]);
    stage.secret_name = None;
    let failure = permanent(stage.attempt().await, FailureKind::Misconfigured);
    assert!(
        failure.detail.starts_with("`secret.url`") || failure.detail.starts_with("`secret.token`"),
        "{failure}"
    );
    assert_eq!(stage.secrets.asked(), []);
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_somebodys_or_nobodys_fault() {
    for missing in [
        withheld("ResourceNotFoundException"),
        withheld("InvalidRequestException"),
        Answer::new(
            200,
            json!({"Name": "probe/1", "SecretBinary": "AAAA"}).to_string(),
        ),
    ] {
        let failure = permanent(
            Stage::new([missing]).attempt().await,
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
    let denied = Stage::new([withheld("AccessDeniedException")]);
    let failure = transient(denied.attempt().await, FailureKind::Internal);
    assert!(failure.detail.contains("may not read"), "{failure}");
    let out_of_order = [
        withheld("InternalServiceError"),
        withheld("ThrottlingException"),
        Answer::new(503, ""),
    ];
    for answer in out_of_order {
        transient(Stage::new([answer]).attempt().await, FailureKind::Internal);
    }
    // No answer at all.
    transient(Stage::new([]).attempt().await, FailureKind::Internal);
}
