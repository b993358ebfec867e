//! Guessing a secret with `applyDestinations`: no answer may tell whether a guess is
//! right, unless it costs the secret.

use serde_json::{Value, json};
use tocsin_api_types::{
    ApplyDestinations, ApplyReport, ChangeKind, ChangeName, ChangeResult, ErrorCode, SecretChange,
};
use tocsin_testing::aws::{Answer, Replay};

use crate::digest::{SecretDigest, canonical};
use crate::fixture::{api_with_aws, table};

const ID: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";
const RIGHT: &str = "PLANTED-RIGHT";
const WRONG: &str = "PLANTED-WRONG";

fn settings() -> Value {
    json!({
        "deployment": "dataCenter", "siteUrl": "https://jira.example.com:8443",
        "projectKey": "SEC", "issueType": "Task",
    })
}

/// The digest of the right secret.
fn digest() -> String {
    let secret = json!({"token": RIGHT});
    let digest = SecretDigest::of(&canonical(secret.as_object().unwrap()));
    digest.unwrap().into_text()
}

/// The table, with a destination whose secret has this digest.
fn stored(digest: &str) -> Answer {
    table(&[json!({
        "destinationId": ID, "displayName": "one", "type": "jira", "settings": settings(),
        "secretName": format!("tests/jira/{ID}/1"), "secretDigest": digest,
        "createdAt": "2026-01-01T00:00:00Z", "createdBy": "a",
        "updatedAt": "2026-01-01T00:00:00Z", "updatedBy": "a", "revision": 1,
    })])
}

fn described() -> Answer {
    Answer::new(200, json!({"Name": "x"}).to_string())
}

fn done() -> Answer {
    Answer::new(200, "{}")
}

/// The refusal of a transaction, because somebody changed the destination.
fn changed() -> Answer {
    let reasons = json!([{"Code": "ConditionalCheckFailed"}, {"Code": "None"}]);
    let error = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "cancelled", "CancellationReasons": reasons,
    });
    Answer::new(400, error.to_string())
}

fn request(token: &str, flags: &Value) -> ApplyDestinations {
    let mut request = json!({"destinations": [{
        "destination": {"displayName": "one", "type": "jira", "settings": settings()},
        "secret": {"token": token},
    }]});
    for (name, value) in flags.as_object().unwrap() {
        request[name] = value.clone();
    }
    serde_json::from_value(request).unwrap()
}

async fn apply(answers: Vec<Answer>, request: ApplyDestinations) -> (ApplyReport, Replay) {
    let (api, aws) = api_with_aws(answers).await;
    let report = api.apply_destinations(request).await.unwrap();
    (report, aws)
}

fn update(secret: SecretChange) -> ChangeKind {
    let fields = Vec::new();
    ChangeKind::Update { fields, secret }
}

#[tokio::test]
async fn a_dry_run_does_not_tell_whether_a_secret_is_right() {
    let digest = digest();
    let mut reports = Vec::new();
    for token in [RIGHT, WRONG] {
        let request = request(token, &json!({"dryRun": true}));
        let (report, aws) = apply(vec![stored(&digest)], request).await;
        assert_eq!(aws.asked().len(), 1, "only the table is read");
        assert_eq!(report.changes[0].kind, update(SecretChange::Replaced));
        assert_eq!(report.changes[0].secret_hosts, ["jira.example.com:8443"]);
        reports.push(report);
    }
    assert_eq!(reports[0], reports[1]);
    let json = serde_json::to_string(&reports).unwrap();
    assert!(
        !json.contains("PLANTED") && !json.contains("argon2"),
        "{json}"
    );
}

/// The plan would be an answer if a right secret made it another one.
#[tokio::test]
async fn a_refused_plan_does_not_tell_whether_a_secret_is_right() {
    let digest = digest();
    let expected = |change: ChangeName| {
        json!({"expected": [
            {"displayName": "one", "destinationId": ID, "revision": 1, "change": change},
        ]})
    };
    for token in [RIGHT, WRONG] {
        let (api, aws) = api_with_aws(vec![stored(&digest)]).await;
        let request = request(token, &expected(ChangeName::Unchanged));
        let error = api.apply_destinations(request).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Conflict);
        assert_eq!(aws.asked().len(), 1, "only the table is read");
    }
}

#[tokio::test]
async fn applying_the_stored_secret_again_changes_nothing() {
    let answers = vec![stored(&digest()), described(), done()];
    let (report, aws) = apply(answers, request(RIGHT, &json!({}))).await;
    assert_eq!(report.changes[0].kind, ChangeKind::Unchanged);
    assert_eq!(report.changes[0].result, ChangeResult::Nothing);
    let [_, _, check] = &aws.asked()[..] else {
        panic!("{:?}", aws.asked());
    };
    assert!(check.body.contains("ConditionCheck") && !check.body.contains("Put"));
}

#[tokio::test]
async fn applying_another_secret_replaces_it() {
    let digest = digest();
    // Read; created; the destination written; the earlier secret renewed.
    let answers = vec![stored(&digest), done(), done(), done()];
    let (report, aws) = apply(answers, request(WRONG, &json!({}))).await;
    assert_eq!(report.changes[0].kind, update(SecretChange::Replaced));
    assert_eq!(report.changes[0].result, ChangeResult::Done, "{report:?}");
    let asked = aws.asked();
    assert!(asked[1].body.contains(WRONG), "{asked:?}");
    assert!(asked[2].body.contains("$argon2id$") && !asked[2].body.contains(&digest));
}

/// Somebody who changes the destination all the time would otherwise learn it, and
/// replace nothing.
#[tokio::test]
async fn a_failed_change_does_not_tell_whether_a_secret_was_right() {
    let digest = digest();
    let right = vec![stored(&digest), described(), changed()];
    let (right, _) = apply(right, request(RIGHT, &json!({}))).await;
    // Read; created; refused; deleted again.
    let wrong = vec![stored(&digest), done(), changed(), done()];
    let (wrong, _) = apply(wrong, request(WRONG, &json!({}))).await;
    assert_eq!(right, wrong);
    assert!(
        matches!(&right.changes[0].result, ChangeResult::Failed(error) if error.code == ErrorCode::Conflict)
    );
}

#[tokio::test]
async fn a_digest_of_version_0_1_0_counts_as_unknown() {
    let hmac = "7a0b0b5c1f0e4b8e9f05a3ad4a9b0d11:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let answers = vec![stored(hmac), done(), done(), done()];
    let (report, aws) = apply(answers, request(RIGHT, &json!({}))).await;
    assert_eq!(report.changes[0].kind, update(SecretChange::Replaced));
    assert!(aws.asked()[2].body.contains("$argon2id$"));
}

#[tokio::test]
async fn a_deleted_secret_is_written_again() {
    let gone = json!({"__type": "ResourceNotFoundException", "Message": "gone"});
    let answers = vec![
        stored(&digest()),
        Answer::new(400, gone.to_string()),
        done(),
        done(),
        done(),
    ];
    let (report, _) = apply(answers, request(RIGHT, &json!({}))).await;
    assert_eq!(report.changes[0].kind, update(SecretChange::Replaced));
    assert_eq!(report.changes[0].result, ChangeResult::Done, "{report:?}");
}
