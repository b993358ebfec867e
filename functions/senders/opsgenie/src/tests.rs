use proptest::prelude::*;
use serde_json::{Value, json};
use tocsin_core::alert::{Alert, Severity};
use tocsin_core::provider::{Detail, Secrets, read_settings};
use tocsin_core::text::{Unit, sanitize};
use tocsin_testing::{HOSTILE, alert, any_alert, delivery, full, full_json, samples};

use super::*;

mod answers;

const PLANTED: &str = "PLANTED0-1111-2222-3333-PLANTED";

fn settings(json: &Value) -> Settings {
    read_settings(json.as_object().unwrap()).unwrap()
}

fn secret(json: &Value) -> Secret {
    Secrets::new(json.to_string()).read().unwrap()
}

fn planted() -> Secret {
    secret(&json!({"apiKey": PLANTED}))
}

fn with_context<T>(
    alert: &Alert,
    detail: Detail,
    settings: &Settings,
    run: impl FnOnce(&RequestContext<'_, OpsGenie>) -> T,
) -> T {
    run(&RequestContext {
        alert,
        severity: alert.severity,
        delivery: &delivery(),
        detail,
        began_at: "2020-10-13T03:35:24Z".parse().unwrap(),
        now: "2020-10-13T03:35:30Z".parse().unwrap(),
        settings,
        secret: &planted(),
    })
}

fn request_of(alert: &Alert, detail: Detail, settings: &Settings) -> Request {
    let provider = OpsGenie::default();
    provider.check(settings, &planted()).unwrap();
    with_context(alert, detail, settings, |context| {
        provider.request(context).unwrap()
    })
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[test]
fn what_opsgenie_gets() {
    for (name, alert) in samples() {
        let request = request_of(&alert, Detail::Full, &Settings::default());
        insta::assert_snapshot!(name, request.to_string());
    }
}

#[test]
fn the_minimal_form_has_title_severity_link_and_responders_only() {
    let settings = settings(&json!({
        "region": "jsm",
        "responders": [{"type": "team", "id": "4513b7ea"}, {"type": "user", "username": "a@example.com"}],
        "priorities": {"HIGH": "P1"},
    }));
    let request = request_of(&full(), Detail::Minimal, &settings);
    insta::assert_snapshot!("minimal_jsm", request.to_string());
}

#[test]
fn regions_have_their_addresses_and_a_local_stack_takes_their_place() {
    for (region, address, local) in [
        (
            "us",
            "https://api.opsgenie.com/v2/alerts",
            "http://127.0.0.1:4000/v2/alerts",
        ),
        (
            "eu",
            "https://api.eu.opsgenie.com/v2/alerts",
            "http://127.0.0.1:4000/v2/alerts",
        ),
        (
            "jsm",
            "https://api.atlassian.com/jsm/ops/integration/v2/alerts",
            "http://127.0.0.1:4000/jsm/ops/integration/v2/alerts",
        ),
    ] {
        let settings = settings(&json!({"region": region}));
        let request = request_of(&full(), Detail::Full, &settings);
        assert_eq!(request.address.to_string(), address);
        let provider = OpsGenie {
            base_url: Some("http://127.0.0.1:4000".parse().unwrap()),
        };
        let request = with_context(&full(), Detail::Full, &settings, |context| {
            provider.request(context).unwrap()
        });
        assert_eq!(request.address.to_string(), local);
    }
}

#[test]
fn no_secret_is_ever_shown() {
    let request = request_of(&full(), Detail::Full, &Settings::default());
    let key = request
        .headers
        .iter()
        .find(|(name, _)| name == "authorization")
        .unwrap();
    assert_eq!(key.1.expose(), format!("GenieKey {PLANTED}"));
    assert!(!format!("{request} {request:?} {:?}", planted()).contains("PLANTED"));
    let wrong = secret(&json!({"apiKey": "PLANTED key with spaces"}));
    let error = OpsGenie::default()
        .check(&Settings::default(), &wrong)
        .unwrap_err();
    assert!(!error.to_string().contains("PLANTED"));
}

#[test]
fn unusable_destinations_are_refused_with_the_field() {
    let good = json!({"apiKey": PLANTED});
    let first = "settings.responders[0]";
    let table = [
        (json!({}), json!({"apiKey": ""}), "secret.apiKey"),
        (
            json!({}),
            json!({"apiKey": "a key with spaces"}),
            "secret.apiKey",
        ),
        (
            json!({}),
            json!({"apiKey": "0123456789012345\r\n"}),
            "secret.apiKey",
        ),
        (
            json!({"responders": [{"type": "team"}]}),
            good.clone(),
            first,
        ),
        (
            json!({"responders": [{"type": "team", "id": "1", "name": "n"}]}),
            good.clone(),
            first,
        ),
        (
            json!({"responders": [{"type": "team", "username": "a@b"}]}),
            good.clone(),
            first,
        ),
        (
            json!({"responders": [{"type": "user", "name": "n"}]}),
            good.clone(),
            first,
        ),
        (
            json!({"responders": [{"type": "schedule", "name": " "}]}),
            good.clone(),
            first,
        ),
        (
            json!({"responders": vec![json!({"type": "team", "id": "1"}); 51]}),
            good,
            "settings.responders",
        ),
    ];
    for (given, hidden, field) in table {
        let error = OpsGenie::default()
            .check(&settings(&given), &secret(&hidden))
            .unwrap_err();
        assert_eq!(error.field, field, "{given}");
    }
    for unknown in [
        json!({"region": "ap"}),
        json!({"priorities": {"HIGH": "P6"}}),
        json!({"priorities": {"URGENT": "P1"}}),
        json!({"responders": [{"type": "group", "id": "1"}]}),
        json!({"responders": [{"type": "team", "teamName": "1"}]}),
        json!({"apiUrl": "x"}),
    ] {
        assert!(
            read_settings::<Settings>(unknown.as_object().unwrap()).is_err(),
            "{unknown}"
        );
    }
}

/// The elements that the description is written with. What is left after they
/// are gone must hold no character that HTML gives a meaning.
fn without_own_elements(html: &str) -> String {
    let mut rest = html.to_owned();
    while let Some(start) = rest.find("<a href=\"http") {
        let end = start + rest[start..].find("\">").unwrap() + 2;
        let href = &rest[start + 9..end - 2];
        assert!(!href.contains(['<', '>', '"', '\'', ' ']), "{href}");
        rest.replace_range(start..end, "");
    }
    for own in [
        "</a>", "<br>", "<b>", "</b>", "<pre>", "</pre>", "&amp;", "&lt;", "&gt;", "&quot;",
        "&#39;",
    ] {
        rest = rest.replace(own, "");
    }
    rest
}

fn check_alert(body: &Value) {
    let length = |value: &Value| Unit::Characters.length(value.as_str().unwrap());
    assert!((1..=130).contains(&length(&body["message"])));
    assert!((1..=512).contains(&length(&body["alias"])));
    assert!(length(&body["description"]) <= 15_000);
    assert!(!body["message"].as_str().unwrap().contains(['<', '>', '\n']));
    let left = without_own_elements(body["description"].as_str().unwrap());
    assert!(!left.contains(['<', '>', '&', '"', '\'']), "{left}");
    let text = body.to_string();
    assert_eq!(sanitize(&text), text.as_str(), "nothing hides or reorders");
    if let Some(tags) = body.get("tags") {
        assert!(tags.as_array().unwrap().len() <= 20);
        assert!(
            tags.as_array()
                .unwrap()
                .iter()
                .all(|tag| (1..=50).contains(&length(tag)))
        );
    }
    if let Some(details) = body.get("details") {
        let total: usize = details
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| Unit::Characters.length(key) + length(value))
            .sum();
        assert!(total <= 8_000, "{total}");
        assert!(!details["alertId"].as_str().unwrap().contains(['<', '>']));
    }
}

#[test]
fn the_largest_of_everything_fits() {
    let mut json = full_json();
    for field in [
        "title",
        "name",
        "description",
        "runbook",
        "reference",
        "alertId",
    ] {
        json[field] = json!("'".repeat(40_000));
    }
    json["alertId"] = json!("&".repeat(512));
    json["id"] = json!("\"".repeat(2_000));
    json["link"] = json!(format!("https://siem.example.com/?{}", "&".repeat(1_900)));
    json["logTypes"] = json!(vec!["<".repeat(200); 100]);
    for (detail, link) in [
        (Detail::Full, "among the details"),
        (Detail::Minimal, "<a href="),
    ] {
        let body = body(&request_of(&alert(&json), detail, &Settings::default()));
        check_alert(&body);
        assert!(body["description"].as_str().unwrap().contains(link));
    }
}

#[test]
fn hostile_texts_stay_texts_wherever_they_stand() {
    for text in HOSTILE {
        let mut json = full_json();
        for field in [
            "id",
            "title",
            "name",
            "description",
            "runbook",
            "reference",
            "alertId",
        ] {
            json[field] = json!(text);
        }
        json["tags"] = json!([text, text]);
        json["alertContext"] = json!({text: text, "alertId": text});
        let request = request_of(&alert(&json), Detail::Full, &Settings::default());
        check_alert(&body(&request));
    }
}

proptest! {
    #[test]
    fn whatever_the_alert_it_fits_and_forges_nothing(alert in any_alert(), severity in 0usize..5) {
        let mut alert = alert;
        alert.severity = Severity::ALL[severity];
        for detail in [Detail::Full, Detail::Minimal] {
            check_alert(&body(&request_of(&alert, detail, &Settings::default())));
        }
    }
}
