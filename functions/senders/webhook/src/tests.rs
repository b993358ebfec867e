use proptest::prelude::*;
use serde_json::{Value, json};
use tocsin_core::alert::{Alert, Severity};
use tocsin_core::provider::{Detail, Secrets, read_settings};
use tocsin_testing::{Expected, Row, any_alert, check_outcomes, delivery, full, samples};

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

fn request_of(alert: &Alert, detail: Detail, settings: &Settings, secret: &Secret) -> Request {
    let delivery = delivery();
    let context = RequestContext {
        alert,
        severity: alert.severity,
        delivery: &delivery,
        detail,
        began_at: "2020-10-13T03:35:24Z".parse().unwrap(),
        now: "2020-10-13T03:35:30Z".parse().unwrap(),
        settings,
        secret,
    };
    Webhook.check(settings, secret).unwrap();
    Webhook.request(&context).unwrap()
}

#[test]
fn what_receivers_get() {
    for (name, alert) in samples() {
        let request = request_of(&alert, Detail::Full, &Settings::default(), &plain_secret());
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
    let request = request_of(&full(), Detail::Minimal, &settings, &secret);
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
            json!({"headers": {"Accept": "text/html"}}),
            json!({"url": "https://e.com"}),
            "settings.headers.Accept",
        ),
        (
            json!({"headers": {"X-Team": "a", "x-team": "b"}}),
            json!({"url": "https://e.com"}),
            "settings.headers.x-team",
        ),
        (
            json!({}),
            json!({"url": "https://e.com", "headers": {"X-Team": "a", "X-TEAM": "b"}}),
            "secret.headers.X-Team",
        ),
        (
            json!({}),
            json!({"url": "https://e.com", "previousSigningKey": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}),
            "secret.previousSigningKey",
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
    for name in [
        "Authorization",
        "Proxy-Authorization",
        "X-Api-Key",
        "X-AUTH",
        "Set-Cookie",
        "X-Hub-Signature-256",
        "Client-Secret",
        "X-Gitlab-Token",
        "DB_PASSWORD",
        "X-Both",
    ] {
        let given = settings(&json!({"headers": {name: "x"}}));
        let hidden = secret(&json!({"url": "https://e.com", "headers": {"x-both": "y"}}));
        let error = Webhook.check(&given, &hidden).unwrap_err();
        assert_eq!(error.field, format!("settings.headers.{name}"));
    }
    // The secret takes them all.
    let hidden = json!({"url": "https://e.com", "headers": {"X-Api-Key": "x", "Cookie": "x"}});
    assert_eq!(
        Webhook.check(&Settings::default(), &secret(&hidden)),
        Ok(())
    );
    let unknown = json!({"header": {}});
    assert!(read_settings::<Settings>(unknown.as_object().unwrap()).is_err());
}

#[test]
fn every_answer_has_its_meaning() {
    use Expected::{Delivered, Permanent, Transient};
    use FailureKind::{Misconfigured, Redirected, Refused, Throttled, Unauthorized, Unavailable};
    let seconds: &[_] = &[("retry-after", "120")];
    // Ninety seconds after the answers were received.
    let date: &[_] = &[("retry-after", "Wed, 21 Oct 2015 07:29:30 GMT")];
    let location: &[_] = &[("location", "https://example.com/")];
    let table: &[Row<'_>] = &[
        (200, &[], "ok", Delivered),
        (201, &[], "", Delivered),
        (202, &[], "{}", Delivered),
        (204, &[], "", Delivered),
        (299, &[], "<html>", Delivered),
        (301, location, "", Permanent(Redirected)),
        (302, location, "", Permanent(Redirected)),
        (304, &[], "", Permanent(Redirected)),
        (307, location, "", Permanent(Redirected)),
        (308, location, "", Permanent(Redirected)),
        (400, &[], "bad", Permanent(Refused)),
        (413, &[], "too large", Permanent(Refused)),
        (422, &[], "unprocessable", Permanent(Refused)),
        (401, &[], "who?", Permanent(Unauthorized)),
        (403, &[], "no", Permanent(Unauthorized)),
        (404, &[], "where?", Permanent(Misconfigured)),
        (405, &[], "", Permanent(Misconfigured)),
        (410, &[], "gone", Permanent(Misconfigured)),
        (408, &[], "", Transient(Unavailable, None)),
        (408, seconds, "", Transient(Unavailable, Some(120))),
        (408, date, "", Transient(Unavailable, Some(90))),
        (425, &[], "", Transient(Unavailable, None)),
        (425, seconds, "", Transient(Unavailable, Some(120))),
        (425, date, "", Transient(Unavailable, Some(90))),
        (429, &[], "slower", Transient(Throttled, None)),
        (429, seconds, "", Transient(Throttled, Some(120))),
        (429, date, "", Transient(Throttled, Some(90))),
        (500, &[], "oops", Transient(Unavailable, None)),
        (502, &[], "", Transient(Unavailable, None)),
        (503, seconds, "", Transient(Unavailable, Some(120))),
        (503, date, "", Transient(Unavailable, Some(90))),
        (504, &[], "", Transient(Unavailable, None)),
        (520, &[], "", Transient(Unavailable, None)),
        (522, &[], "", Transient(Unavailable, None)),
        (524, &[], "", Transient(Unavailable, None)),
        (530, &[], "", Transient(Unavailable, None)),
        // Not a server in trouble, but one that cannot do what is asked.
        (501, &[], "", Permanent(Misconfigured)),
    ];
    let (alert, delivery) = (full(), delivery());
    let context = RequestContext {
        alert: &alert,
        severity: alert.severity,
        delivery: &delivery,
        detail: Detail::Full,
        began_at: "2020-10-13T03:35:24Z".parse().unwrap(),
        now: "2020-10-13T03:35:30Z".parse().unwrap(),
        settings: &Settings::default(),
        secret: &plain_secret(),
    };
    check_outcomes(table, |response| Webhook.outcome(&context, response));
}

proptest! {
    #[test]
    fn every_alert_makes_a_payload_of_all_keys(alert in any_alert(), severity in 0usize..5) {
        let mut alert = alert;
        alert.severity = Severity::ALL[severity];
        for detail in [Detail::Full, Detail::Minimal] {
            let request = request_of(&alert, detail, &Settings::default(), &plain_secret());
            let payload: Value = serde_json::from_slice(&request.body).unwrap();
            prop_assert_eq!(payload.as_object().unwrap().len(), 13);
            prop_assert!(payload["tags"].is_array() && payload["alertContext"].is_object());
        }
    }
}
