//! Access tokens: how they are requested, kept, replaced, and what their failures mean.

use futures::future::join_all;
use serde_json::json;
use tocsin_core::delivery::PriorAttempt;
use tocsin_core::outcome::{Failure, FailureKind, Outcome};
use tocsin_sender::{AddressPolicy, Limits};
use tocsin_testing::aws::Answer;

use crate::fixture::{Fixture, delivered, plain, rejected, secret, stored, transient};
use crate::server::{Reply, Server};

/// A server, and a destination that needs an access token. Its secret is rotated through
/// these.
async fn with_secrets(
    replies: impl IntoIterator<Item = Reply>,
    secrets: &[&str],
) -> (Server, Fixture) {
    let server = Server::start(replies).await;
    let url = server.url();
    let answers = secrets.iter().map(|one| stored(&secret(&url, one)));
    (server, needs_token(answers))
}

fn needs_token(answers: impl IntoIterator<Item = Answer>) -> Fixture {
    let mut fixture = Fixture::new(answers);
    fixture.settings = json!({"project": "token"});
    fixture
}

async fn destination(replies: impl IntoIterator<Item = Reply>) -> (Server, Fixture) {
    with_secrets(replies, &["PLANTED-SECRET", "PLANTED-SECRET"]).await
}

fn token(text: &str, expires_in: u32) -> Reply {
    let body = json!({"access_token": text, "token_type": "Bearer", "expires_in": expires_in});
    plain(200, &body.to_string())
}

fn accepted() -> Reply {
    plain(200, "{}")
}

