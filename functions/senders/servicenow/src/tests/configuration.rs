//! Settings and secrets: what is taken, what is refused, and that nothing leaks.

use super::*;

#[test]
fn each_way_to_authenticate_has_its_header() {
    for (hidden, name, value) in [
        (
            json!({"username": "tocsin", "password": "PLANTED pässword"}),
            "authorization",
            "Basic dG9jc2luOlBMQU5URUQgcMOkc3N3b3Jk",
        ),
        (
            json!({"token": "PLANTEDtoken"}),
            "authorization",
            "Bearer PLANTEDtoken",
        ),
        (json!({"apiKey": "PLANTEDkey"}), "x-sn-apikey", "PLANTEDkey"),
    ] {
        let secret = secret(&hidden);
        let (alert, settings) = (full(), incidents());
        let request = ServiceNow::default()
            .request(&RequestContext {
                alert: &alert,
                severity: alert.severity,
                delivery: &delivery(),
                detail: Detail::Full,
                began_at: alert.created_at,
                now: alert.created_at,
                settings: &settings,
                secret: &secret,
            })
            .unwrap();
        let header = request
            .headers
            .iter()
            .find(|(other, _)| other == name)
            .unwrap();
        assert_eq!(header.1.expose(), value);
        let shown = format!("{request} {request:?} {secret:?}");
        assert!(
            !shown.contains("PLANTED") && !shown.contains(value),
            "{shown}"
        );
        assert!(shown.contains("accept: application/json"));
    }
}

#[test]
fn unusable_secrets_are_refused_with_the_field_and_without_the_value() {
    for (hidden, field) in [
        (json!({}), "secret"),
        (json!({"username": "PLANTED"}), "secret.password"),
        (json!({"password": "PLANTED"}), "secret.username"),
        (
            json!({"username": "PLANTED:", "password": "PLANTED"}),
            "secret.username",
        ),
        (
            json!({"username": "", "password": "PLANTED"}),
            "secret.username",
        ),
        (
            json!({"username": "u", "password": "PLANTED\n"}),
            "secret.password",
        ),
        (json!({"token": "PLANTED token"}), "secret.token"),
        (json!({"token": "PLANTED\r\nx: y"}), "secret.token"),
        (json!({"apiKey": "PLANTED schlüssel"}), "secret.apiKey"),
        (json!({"apiKey": ""}), "secret.apiKey"),
        (
            json!({"token": "PLANTEDtoken", "apiKey": "PLANTEDkey"}),
            "secret",
        ),
        (
            json!({"username": "u", "password": "PLANTED", "token": "PLANTEDtoken"}),
            "secret",
        ),
    ] {
        let error = ServiceNow::default()
            .check(&incidents(), &secret(&hidden))
            .unwrap_err();
        assert_eq!(error.field, field, "{hidden}");
        assert!(!error.to_string().contains("PLANTED"));
    }
}

fn check_refusals<const N: usize>(table: [(Value, &str); N]) {
    for (given, field) in table {
        let error = ServiceNow::default()
            .check(&settings(&given), &planted())
            .unwrap_err();
        assert_eq!(error.field, field, "{given}");
    }
}

#[test]
fn only_instances_are_called() {
    let at = "https://acme.service-now.com";
    check_refusals([
        (json!({}), "settings.instance"),
        (
            json!({"instance": at, "instanceUrl": "https://e.com"}),
            "settings.instance",
        ),
        (
            json!({"instance": "http://acme.service-now.com"}),
            "settings.instance",
        ),
        (
            json!({"instance": "https://acme.service-now.com.evil.example"}),
            "settings.instance",
        ),
        (
            json!({"instance": "https://evil-service-now.com"}),
            "settings.instance",
        ),
        (
            json!({"instance": "https://user:x@acme.service-now.com"}),
            "settings.instance",
        ),
        (
            json!({"instance": "https://acme.service-now.com:8443"}),
            "settings.instance",
        ),
        (
            json!({"instance": "https://acme.service-now.com/nav_to.do"}),
            "settings.instance",
        ),
        (
            json!({"instance": "https://acme.service-now.com/?x=1"}),
            "settings.instance",
        ),
        (
            json!({"instance": "http://127.0.0.1:4000"}),
            "settings.instance",
        ),
        (
            json!({"instanceUrl": "http://support.example.com"}),
            "settings.instanceUrl",
        ),
        (
            json!({"instanceUrl": "https://10.0.0.1"}),
            "settings.instanceUrl",
        ),
        (
            json!({"instanceUrl": "https://support.example.com/x"}),
            "settings.instanceUrl",
        ),
    ]);
}

#[test]
fn unusable_settings_are_refused_with_the_field() {
    let at = "https://acme.service-now.com";
    check_refusals([
        (
            json!({"instance": at, "assignmentGroup": "Network"}),
            "settings.assignmentGroup",
        ),
        (
            json!({"instance": at, "callerId": "x".repeat(32)}),
            "settings.callerId",
        ),
        (
            json!({"instance": at, "category": " "}),
            "settings.category",
        ),
        (
            json!({"instance": at, "contactType": "a\nb"}),
            "settings.contactType",
        ),
        (json!({"instance": at, "node": "x"}), "settings.node"),
        (
            json!({"instance": at, "fields": {"u_x^y": "1"}}),
            "settings.fields",
        ),
        (
            json!({"instance": at, "fields": {"U_X": "1"}}),
            "settings.fields",
        ),
        (
            json!({"instance": at, "fields": {"_x": "1"}}),
            "settings.fields",
        ),
        (
            json!({"instance": at, "fields": {"": "1"}}),
            "settings.fields",
        ),
        (
            json!({"instance": at, "fields": {"sys_id": "1"}}),
            "settings.fields.sys_id",
        ),
        (
            json!({"instance": at, "fields": {"impact": "1"}}),
            "settings.fields.impact",
        ),
        (
            json!({"instance": at, "fields": {"u_x": "x".repeat(1_001)}}),
            "settings.fields.u_x",
        ),
        (
            json!({"mode": "event", "instance": at, "category": "x"}),
            "settings.category",
        ),
        (
            json!({"mode": "event", "instance": at, "fields": {"u_x": "1"}}),
            "settings.fields",
        ),
        (
            json!({"mode": "event", "instance": at, "source": "x".repeat(101)}),
            "settings.source",
        ),
    ]);
    for unknown in [
        json!({"mode": "problem"}),
        json!({"instance": "acme"}),
        json!({"instance": at, "assignment_group": "x"}),
    ] {
        assert!(
            read_settings::<Settings>(unknown.as_object().unwrap()).is_err(),
            "{unknown}"
        );
    }
}
