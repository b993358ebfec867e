//! The outcome of each kind of response.

use std::time::Duration;

use axum::http::Method;
use tocsin_core::delivery::{Detail, PriorAttempt};
use tocsin_core::outcome::{FailureKind, Outcome};
use tocsin_testing::delivery;

use crate::fixture::{
    Fixture, SHORT, answered, attempted, delivered, looked_up, plain, rejected, secret, stored,
    transient,
};
use crate::server::{Reply, Server};

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
async fn a_refused_alert_is_delivered_in_its_minimal_form_and_says_so() {
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
async fn after_two_refusals_the_failure_is_the_first_and_mentions_the_second() {
    let (outcome, arrived) = answered([plain(422, "first"), plain(413, "second")]).await;
    let failure = rejected(outcome, FailureKind::Refused);
    assert_eq!(
        (failure.status, failure.detail.as_str()),
        (
            Some(422),
            "first (title, severity and link alone were refused, too: second)"
        )
    );
    assert_eq!(arrived.len(), 2);
}

#[tokio::test]
async fn a_minimal_form_that_fails_for_now_is_retried() {
    let (outcome, _) = answered([plain(400, "first"), plain(503, "second")]).await;
    assert_eq!(
        transient(outcome, FailureKind::Unavailable).detail,
        "second (after the whole message was refused)"
    );
}

#[tokio::test]
async fn a_minimal_form_that_was_asked_for_is_the_only_one() {
    for (status, is_delivered) in [(200, true), (400, false)] {
        let server = Server::start([plain(status, r#"{"id": "T-1"}"#)]).await;
        let mut fixture = Fixture::new([stored(&secret(&server.url(), "t"))]);
        fixture.detail = Detail::Minimal;
        let outcome = fixture.attempt().await;
        assert!(server.arrived()[0].body.contains("minimal"));
        assert_eq!(server.arrived().len(), 1);
        if is_delivered {
            let remark = delivered(outcome).remark.unwrap();
            assert!(remark.contains("only title, severity and link"), "{remark}");
        } else {
            rejected(outcome, FailureKind::Refused);
        }
    }
}

#[tokio::test]
async fn only_a_refusal_leads_to_a_minimal_form() {
    for status in [401, 403, 404, 408, 429, 500, 503] {
        let (outcome, arrived) = answered([plain(status, "no"), plain(200, "{}")]).await;
        assert!(outcome.failure().is_some(), "{status}");
        assert_eq!(arrived.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn the_retry_after_is_part_of_the_outcome() {
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
        rejected(outcome, FailureKind::Redirected);
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
    rejected(outcome, FailureKind::Redirected);
    assert_eq!(arrived.len(), 2);
}

#[tokio::test]
async fn a_message_of_an_earlier_attempt_is_found_and_not_sent_again() {
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
async fn a_message_that_no_earlier_attempt_sent_is_sent() {
    let replies = [plain(404, ""), plain(200, r#"{"id": "T-1"}"#)];
    let (outcome, arrived) = looked_up(replies).await;
    assert_eq!(delivered(outcome).id.as_deref(), Some("T-1"));
    let methods: Vec<_> = arrived.iter().map(|request| &request.method).collect();
    assert_eq!(methods, [Method::GET, Method::POST]);
}

#[tokio::test]
async fn without_permission_to_look_the_message_is_sent_and_the_receipt_says_so() {
    for status in [400, 403] {
        let replies = [plain(status, "not this"), plain(200, r#"{"id": "T-1"}"#)];
        let (outcome, arrived) = looked_up(replies).await;
        let remark = delivered(outcome).remark.unwrap();
        assert!(remark.contains("the lookup failed: "), "{remark}");
        assert!(remark.contains("not this"), "{remark}");
        assert_eq!(arrived.len(), 2, "{status}");
    }
    // A credential that is refused for the lookup would be refused for sending, too.
    let (outcome, arrived) = looked_up([plain(401, "who are you")]).await;
    rejected(outcome, FailureKind::Unauthorized);
    assert_eq!(arrived.len(), 1);
}

#[tokio::test]
async fn without_a_response_to_the_lookup_nothing_is_sent() {
    let (outcome, arrived) = looked_up([plain(503, "busy")]).await;
    transient(outcome, FailureKind::Unavailable);
    assert_eq!(arrived.len(), 1);
    let (outcome, arrived) = attempted(PriorAttempt::MaybeDelivered, SHORT, [Reply::Silence]).await;
    transient(outcome, FailureKind::TimedOut);
    assert_eq!(arrived.len(), 1);
}

#[tokio::test]
async fn a_provider_that_deduplicates_by_itself_is_not_searched() {
    let server = Server::start([plain(200, "{}")]).await;
    let mut fixture = Fixture::new([stored(&secret(&server.url(), "t"))]);
    fixture.prior_attempt = PriorAttempt::MaybeDelivered;
    fixture.settings = serde_json::json!({"project": "native"});
    delivered(fixture.attempt().await);
    assert_eq!(server.arrived()[0].method, Method::POST);
}
