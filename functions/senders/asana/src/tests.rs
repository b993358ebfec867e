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
    let secret = r#"{"accessToken": "PLANTED"}"#.to_owned();
    Secrets::new(secret).read().unwrap()
}

fn plain() -> Settings {
    settings(&json!({"projects": ["1204567890123456"]}))
}

fn rich() -> Settings {
    settings(&json!({
        "projects": ["1204567890123456", "1204567890123457"], "workspace": "1200000000000001",
        "assignee": "me", "followers": ["soc@example.com"], "tags": ["1204567890123999"],
        "customFields": {"1204567890120001": "1204567890120002", "1204567890120003": 4},
    }))
}

fn with_context<T>(
    alert: &Alert,
    detail: Detail,
    settings: &Settings,
    then: impl FnOnce(&RequestContext<'_, Asana>) -> T,
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
    let asana = Asana::default();
    asana.check(settings, &secret()).unwrap();
    with_context(alert, detail, settings, |context| {
        asana.request(context).unwrap()
    })
}

fn task(request: &Request) -> Value {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    body["data"].clone()
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
fn what_asana_gets() {
    for (name, alert) in samples() {
        let task = task(&request_of(&alert, Detail::Full, &plain()));
        let shown = format!(
            "{}\n\n{}",
            task["name"].as_str().unwrap(),
            task["html_notes"].as_str().unwrap()
        );
        let shown: String = shown.chars().take(9_000).collect();
        insta::assert_snapshot!(name, shown);
    }
}

/// Retries go on for up to 168 hours, and only the first attempt may have created
/// the task.
#[test]
fn a_lookup_goes_back_to_before_the_first_attempt() {
    let list = with_context(&full(), Detail::Full, &plain(), |context| {
        Asana::default().lookup(&RequestContext {
            began_at: "2020-10-08T03:35:30Z".parse().unwrap(),
            ..*context
        })
    });
    let list = list.unwrap().unwrap();
    let mut query = list.address.expose().query_pairs();
    let (_, since) = query.find(|(name, _)| name == "modified_since").unwrap();
    assert_eq!(since, "2020-10-08T03:25:30Z");
}

#[test]
fn whole_requests() {
    let alert = full();
    let whole = request_of(&alert, Detail::Full, &rich());
    insta::assert_snapshot!("whole_full", whole.to_string());
    let minimal = request_of(&alert, Detail::Minimal, &rich());
    insta::assert_snapshot!("whole_minimal", minimal.to_string());
    let list = with_context(&alert, Detail::Full, &rich(), |context| {
        Asana::default().lookup(context).unwrap().unwrap()
    });
    insta::assert_snapshot!("whole_list", list.to_string());
}

#[test]
fn a_stand_in_takes_the_place_of_asana() {
    let asana = Asana {
        base_url: Url::parse("http://127.0.0.1:4010/asana").ok(),
    };
    let (create, list) = with_context(&full(), Detail::Full, &plain(), |context| {
        (
            asana.request(context).unwrap(),
            asana.lookup(context).unwrap().unwrap(),
        )
    });
    for request in [create, list] {
        let url = request.address.to_string();
        assert!(
            url.starts_with("http://127.0.0.1:4010/asana/api/1.0/tasks?"),
            "{url}"
        );
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
