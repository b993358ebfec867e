use proptest::prelude::*;
use serde_json::{Value, json};
use tocsin_core::alert::{Alert, Severity};
use tocsin_core::provider::{Form, Secrets, read_settings};
use tocsin_testing::{any_alert, delivery, full, samples};

use super::*;

fn settings(json: &Value) -> Settings {
    read_settings(json.as_object().unwrap()).unwrap()
}

fn secret(json: &Value) -> Secret {
    Secrets::new(json.to_string()).read().unwrap()
}

fn plain_secret() -> Secret {
    secret(&json!({"url": "https://example.com/hook/PLANTED?sig=PLANTED"}))
}

fn request_of(alert: &Alert, form: Form, settings: &Settings, secret: &Secret) -> Request {
    let delivery = delivery();
    let job = Job {
        alert,
        severity: alert.severity,
        delivery: &delivery,
        form,
        now: "2020-10-13T03:35:30Z".parse().unwrap(),
        settings,
        secret,
    };
    Webhook.check(settings, secret).unwrap();
    Webhook.request(&job).unwrap()
}

#[test]
fn what_receivers_get() {
    for (name, alert) in samples() {
        let request = request_of(&alert, Form::Full, &Settings::default(), &plain_secret());
        // The two large ones would be half a megabyte of snapshot; their heads say enough.
        let shown: String = request.to_string().chars().take(6_000).collect();
        insta::assert_snapshot!(name, shown);
    }
}

#[test]
fn headers_and_signatures_of_both_keys_go_along_and_secrets_stay_hidden() {
    let settings = settings(&json!({"headers": {"X-Team": "secops"}}));
    let secret = secret(&json!({
        "url": "https://example.com/hook/PLANTED",
        "headers": {"Authorization": "Bearer PLANTED"},
        "signingKey": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "previousSigningKey": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    }));
    let request = request_of(&full(), Form::Minimal, &settings, &secret);
    insta::assert_snapshot!("signed_minimal", request.to_string());
    assert!(!format!("{request:?} {request}").contains("PLANTED"));
    let signatures = request
        .headers
        .iter()
        .find(|(name, _)| name == "webhook-signature")
        .unwrap();
    assert_eq!(signatures.1.expose().split(' ').count(), 2);
}

#[test]
fn unusable_destinations_are_refused_with_the_field() {
    let table = [
        (json!({}), json!({"url": "ftp://example.com"}), "secret.url"),
        (
            json!({}),
            json!({"url": "https://user:pass@example.com"}),
            "secret.url",
        ),
        (
            json!({}),
            json!({"url": "https://e.com", "signingKey": "whsec_short"}),
            "secret.signingKey",
        ),
        (
            json!({}),
            json!({"url": "https://e.com", "headers": {"Host": "x"}}),
            "secret.headers.Host",
        ),
        (
            json!({}),
            json!({"url": "https://e.com", "headers": {"X": "a\r\nB: c"}}),
            "secret.headers.X",
        ),
        (
            json!({"headers": {"Webhook-Id": "x"}}),
            json!({"url": "https://e.com"}),
            "settings.headers.Webhook-Id",
        ),
        (
            json!({"headers": {"a b": "x"}}),
            json!({"url": "https://e.com"}),
            "settings.headers",
        ),
    ];
    for (given, hidden, field) in table {
        let error = Webhook
            .check(&settings(&given), &secret(&hidden))
            .unwrap_err();
        assert_eq!(error.field, field, "{given} {hidden}");
    }
    for name in ["Authorization", "X-Api-Key", "X-Both"] {
        let given = settings(&json!({"headers": {name: "x"}}));
        let hidden = secret(&json!({"url": "https://e.com", "headers": {"x-both": "y"}}));
        let error = Webhook.check(&given, &hidden).unwrap_err();
        assert_eq!(error.field, format!("settings.headers.{name}"));
    }
    let unknown = json!({"header": {}});
    assert!(read_settings::<Settings>(unknown.as_object().unwrap()).is_err());
}

proptest! {
    #[test]
    fn every_alert_makes_a_payload_of_all_keys(alert in any_alert(), severity in 0usize..5) {
        let mut alert = alert;
        alert.severity = Severity::ALL[severity];
        for form in [Form::Full, Form::Minimal] {
            let request = request_of(&alert, form, &Settings::default(), &plain_secret());
            let payload: Value = serde_json::from_slice(&request.body).unwrap();
            prop_assert_eq!(payload.as_object().unwrap().len(), 13);
            prop_assert!(payload["tags"].is_array() && payload["alertContext"].is_object());
        }
    }
}
