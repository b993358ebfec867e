mod answers;
mod limits;
mod settings;

use serde_json::{Value, json};
use tocsin_core::alert::Alert;
use tocsin_core::provider::{Detail, Secrets, read_settings};
use tocsin_testing::{delivery, full, full_json, samples};

use super::*;

fn settings(json: &Value) -> Settings {
    read_settings(json.as_object().unwrap()).unwrap()
}

fn secret() -> Secret {
    Secrets::new(r#"{"token": "PLANTED"}"#.to_owned())
        .read()
        .unwrap()
}

fn plain() -> Settings {
    settings(&json!({"repository": "octo-org/alerts"}))
}

fn labelled() -> Settings {
    settings(&json!({
        "apiUrl": "https://github.example.com/api/v3",
        "repository": "octo-org/alerts",
        "labels": ["alert", "severity:high"],
        "assignees": ["octocat"],
    }))
}

fn with_context<T>(
    alert: &Alert,
    detail: Detail,
    settings: &Settings,
    then: impl FnOnce(&RequestContext<'_, GitHub>) -> T,
) -> T {
    let delivery = delivery();
    then(&RequestContext {
        alert,
        severity: alert.severity,
        delivery: &delivery,
        detail,
        began_at: "2020-10-13T03:35:24Z".parse().unwrap(),
        now: "2020-10-13T03:35:30Z".parse().unwrap(),
        settings,
        secret: &secret(),
    })
}

fn request_of(alert: &Alert, detail: Detail, settings: &Settings) -> Request {
    let github = GitHub::default();
    github.check(settings, &secret()).unwrap();
    with_context(alert, detail, settings, |context| {
        github.request(context).unwrap()
    })
}

fn sent(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    Response {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.as_bytes().to_vec(),
        received_at: "2015-10-21T07:28:00Z".parse().unwrap(),
    }
}

#[test]
fn what_github_gets() {
    for (name, alert) in samples() {
        let issue = sent(&request_of(&alert, Detail::Full, &plain()));
        let shown = format!(
            "{}\n\n{}",
            issue["title"].as_str().unwrap(),
            issue["body"].as_str().unwrap()
        );
        let shown: String = shown.chars().take(9_000).collect();
        insta::assert_snapshot!(name, shown);
    }
}

#[test]
fn whole_requests() {
    let alert = full();
    let full = request_of(&alert, Detail::Full, &labelled());
    insta::assert_snapshot!("whole_enterprise", full.to_string());
    let minimal = request_of(&alert, Detail::Minimal, &labelled());
    insta::assert_snapshot!("whole_minimal", minimal.to_string());
    let list = with_context(&alert, Detail::Full, &plain(), |context| {
        GitHub::default().lookup(context)
    });
    insta::assert_snapshot!("whole_list", list.unwrap().unwrap().to_string());
}

/// Retries go on for up to 168 hours, and only the first attempt may have created
/// the issue.
#[test]
fn a_lookup_goes_back_to_before_the_first_attempt() {
    let alert = full();
    for (began_at, since) in [
        ("2020-10-13T03:35:24.5Z", "2020-10-13T03:25:24Z"),
        // Five days before the present attempt.
        ("2020-10-08T03:35:30Z", "2020-10-08T03:25:30Z"),
    ] {
        let list = with_context(&alert, Detail::Full, &plain(), |context| {
            let began_at = began_at.parse().unwrap();
            GitHub::default().lookup(&RequestContext {
                began_at,
                ..*context
            })
        });
        let list = list.unwrap().unwrap();
        let (_, asked) = list.address.expose().query_pairs().nth(1).unwrap();
        assert_eq!(asked, since);
    }
}

#[test]
fn the_token_is_never_shown() {
    let request = request_of(&full(), Detail::Full, &plain());
    let shown = format!("{request:?} {request} {:?}", secret());
    assert!(!shown.contains("PLANTED"), "{shown}");
    let (_, header) = request.headers.last().unwrap();
    assert_eq!(header.expose(), "Bearer PLANTED");
}
