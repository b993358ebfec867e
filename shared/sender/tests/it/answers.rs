//! What follows which answer.

use std::time::Duration;

use axum::http::Method;
use tocsin_core::delivery::PriorAttempt;
use tocsin_core::outcome::{FailureKind, Outcome};
use tocsin_testing::delivery;

use crate::server::{Reply, Server};
use crate::stage::{
    SHORT, Stage, answered, attempted, delivered, looked_up, permanent, plain, secret, stored,
    transient,
};

#[tokio::test]
async fn an_accepted_request_is_delivered_with_its_receipt() {
    let (outcome, arrived) = answered([plain(201, r#"{"id": "T-1"}"#)]).await;
    assert_eq!(delivered(outcome).id.as_deref(), Some("T-1"));
    let [request] = &arrived[..] else {
        panic!("{arrived:?}")
    };
    assert_eq!(request.method, Method::POST);
    assert_eq!(request.path, "/hook/PLANTED-PATH");
    assert_eq!(request.header("authorization"), "PLANTED-TOKEN");
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("delivery"), delivery().as_str());
    assert!(request.header("user-agent").starts_with("tocsin/"));
    assert!(
        request.body.contains(r#""form":"full""#),
        "{}",
        request.body
    );
}

#[tokio::test]
async fn what_is_refused_is_delivered_in_its_least_form_and_says_so() {
    let (outcome, arrived) =
        answered([plain(400, "too long"), plain(200, r#"{"id": "T-1"}"#)]).await;
    let receipt = delivered(outcome);
    assert_eq!(receipt.id.as_deref(), Some("T-1"));
    let remark = receipt.remark.unwrap();
    assert!(remark.contains("only title, severity and link"), "{remark}");
    assert!(remark.contains("too long"), "{remark}");
    let bodies: Vec<_> = arrived
        .iter()
        .map(|request| request.body.as_str())
        .collect();
    assert!(bodies[0].contains("full") && bodies[1].contains("minimal"));
    assert_eq!(bodies.len(), 2);
}

#[tokio::test]
async fn of_two_refusals_the_first_is_kept_and_says_that_there_were_two() {
    let (outcome, arrived) = answered([plain(422, "first"), plain(413, "second")]).await;
    let failure = permanent(outcome, FailureKind::Refused);
    assert_eq!(
        (failure.status, failure.detail.as_str()),
        (
            Some(422),
            "first (title, severity and link alone were refused, too)"
        )
    );
    assert_eq!(arrived.len(), 2);
}

#[tokio::test]
async fn a_second_try_that_fails_for_now_is_tried_again() {
    let (outcome, _) = answered([plain(400, "first"), plain(503, "second")]).await;
    assert_eq!(
        transient(outcome, FailureKind::Unavailable).detail,
        "second (after the whole message was refused)"
    );
}

#[tokio::test]
async fn nothing_but_a_refusal_is_tried_twice() {
    for status in [401, 403, 404, 408, 429, 500, 503] {
        let (outcome, arrived) = answered([plain(status, "no"), plain(200, "{}")]).await;
        assert!(outcome.failure().is_some(), "{status}");
        assert_eq!(arrived.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn how_long_to_wait_comes_along() {
    let throttled = Reply::WithHeader(429, "retry-after", "7", String::new());
    let (outcome, _) = answered([throttled]).await;
    let Outcome::Transient { retry_after, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307] {
        let moved = Reply::WithHeader(status, "location", "/elsewhere", String::new());
        let (outcome, arrived) = answered([moved, plain(200, "{}")]).await;
        permanent(outcome, FailureKind::Redirected);
        assert_eq!(arrived.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_redirect_that_the_provider_knows_is_followed_once() {
    let moved = || Reply::WithHeader(308, "location", "/elsewhere", String::new());
    let (outcome, arrived) = answered([moved(), plain(200, r#"{"id": "T-1"}"#)]).await;
    assert_eq!(delivered(outcome).id.as_deref(), Some("T-1"));
    assert_eq!(arrived[1].path, "/elsewhere");
    assert_eq!(arrived[1].body, arrived[0].body);

    let (outcome, arrived) = answered([moved(), moved(), plain(200, "{}")]).await;
    permanent(outcome, FailureKind::Redirected);
    assert_eq!(arrived.len(), 2);
}

#[tokio::test]
async fn what_an_earlier_attempt_created_is_found_and_not_created_again() {
    let (outcome, arrived) = looked_up([plain(200, r#"{"id": "T-0"}"#)]).await;
    let receipt = delivered(outcome);
    assert_eq!(receipt.id.as_deref(), Some("T-0"));
    let remark = receipt.remark.unwrap();
    assert!(
        remark.ends_with("an earlier attempt had arrived"),
        "{remark}"
    );
    let methods: Vec<_> = arrived.iter().map(|request| &request.method).collect();
    assert_eq!(methods, [Method::GET]);
}

#[tokio::test]
async fn what_no_earlier_attempt_created_is_created() {
    let replies = [plain(404, ""), plain(200, r#"{"id": "T-1"}"#)];
    let (outcome, arrived) = looked_up(replies).await;
    assert_eq!(delivered(outcome).id.as_deref(), Some("T-1"));
    let methods: Vec<_> = arrived.iter().map(|request| &request.method).collect();
    assert_eq!(methods, [Method::GET, Method::POST]);
}

#[tokio::test]
async fn who_may_not_look_creates_all_the_same_and_says_so() {
    let replies = [
        plain(400, "no such project"),
        plain(200, r#"{"id": "T-1"}"#),
    ];
    let (outcome, arrived) = looked_up(replies).await;
    let remark = delivered(outcome).remark.unwrap();
    assert!(remark.contains("the lookup failed: "), "{remark}");
    assert!(remark.contains("no such project"), "{remark}");
    assert_eq!(arrived.len(), 2);
    // A credential that is refused would not be accepted for creating, either.
    let (outcome, arrived) = looked_up([plain(401, "who are you")]).await;
    permanent(outcome, FailureKind::Unauthorized);
    assert_eq!(arrived.len(), 1);
}

#[tokio::test]
async fn without_an_answer_to_the_question_nothing_is_created() {
    let (outcome, arrived) = looked_up([plain(503, "busy")]).await;
    transient(outcome, FailureKind::Unavailable);
    assert_eq!(arrived.len(), 1);
    let (outcome, arrived) = attempted(PriorAttempt::MaybeDelivered, SHORT, [Reply::Silence]).await;
    transient(outcome, FailureKind::TimedOut);
    assert_eq!(arrived.len(), 1);
}

#[tokio::test]
async fn a_provider_that_deduplicates_by_itself_is_not_asked() {
    let server = Server::start([plain(200, "{}")]).await;
    let mut stage = Stage::new([stored(&secret(&server.url(), "t"))]);
    stage.prior_attempt = PriorAttempt::MaybeDelivered;
    stage.settings = serde_json::json!({"project": "native"});
    delivered(stage.attempt().await);
    assert_eq!(server.arrived()[0].method, Method::POST);
}
