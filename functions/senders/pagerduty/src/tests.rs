use proptest::prelude::*;
use serde_json::{Value, json};
use tocsin_core::alert::{Alert, Severity};
use tocsin_core::outcome::{FailureKind, Receipt};
use tocsin_core::provider::{Detail, Secrets, read_settings};
use tocsin_core::text::{Unit, sanitize};
use tocsin_testing::Expected::{Permanent, Transient};
use tocsin_testing::{
    Row, alert, answer, any_alert, check_outcomes, delivery, full, full_json, samples,
};

use super::*;

/// Of the right form, and easy to find where it must not be.
const PLANTED: &str = "PLANTEDkeyPLANTEDkeyPLANTEDkey12";

fn settings(json: &Value) -> Settings {
    read_settings(json.as_object().unwrap()).unwrap()
}

fn secret(json: &Value) -> Secret {
    Secrets::new(json.to_string()).read().unwrap()
}

fn planted() -> Secret {
    secret(&json!({"routingKey": PLANTED}))
}

fn with_context<T>(
    alert: &Alert,
    detail: Detail,
    settings: &Settings,
    run: impl FnOnce(&RequestContext<'_, PagerDuty>) -> T,
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
    let provider = PagerDuty::default();
    provider.check(settings, &planted()).unwrap();
    with_context(alert, detail, settings, |context| {
        provider.request(context).unwrap()
    })
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[test]
fn what_pagerduty_gets() {
    for (name, alert) in samples() {
        let request = request_of(&alert, Detail::Full, &Settings::default());
        // The large one would be a quarter megabyte of snapshot; its head says enough.
        let shown: String = request.to_string().chars().take(6_000).collect();
        insta::assert_snapshot!(name, shown);
    }
}

#[test]
fn the_minimal_form_has_title_severity_and_link_only() {
    let settings = settings(&json!({"region": "eu", "source": "acme-prod", "group": "secops"}));
    let request = request_of(&full(), Detail::Minimal, &settings);
    insta::assert_snapshot!("minimal_eu", request.to_string());
    let whole = request_of(&full(), Detail::Full, &settings);
    assert_eq!(body(&whole)["payload"]["group"], "secops");
    assert_eq!(body(&whole)["payload"]["source"], "acme-prod");
}

#[test]
fn a_runbook_that_is_a_url_is_a_link() {
    let texts = |runbook: &str| -> Vec<String> {
        let mut json = full_json();
        json["runbook"] = json!(runbook);
        let event = body(&request_of(
            &alert(&json),
            Detail::Full,
            &Settings::default(),
        ));
        let links = event["links"].as_array().unwrap().iter();
        links
            .filter(|link| link["text"] == "Runbook")
            .map(|link| link["href"].as_str().unwrap().to_owned())
            .collect()
    };
    let url = "https://wiki.example.com/runbooks/1";
    assert_eq!(texts(url), [url]);
    for none in ["see https://wiki.example.com", "javascript:alert(1)"] {
        assert!(texts(none).is_empty());
    }
}

#[test]
fn a_local_stack_takes_pagerdutys_place() {
    let local = PagerDuty {
        base_url: Some("http://127.0.0.1:4000/pagerduty".parse().unwrap()),
    };
    let request = with_context(&full(), Detail::Full, &Settings::default(), |context| {
        local.request(context).unwrap()
    });
    assert_eq!(
        request.address.to_string(),
        "http://127.0.0.1:4000/pagerduty/v2/enqueue"
    );
}

#[test]
fn the_deduplication_key_is_the_alerts_id_or_its_hash() {
    assert_eq!(
        body(&request_of(&full(), Detail::Full, &Settings::default()))["dedup_key"],
        "b90c19e66e160e194a5b3b94ec27fb7c"
    );
    let mut json = full_json();
    json["alertId"] = json!("x".repeat(256));
    let key = &body(&request_of(
        &alert(&json),
        Detail::Full,
        &Settings::default(),
    ))["dedup_key"];
    assert_eq!(key.as_str().unwrap().len(), 64);
}

/// A delete character takes one byte as it comes and three once it is visible.
#[test]
fn a_context_that_grows_is_cut_with_a_notice() {
    let mut json = full_json();
    json["alertContext"] = (0..10)
        .map(|n| (format!("key{n}"), json!("\u{7f}".repeat(20_000))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let request = request_of(&alert(&json), Detail::Full, &Settings::default());
    assert!(request.body.len() <= fit::BUDGET, "{}", request.body.len());
    let event = body(&request);
    let details = &event["payload"]["custom_details"];
    assert_eq!(
        details["_notice"],
        "alertContext was cut to fit PagerDuty's size limit"
    );
    assert_eq!(details["alertContext"]["key9"], "… (60002 bytes cut)");
    assert_eq!(
        details["runbook"],
        "Find the principal.\nRevoke its sessions."
    );
}

#[test]
fn no_secret_is_ever_shown() {
    let request = request_of(&full(), Detail::Full, &Settings::default());
    assert_eq!(body(&request)["routing_key"], PLANTED);
    assert!(!format!("{request} {request:?} {:?}", planted()).contains("PLANTED"));
    let wrong = secret(&json!({"routingKey": "PLANTED"}));
    let error = PagerDuty::default()
        .check(&Settings::default(), &wrong)
        .unwrap_err();
    assert!(!error.to_string().contains("PLANTED"));
}

#[test]
fn unusable_destinations_are_refused_with_the_field() {
    let good = json!({"routingKey": PLANTED});
    let table = [
        (json!({}), json!({"routingKey": ""}), "secret.routingKey"),
        (
            json!({}),
            json!({"routingKey": "x".repeat(31)}),
            "secret.routingKey",
        ),
        (
            json!({}),
            json!({"routingKey": "x".repeat(33)}),
            "secret.routingKey",
        ),
        (
            json!({}),
            json!({"routingKey": format!("{}-", "x".repeat(31))}),
            "secret.routingKey",
        ),
        (
            json!({}),
            json!({"routingKey": format!("{}\n", "x".repeat(31))}),
            "secret.routingKey",
        ),
        (json!({"source": " "}), good.clone(), "settings.source"),
        (
            json!({"source": "x".repeat(256)}),
            good.clone(),
            "settings.source",
        ),
        (json!({"group": "a\nb"}), good, "settings.group"),
    ];
    for (given, hidden, field) in table {
        let error = PagerDuty::default()
            .check(&settings(&given), &secret(&hidden))
            .unwrap_err();
        assert_eq!(error.field, field, "{given}");
    }
    // Keys of event orchestrations use the whole alphabet.
    let orchestration = secret(&json!({"routingKey": "R0ABCDEFGHIJKLMNOPQRSTUVWXYZ0123"}));
    assert!(
        PagerDuty::default()
            .check(&Settings::default(), &orchestration)
            .is_ok()
    );
    for unknown in [json!({"region": "ap"}), json!({"regoin": "eu"})] {
        assert!(read_settings::<Settings>(unknown.as_object().unwrap()).is_err());
    }
}

fn outcome_of(status: u16, headers: &[(&str, &str)], body: &str) -> Outcome {
    let response = answer(status, headers, body);
    with_context(&full(), Detail::Full, &Settings::default(), |context| {
        PagerDuty::default().outcome(context, &response)
    })
}

#[test]
fn what_is_accepted_is_delivered_under_its_key() {
    let ours = "b90c19e66e160e194a5b3b94ec27fb7c";
    for (said, id, with_remark) in [
        (
            r#"{"status":"success","message":"Event processed","dedup_key":"k1"}"#,
            "k1",
            false,
        ),
        (r#"{"status":"success"}"#, ours, false),
        (r#"{"status":"success","dedup_key":" "}"#, ours, false),
        ("{}", ours, false),
        (r#"{"status":"success","dedup_k"#, ours, true),
        ("", ours, true),
        ("Accepted", ours, true),
    ] {
        let Outcome::Delivered(Receipt {
            id: Some(given),
            remark,
            ..
        }) = outcome_of(202, &[], said)
        else {
            panic!("{said}")
        };
        assert_eq!(
            (given.as_str(), remark.is_some()),
            (id, with_remark),
            "{said}"
        );
    }
}

#[test]
fn every_other_answer_has_its_outcome() {
    use FailureKind::{
        Misconfigured, NotUnderstood, Redirected, Refused, Throttled, Unauthorized, Unavailable,
    };
    let key = r#"{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}"#;
    let event = r#"{"status":"invalid event","message":"Event object is invalid","errors":["'payload.severity' is invalid"]}"#;
    let date = "Wed, 21 Oct 2015 07:30:00 GMT";
    let table: [Row<'_>; 20] = [
        (
            202,
            &[],
            r#"{"status":"invalid event"}"#,
            Transient(NotUnderstood, None),
        ),
        (
            200,
            &[],
            "<html>Welcome</html>",
            Transient(NotUnderstood, None),
        ),
        (204, &[], "", Transient(NotUnderstood, None)),
        (
            302,
            &[("location", "https://evil.example")],
            "",
            Permanent(Redirected),
        ),
        (400, &[], key, Permanent(Unauthorized)),
        (400, &[], event, Permanent(Refused)),
        (400, &[], r#"{"errors":"routing_key"}"#, Permanent(Refused)),
        (400, &[], r#"{"status":"inval"#, Permanent(Refused)),
        (401, &[], "", Permanent(Unauthorized)),
        (403, &[], "Forbidden", Permanent(Unauthorized)),
        (404, &[], "", Permanent(Misconfigured)),
        (408, &[], "", Transient(Unavailable, None)),
        (413, &[], "<html>Too large</html>", Permanent(Refused)),
        (429, &[], "", Transient(Throttled, None)),
        (
            429,
            &[("retry-after", "17")],
            "",
            Transient(Throttled, Some(17)),
        ),
        (
            429,
            &[("retry-after", date)],
            "",
            Transient(Throttled, Some(120)),
        ),
        (500, &[], "oops", Transient(Unavailable, None)),
        (501, &[], "", Transient(Unavailable, None)),
        (
            503,
            &[("retry-after", "5")],
            "",
            Transient(Unavailable, Some(5)),
        ),
        (599, &[], "", Transient(Unavailable, None)),
    ];
    check_outcomes(&table, |response| {
        with_context(&full(), Detail::Full, &Settings::default(), |context| {
            PagerDuty::default().outcome(context, response)
        })
    });
}

proptest! {
    #[test]
    fn whatever_the_alert_the_event_is_ours_and_fits(alert in any_alert(), severity in 0usize..5) {
        let mut alert = alert;
        alert.severity = Severity::ALL[severity];
        for detail in [Detail::Full, Detail::Minimal] {
            let request = request_of(&alert, detail, &Settings::default());
            prop_assert!(request.body.len() <= fit::BUDGET);
            let text = String::from_utf8(request.body.clone()).unwrap();
            prop_assert_eq!(sanitize(&text), text.as_str(), "nothing hides or reorders");
            let event = body(&request);
            let keys: Vec<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
            prop_assert!(keys.iter().all(|key| [
                "routing_key", "event_action", "dedup_key", "client", "client_url", "payload", "links",
            ].contains(key)), "{:?}", keys);
            prop_assert_eq!(&event["routing_key"], PLANTED);
            prop_assert_eq!(&event["event_action"], "trigger");
            let key = event["dedup_key"].as_str().unwrap();
            prop_assert!(Unit::Characters.length(key) <= 255 && !key.is_empty());
            let payload = &event["payload"];
            let summary = payload["summary"].as_str().unwrap();
            prop_assert!(Unit::Characters.length(summary) <= 1_024 && !summary.contains('\n'));
            prop_assert!(["critical", "error", "warning", "info"].contains(&payload["severity"].as_str().unwrap()));
            for link in event["links"].as_array().unwrap() {
                prop_assert!(link["href"].as_str().unwrap().starts_with("http"));
            }
        }
    }
}
