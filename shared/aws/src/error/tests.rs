use std::io;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use tocsin_testing::aws::{Answer, Replay};

use super::*;

type GetItemSdkError = SdkError<GetItemError, aws_sdk_dynamodb::config::http::HttpResponse>;

/// A real SDK error: the client gets these answers, and the call fails.
async fn failed_call(answers: Vec<Answer>) -> GetItemSdkError {
    let client = Client::new(&Replay::of(answers).config());
    let sent = client
        .get_item()
        .table_name("ledger")
        .key(
            "alertId",
            aws_sdk_dynamodb::types::AttributeValue::S("a".to_owned()),
        )
        .send()
        .await;
    sent.unwrap_err()
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut chain = vec![error];
    while let Some(cause) = chain[chain.len() - 1].source() {
        chain.push(cause);
    }
    chain
}

#[tokio::test]
async fn a_refusal_prints_the_services_sentence_and_keeps_its_chain() {
    let answer = Answer::new(
        400,
        r#"{"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "no such table"}"#,
    );
    let error = AwsError::new("reading the ledger", failed_call(vec![answer]).await);
    assert_eq!(
        error.to_string(),
        "reading the ledger failed: ResourceNotFoundException: no such table"
    );
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
    let chain = chain(&error);
    assert!(chain[1].is::<GetItemSdkError>(), "{chain:?}");
    let service = chain[2].downcast_ref::<GetItemError>().unwrap();
    assert!(service.is_resource_not_found_exception(), "{chain:?}");
    // The same through the errors that wrap it, and through a clone.
    let wrapped = crate::LedgerError::from(error.clone());
    assert!(
        has_cause(&wrapped, GetItemError::is_resource_not_found_exception),
        "{wrapped:?}"
    );
    let stored = crate::StoreError::from(error.clone());
    assert!(
        has_cause(&stored, GetItemError::is_resource_not_found_exception),
        "{stored:?}"
    );
    let denied = crate::SecretError::Denied {
        name: "s".to_owned(),
        source: error,
    };
    assert!(
        has_cause(&denied, GetItemError::is_resource_not_found_exception),
        "{denied:?}"
    );
}

/// Whether the chain contains the service's error, as it was.
fn has_cause(error: &(dyn Error + 'static), is_expected: impl Fn(&GetItemError) -> bool) -> bool {
    chain(error)
        .iter()
        .filter_map(|cause| cause.downcast_ref())
        .any(is_expected)
}

#[tokio::test]
async fn a_broken_connection_keeps_the_cause_at_the_end_of_the_chain() {
    let error = AwsError::new("reading the ledger", failed_call(Vec::new()).await);
    assert_eq!(error.code(), None);
    assert!(
        error.to_string().contains("the connection broke"),
        "{error}"
    );
    let chain = chain(&error);
    assert!(chain[1].is::<GetItemSdkError>(), "{chain:?}");
    let last = chain.last().unwrap();
    assert_eq!(last.to_string(), "the connection broke", "{chain:?}");
}

#[test]
fn a_start_error_keeps_its_cause() {
    let error = StartError::setup("creating the HTTP client", io::Error::other("no roots"));
    assert_eq!(
        error.to_string(),
        "creating the HTTP client failed: no roots"
    );
    assert!(error.source().is_some_and(<dyn Error>::is::<io::Error>));
}