/// What arrived: `token` for a request of one, otherwise the authorization.
fn arrived(server: &Server) -> Vec<String> {
    let arrived = server.arrived();
    let shown = arrived.iter().map(|one| match one.path.as_str() {
        "/token" => "token",
        _ => one.header("authorization"),
    });
    shown.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_token_is_requested_once_for_many_attempts() {
    let (server, fixture) = destination([token("one", 3600), accepted(), accepted()]).await;
    delivered(fixture.attempt().await);
    delivered(fixture.attempt().await);
    assert_eq!(arrived(&server), ["token", "Bearer one", "Bearer one"]);
    let body = &server.arrived()[0].body;
    assert!(body.contains("client_secret=PLANTED-SECRET"), "{body}");
}

#[tokio::test]
async fn a_token_that_expires_at_once_is_used_once() {
    let replies = [token("one", 0), accepted(), token("two", 3600), accepted()];
    let (server, fixture) = destination(replies).await;
    delivered(fixture.attempt().await);
    delivered(fixture.attempt().await);
    assert_eq!(
        arrived(&server),
        ["token", "Bearer one", "token", "Bearer two"]
    );
}

#[tokio::test]
async fn deliveries_that_wait_for_a_token_share_one_request() {
    let replies = std::iter::once(token("one", 3600)).chain((0..5).map(|_| accepted()));
    let (server, fixture) = destination(replies).await;
    for outcome in join_all((0..5).map(|_| fixture.attempt())).await {
        delivered(outcome);
    }
    let requests = arrived(&server);
    assert_eq!(requests.iter().filter(|one| *one == "token").count(), 1);
    assert_eq!(requests.len(), 6);

    // A failure answers for all of them, too.
    let (server, fixture) = destination([plain(503, "")]).await;
    for outcome in join_all((0..5).map(|_| fixture.attempt())).await {
        transient(outcome, FailureKind::Unreachable);
    }
    assert_eq!(arrived(&server), ["token"]);
}

#[tokio::test]
async fn a_stored_token_that_is_refused_is_replaced_once() {
    let replies = [
        token("one", 3600),
        accepted(),
        plain(401, "expired"),
        token("two", 3600),
        accepted(),
    ];
    let (server, fixture) = destination(replies).await;
    delivered(fixture.attempt().await);
    delivered(fixture.attempt().await);
    assert_eq!(
        arrived(&server),
        ["token", "Bearer one", "Bearer one", "token", "Bearer two"]
    );
}

#[tokio::test]
async fn a_new_token_that_is_refused_holds_the_delivery_and_is_not_kept() {
    let replies = [
        token("one", 3600),
        plain(401, "not for this"),
        token("two", 3600),
        accepted(),
    ];
    let (server, fixture) = destination(replies).await;
    let failure = rejected(fixture.attempt().await, FailureKind::Unauthorized);
    assert_eq!(failure.detail, "not for this");
    assert_eq!(arrived(&server), ["token", "Bearer one"]);
    delivered(fixture.attempt().await);
}

#[tokio::test]
async fn other_refusals_replace_no_token() {
    let replies = [token("one", 3600), accepted(), plain(403, ""), accepted()];
    let (server, fixture) = destination(replies).await;
    delivered(fixture.attempt().await);
    rejected(fixture.attempt().await, FailureKind::Unauthorized);
    delivered(fixture.attempt().await);
    assert_eq!(
        arrived(&server)
            .iter()
            .filter(|one| *one == "token")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_lookup_and_a_minimal_message_carry_the_token() {
    let replies = [
        token("one", 3600),
        plain(404, ""),
        plain(400, ""),
        accepted(),
    ];
    let (server, mut fixture) = destination(replies).await;
    fixture.prior_attempt = PriorAttempt::MaybeDelivered;
    delivered(fixture.attempt().await);
    assert_eq!(
        arrived(&server),
        ["token", "Bearer one", "Bearer one", "Bearer one"]
    );
}

#[tokio::test]
async fn a_rotated_secret_gets_a_token_of_its_own() {
    let refused = plain(401, r#"{"error": "invalid_client"}"#);
    let (server, fixture) = with_secrets(
        [refused, token("two", 3600), accepted()],
        &["old-secret", "new-secret"],
    )
    .await;
    delivered(fixture.attempt().await);
    assert_eq!(arrived(&server), ["token", "token", "Bearer two"]);
    assert!(server.arrived()[1].body.contains("new-secret"));
}

fn assert_clean(failure: &Failure) {
    assert!(!failure.detail.contains("PLANTED"), "{failure}");
    assert!(failure.detail.starts_with("no access token"), "{failure}");
    assert!(!failure.kind.may_have_arrived(), "{failure}");
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_failure_says_why() {
    let said = r#"{"error": "invalid_client", "error_description": "no such PLANTED-SECRET"}"#;
    for status in [400, 401] {
        let (server, fixture) = destination([plain(status, said)]).await;
        let failure = rejected(fixture.attempt().await, FailureKind::Unauthorized);
        assert_clean(&failure);
        assert_eq!(failure.status, Some(status));
        assert_eq!(
            failure.detail,
            "no access token: invalid_client: no such [secret]"
        );
        assert_eq!(arrived(&server), ["token"]);
    }
    for (reply, kind) in [
        (
            plain(400, r#"{"error": "invalid_scope"}"#),
            FailureKind::Misconfigured,
        ),
        (Reply::Echo(404, 0), FailureKind::Misconfigured),
        (
            Reply::WithHeader(308, "location", "/hook/PLANTED-PATH", String::new()),
            FailureKind::Redirected,
        ),
    ] {
        let (_server, fixture) = destination([reply]).await;
        assert_clean(&rejected(fixture.attempt().await, kind));
    }
    for (reply, kind) in [
        (Reply::Echo(500, 0), FailureKind::Unreachable),
        (Reply::Echo(200, 0), FailureKind::Unreachable),
        (
            plain(200, r#"{"id_token": "PLANTED"}"#),
            FailureKind::Unreachable,
        ),
        (Reply::Echo(429, 0), FailureKind::Throttled),
    ] {
        let (_server, fixture) = destination([reply]).await;
        assert_clean(&transient(fixture.attempt().await, kind));
    }
}

#[tokio::test]
async fn the_retry_after_of_a_token_endpoint_is_part_of_the_outcome() {
    let throttled = Reply::WithHeader(429, "retry-after", "7", String::new());
    let (_server, fixture) = destination([throttled]).await;
    let outcome = fixture.attempt().await;
    let Outcome::Transient {
        retry_after: Some(wait),
        ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(wait.as_secs(), 7);
}

#[tokio::test]
async fn a_response_that_repeats_the_token_is_redacted() {
    let (_server, fixture) = destination([token("PLANTED-TOKEN", 3600), Reply::Echo(404, 0)]).await;
    let failure = rejected(fixture.attempt().await, FailureKind::Misconfigured);
    assert!(!failure.detail.contains("PLANTED"), "{failure}");
}

#[tokio::test]
async fn a_token_endpoint_at_a_forbidden_address_is_not_called() {
    let answers = [stored(&secret("https://169.254.169.254/PLANTED-PATH", "t"))];
    let mut fixture = Fixture::with(AddressPolicy::PublicHttps, Limits::default(), answers);
    fixture.settings = json!({"project": "token"});
    assert_clean(&rejected(fixture.attempt().await, FailureKind::Forbidden));
}
