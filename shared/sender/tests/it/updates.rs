//! Alerts that are added to what an earlier one created, and messages that a provider
//! accepts before it processes them.

use axum::http::Method;
use tocsin_core::outcome::{FailureKind, Outcome};

use crate::fixture::{Fixture, delivered, plain, rejected, secret, stored, transient};
use crate::server::{Arrived, Reply, Server};

const MADE: &str = r#"{"id": "T-1"}"#;

/// One attempt in this project at a server with these replies.
async fn attempt(
    project: &str,
    replies: impl IntoIterator<Item = Reply>,
) -> (Outcome, Vec<Arrived>) {
    let server = Server::start(replies).await;
    let mut fixture = Fixture::new([stored(&secret(&server.url(), "PLANTED-TOKEN"))]);
    fixture.settings = serde_json::json!({"project": project});
    (fixture.attempt().await, server.arrived())
}

fn methods(arrived: &[Arrived]) -> Vec<&Method> {
    arrived.iter().map(|request| &request.method).collect()
}

#[tokio::test]
async fn an_update_is_looked_up_at_once_and_added() {
    let (outcome, arrived) = attempt("joins", [plain(404, "earlier"), plain(200, MADE)]).await;
    let receipt = delivered(outcome);
    assert_eq!(receipt.id.as_deref(), Some("T-1"));
    assert!(receipt.remark.unwrap().contains("an earlier alert"));
    assert_eq!(methods(&arrived), [Method::GET, Method::PUT]);
    assert!(arrived[1].body.contains("full"));
}

#[tokio::test]
async fn without_anything_to_add_it_to_an_update_is_created() {
    let (outcome, arrived) = attempt("joins", [plain(404, ""), plain(200, MADE)]).await;
    delivered(outcome);
    assert_eq!(methods(&arrived), [Method::GET, Method::POST]);
}

#[tokio::test]
async fn an_update_that_is_refused_is_created_and_says_so() {
    for status in [400, 403, 404] {
        let replies = [
            plain(404, "earlier"),
            plain(status, "closed PLANTED-TOKEN"),
            plain(200, MADE),
        ];
        let (outcome, arrived) = attempt("joins", replies).await;
        let remark = delivered(outcome).remark.unwrap();
        assert!(remark.contains("not possible to add it"), "{remark}");
        assert!(remark.contains("closed") && !remark.contains("PLANTED"));
        assert_eq!(methods(&arrived), [Method::GET, Method::PUT, Method::POST]);
    }
    for (status, kind) in [(401, None), (503, Some(FailureKind::Unavailable))] {
        let (outcome, arrived) = attempt("joins", [plain(404, "earlier"), plain(status, "")]).await;
        match kind {
            Some(kind) => drop(transient(outcome, kind)),
            None => drop(rejected(outcome, FailureKind::Unauthorized)),
        }
        assert_eq!(arrived.len(), 2);
    }
}

#[tokio::test]
async fn an_accepted_message_is_asked_for_once() {
    let (outcome, arrived) = attempt("confirms", [plain(202, MADE), plain(200, "")]).await;
    let receipt = delivered(outcome);
    assert_eq!(receipt.id.as_deref(), Some("T-1"));
    assert!(receipt.remark.unwrap().ends_with("200"));
    assert_eq!(methods(&arrived), [Method::POST, Method::GET]);
}

#[tokio::test]
async fn a_message_that_was_accepted_and_not_processed_is_refused() {
    let failed = || plain(422, "no such team PLANTED-TOKEN");
    let replies = [plain(202, MADE), failed(), plain(202, MADE), failed()];
    let (outcome, arrived) = attempt("confirms", replies).await;
    let failure = rejected(outcome, FailureKind::Refused);
    assert!(failure.detail.starts_with("no such team "), "{failure}");
    assert!(!failure.detail.contains("PLANTED"), "{failure}");
    assert_eq!(arrived.len(), 4);
    assert!(arrived[2].body.contains("minimal"));
}

#[tokio::test]
async fn without_a_result_in_time_a_message_stays_delivered() {
    for reply in [plain(404, ""), plain(500, ""), Reply::Silence] {
        let (outcome, arrived) = attempt("confirms", [plain(202, MADE), reply]).await;
        assert_eq!(delivered(outcome).id.as_deref(), Some("T-1"));
        assert_eq!(arrived.len(), 2);
    }
}
