use proptest::prelude::*;
use serde_json::{Value, json};
use tocsin_core::alert::{Alert, Severity};
use tocsin_core::provider::{Detail, Secrets, read_settings};
use tocsin_core::text::{Unit, sanitize};
use tocsin_testing::{HOSTILE, alert, any_alert, delivery, full, full_json, samples};

use super::*;

mod answers;
mod configuration;

const PLANTED: &str = "PLANTEDpassword";

fn settings(json: &Value) -> Settings {
    read_settings(json.as_object().unwrap()).unwrap()
}

fn incidents() -> Settings {
    settings(&json!({"instance": "https://acme.service-now.com"}))
}

fn events() -> Settings {
    settings(&json!({"mode": "event", "instance": "https://acme.service-now.com"}))
}

fn secret(json: &Value) -> Secret {
    Secrets::new(json.to_string()).read().unwrap()
}

fn planted() -> Secret {
    secret(&json!({"username": "tocsin", "password": PLANTED}))
}

fn with_context<T>(
    alert: &Alert,
    detail: Detail,
    settings: &Settings,
    run: impl FnOnce(&RequestContext<'_, ServiceNow>) -> T,
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
    let provider = ServiceNow::default();
    provider.check(settings, &planted()).unwrap();
    with_context(alert, detail, settings, |context| {
        provider.request(context).unwrap()
    })
}

fn lookup_of(alert: &Alert, settings: &Settings) -> Option<Request> {
    with_context(alert, Detail::Full, settings, |context| {
        ServiceNow::default().lookup(context).unwrap()
    })
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[test]
fn incidents_that_servicenow_gets() {
    for (name, alert) in samples() {
        let request = request_of(&alert, Detail::Full, &incidents());
        insta::assert_snapshot!(format!("incident_{name}"), request.to_string());
    }
}

#[test]
fn events_that_servicenow_gets() {
    for (name, alert) in samples() {
        let request = request_of(&alert, Detail::Full, &events());
        insta::assert_snapshot!(format!("event_{name}"), request.to_string());
    }
}

#[test]
fn minimal_forms_keep_what_a_policy_may_insist_on() {
    let configured = settings(&json!({
        "instance": "https://gsa.servicenowservices.com",
        "assignmentGroup": "287ebd7da9fe198100f92cc8d1d2154e",
        "callerId": "6816f79cc0a8016401c5a33be04be441",
        "category": "security",
        "contactType": "monitoring",
        "fields": {"u_team": "SecOps", "cmdb_ci": "27d32778c0a8000b00db970eeaa60f16"},
    }));
    let request = request_of(&full(), Detail::Minimal, &configured);
    insta::assert_snapshot!("incident_minimal", request.to_string());
    let configured = settings(&json!({
        "mode": "event", "instanceUrl": "https://support.example.com",
        "source": "SIEM", "node": "web-1.example.com",
    }));
    let request = request_of(&full(), Detail::Minimal, &configured);
    insta::assert_snapshot!("event_minimal", request.to_string());
}

#[test]
fn only_incidents_are_looked_up() {
    let request = lookup_of(&full(), &incidents()).unwrap();
    insta::assert_snapshot!("incident_lookup", request.to_string());
    assert!(lookup_of(&full(), &events()).is_none());
}

/// Alert ids that ServiceNow would run, and that have no other unusual character.
const SCRIPTS: [&str; 2] = ["javascript:gs.now", "JAVASCRIPT:current.sys_id"];

/// What stands in queries, and in links that hold queries.
fn check_id(id: &str) {
    assert!(!id.to_lowercase().contains("javascript:"), "{id}");
    assert!((1..=100).contains(&id.len()), "{id}");
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    assert!(id.chars().all(plain), "{id}");
}

#[test]
fn no_alert_id_is_a_script() {
    for text in SCRIPTS {
        let mut json = full_json();
        json["alertId"] = json!(text);
        let alert = alert(&json);
        check_incident(&body(&request_of(&alert, Detail::Full, &incidents())));
        check_event(&body(&request_of(&alert, Detail::Full, &events())));
        let taken =
            tocsin_testing::answer(200, &[], r#"{"result":{"x":"1 events were inserted"}}"#);
        let outcome = with_context(&alert, Detail::Full, &events(), |context| {
            ServiceNow::default().outcome(context, &taken)
        });
        let Outcome::Delivered(receipt) = outcome else {
            panic!("{outcome:?}")
        };
        check_id(&receipt.id.unwrap());
        let page = receipt.url.unwrap().to_lowercase();
        assert!(!page.contains("javascript"), "{page}");
    }
}

#[test]
fn no_alert_adds_a_condition_to_the_query() {
    for text in HOSTILE.into_iter().chain(SCRIPTS) {
        let mut json = full_json();
        json["alertId"] = json!(text);
        let request = lookup_of(&alert(&json), &incidents()).unwrap();
        let url = request.address.expose().clone();
        let (_, query) = url
            .query_pairs()
            .find(|(name, _)| name == "sysparm_query")
            .unwrap();
        assert_eq!(query.matches('^').count(), 1, "{query}");
        let id = query
            .strip_prefix("correlation_id=")
            .unwrap()
            .split('^')
            .next()
            .unwrap();
        check_id(id);
    }
}

#[test]
fn a_local_stack_takes_every_instances_place() {
    let local = ServiceNow {
        base_url: Some("http://127.0.0.1:4000/servicenow/".parse().unwrap()),
    };
    let at_local = settings(&json!({"instance": "http://127.0.0.1:4000"}));
    for settings in [incidents(), at_local] {
        local.check(&settings, &planted()).unwrap();
        let (request, outcome) = with_context(&full(), Detail::Full, &settings, |context| {
            let made =
                tocsin_testing::answer(201, &[], r#"{"result":{"sys_id":"a1","number":"INC1"}}"#);
            (
                local.request(context).unwrap(),
                local.outcome(context, &made),
            )
        });
        let address = request.address.to_string();
        assert!(address.starts_with("http://127.0.0.1:4000/servicenow/api/now/table/incident?"));
        let Outcome::Delivered(receipt) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(
            receipt
                .url
                .unwrap()
                .starts_with("http://127.0.0.1:4000/servicenow/nav_to.do?")
        );
    }
}

/// What no alert may do, in either mode.
fn check_text(text: &str) {
    let lower = text.to_lowercase();
    assert!(
        !lower.contains("[code]") && !lower.contains("[/code]"),
        "{text}"
    );
    assert_eq!(sanitize(text), text, "nothing hides or reorders");
}

/// Every line that is not indented must be one of ours.
fn check_lines(description: &str) {
    const OURS: [&str; 11] = [
        "Alert: ",
        "Severity: ",
        "Type: ",
        "Detection: ",
        "Created: ",
        "Alert id: ",
        "Log types: ",
        "Tags: ",
        "Description",
        "Runbook",
        "Reference",
    ];
    let mut seen = Vec::new();
    for line in description.lines() {
        // A cut may fall into the indentation; its mark is ours.
        if line.is_empty() || line.starts_with("  ") || line.trim_start().starts_with("… (") {
            continue;
        }
        let ours = OURS.iter().find(|ours| line.starts_with(**ours));
        let ours = ours.unwrap_or_else(|| panic!("{line}"));
        assert!(!seen.contains(&ours), "{line}");
        seen.push(ours);
    }
}

fn check_incident(incident: &Value) {
    check_lines(incident["description"].as_str().unwrap());
    let length =
        |field: &str| Unit::Characters.length(incident[field].as_str().unwrap_or_default());
    assert!((1..=160).contains(&length("short_description")));
    assert!(length("description") <= 4_000 && length("work_notes") <= 4_000);
    assert!((1..=100).contains(&length("correlation_id")));
    assert!((1..=100).contains(&length("correlation_display")));
    assert!(
        incident["short_description"]
            .as_str()
            .unwrap()
            .starts_with('[')
    );
    for (column, value) in incident.as_object().unwrap() {
        assert!(
            [
                "short_description",
                "description",
                "impact",
                "urgency",
                "correlation_id",
                "correlation_display",
                "work_notes",
            ]
            .contains(&column.as_str()),
            "{column}"
        );
        check_text(value.as_str().unwrap());
        let lower = value.as_str().unwrap().to_lowercase();
        assert!(!lower.starts_with("javascript:"), "{column}: {lower}");
    }
    check_id(incident["correlation_id"].as_str().unwrap());
}

fn check_event(body: &Value) {
    let events = body["records"].as_array().unwrap();
    assert_eq!(events.len(), 1);
    let (headline, rest) = events[0]["description"]
        .as_str()
        .unwrap()
        .split_once('\n')
        .unwrap();
    assert!(headline.starts_with('['));
    check_lines(rest);
    for (field, value) in events[0].as_object().unwrap() {
        let limit = match field.as_str() {
            "description" => 4_000,
            "message_key" => 1_024,
            "additional_info" => 8 * 3_900 * 2,
            "severity" | "source" | "event_class" | "type" | "metric_name" | "resource"
            | "time_of_event" | "resolution_state" => 100,
            other => panic!("{other}"),
        };
        let text = value.as_str().unwrap();
        assert!(Unit::Characters.length(text) <= limit, "{field}");
        check_text(text);
    }
    check_id(events[0]["message_key"].as_str().unwrap());
    let Some(info) = events[0]["additional_info"].as_str() else {
        return;
    };
    let info: Value = serde_json::from_str(info).unwrap();
    for (name, value) in info.as_object().unwrap() {
        assert!(name.starts_with("tocsin_"));
        assert!(Unit::Characters.length(value.as_str().unwrap()) < 4_000);
    }
}

#[test]
fn the_largest_of_everything_fits() {
    let mut json = full_json();
    for field in ["title", "name", "description", "runbook", "reference"] {
        json[field] = json!("[code]".repeat(6_000));
    }
    json["id"] = json!("[code]".repeat(150));
    json["alertId"] = json!("[code]".repeat(80));
    json["link"] = json!(format!("https://siem.example.com/{}", "[code]".repeat(320)));
    json["logTypes"] = json!(vec!["[code]".repeat(40); 100]);
    json["alertContext"] = json!({"key": "[code]".repeat(20_000)});
    let alert = alert(&json);
    check_incident(&body(&request_of(&alert, Detail::Full, &incidents())));
    check_event(&body(&request_of(&alert, Detail::Full, &events())));
}

proptest! {
    #[test]
    fn whatever_the_alert_it_fits_and_injects_nothing(alert in any_alert(), severity in 0usize..5) {
        let mut alert = alert;
        alert.severity = Severity::ALL[severity];
        for detail in [Detail::Full, Detail::Minimal] {
            check_incident(&body(&request_of(&alert, detail, &incidents())));
            check_event(&body(&request_of(&alert, detail, &events())));
        }
    }
}
