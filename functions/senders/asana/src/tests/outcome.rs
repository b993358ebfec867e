use proptest::prelude::*;
use tocsin_core::outcome::FailureKind::{
    self, Misconfigured, NotUnderstood, Redirected, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_testing::Expected::{Rejected, Transient};

use super::*;

const TASK: &str = r#"{"data":{"gid":"1205000000000007","permalink_url":"https://app.asana.com/0/1204567890123456/1205000000000007"}}"#;

#[test]
fn a_receipt_has_the_gid_and_page_of_the_task() {
    let receipt = plain().receipt(&response(201, &[], TASK));
    assert_eq!(receipt.id.as_deref(), Some("1205000000000007"));
    assert_eq!(
        receipt.url.as_deref(),
        Some("https://app.asana.com/0/1204567890123456/1205000000000007")
    );
    let elsewhere = TASK.replace("app.asana.com", "app.asana.com.evil.example");
    let receipt = plain().receipt(&response(201, &[], &elsewhere));
    assert_eq!(
        receipt.url.as_deref(),
        Some("https://app.asana.com/0/0/1205000000000007")
    );
    let cut = r#"{"data":{"gid":"1205000000000007","permalink_url":"https://app.as"#;
    let receipt = plain().receipt(&response(201, &[], cut));
    assert_eq!(
        receipt.url.as_deref(),
        Some("https://app.asana.com/0/0/1205000000000007")
    );
}

#[test]
fn a_success_without_a_task_is_not_understood() {
    plain().check_not_understood(&[
        (200, TASK),
        (200, "<html>Log in</html>"),
        (202, ""),
        (204, ""),
        (201, ""),
        (201, r#"{"data":{"gi"#),
        (201, r#"{"data":{}}"#),
        (201, r#"{"data":{"gid":"../x"}}"#),
        (201, r#"{"errors":[{"message":"x"}]}"#),
        (201, "[]"),
    ]);
}

#[test]
fn rejections_have_asanas_messages() {
    for (status, text, kind) in [
        (302, "moved", Redirected),
        (
            400,
            "xml_parsing_error: html_notes is not valid XML",
            Refused,
        ),
        (400, "projects: [0]: Not a Long: x", Refused),
        (401, "Not Authorized", Unauthorized),
        (
            402,
            "Custom fields are not available for free users",
            Misconfigured,
        ),
        (403, "Forbidden", Unauthorized),
        (
            404,
            "project: Unknown object: 1204567890123456",
            Misconfigured,
        ),
        (413, "too large", Refused),
        (451, "Unavailable For Legal Reasons", Misconfigured),
    ] {
        let body = json!({"errors": [{"message": text, "help": "For more information…"}]});
        plain().check_rejections(&[(status, &body.to_string(), kind, text)]);
    }
    let two =
        r#"{"errors":[{"message":"a"},{"message":"b","phrase":"6 sad squid snuggle softly"},{}]}"#;
    let joined = "a; b (phrase: 6 sad squid snuggle softly)";
    let page = "<html>no</html>";
    plain().check_rejections(&[(400, two, Refused, joined), (400, page, Refused, page)]);
}

#[test]
fn rate_limits_and_outages_are_transient() {
    let date = "Wed, 21 Oct 2015 07:30:00 GMT";
    plain().check_outcomes(&[
        (
            429,
            &[("retry-after", "30")],
            "",
            Transient(Throttled, Some(30)),
        ),
        (
            429,
            &[("retry-after", date)],
            "",
            Transient(Throttled, Some(120)),
        ),
        (
            429,
            &[("retry-after", "86400")],
            "",
            Transient(Throttled, Some(3600)),
        ),
        (429, &[], "", Transient(Throttled, None)),
        (408, &[], "", Transient(Unavailable, None)),
        (500, &[], "", Transient(Unavailable, None)),
        (502, &[], "", Transient(Unavailable, None)),
        (
            503,
            &[("retry-after", "5")],
            "",
            Transient(Unavailable, Some(5)),
        ),
        (504, &[], "", Transient(Unavailable, None)),
    ]);
}

fn lookup(status: u16, body: &str) -> Lookup {
    plain().parse_lookup(&response(status, &[], body))
}

#[test]
fn a_lookup_finds_the_task_with_the_marker() {
    let marker = format!("Tocsin delivery {}", delivery());
    let list = json!({"data": [
        {"gid": "1", "notes": "other"},
        {"gid": "2", "notes": "Tocsin delivery 0123456789abcdef"},
        {"gid": "3", "notes": format!("HIGH title\n\n{marker}\nadded by hand\n"), "permalink_url": "https://app.asana.com/0/9/3"},
        {"gid": "4"},
    ], "next_page": null});
    let text = list.to_string();
    let Lookup::Found(receipt) = lookup(200, &text) else {
        panic!()
    };
    assert_eq!(receipt.id.as_deref(), Some("3"));
    assert_eq!(receipt.url.as_deref(), Some("https://app.asana.com/0/9/3"));
    // The part of a list before a cut counts.
    assert!(matches!(
        lookup(200, &text[..text.find("\"gid\":\"4").unwrap()]),
        Lookup::Found(_)
    ));
    // The part after it may contain the task.
    for broken in [&text[..60], r#"{"data":["#, r#"{"data":[{"gid":"1"}"#] {
        let Lookup::Failed(Outcome::Transient { failure, .. }) = lookup(200, broken) else {
            panic!("{broken}")
        };
        assert_eq!(failure.kind, FailureKind::NotUnderstood);
    }
    for whole in [r#"{"data":[]}"#, r#"{"data":[{"gid":"1"}]"#] {
        assert_eq!(lookup(200, whole), Lookup::Absent);
    }
}

#[test]
fn a_lookup_finds_the_marker_of_a_created_task() {
    let task = task(&full(), Detail::Minimal);
    let list = json!({"data": [{"gid": "3", "notes": task["notes"]}]});
    assert!(matches!(lookup(200, &list.to_string()), Lookup::Found(_)));
}

#[test]
fn a_failed_lookup_does_not_prove_absence() {
    plain().check_failed_lookups(&[
        (200, &[], "<html>", Transient(NotUnderstood, None)),
        (200, &[], "[]", Transient(NotUnderstood, None)),
        (204, &[], "", Transient(NotUnderstood, None)),
        (503, &[], "", Transient(Unavailable, None)),
        (429, &[], "", Transient(Throttled, None)),
        (
            400,
            &[],
            r#"{"errors":[{"message":"no"}]}"#,
            Rejected(Misconfigured),
        ),
        (401, &[], "", Rejected(Unauthorized)),
        (404, &[], "", Rejected(Misconfigured)),
    ]);
}

proptest! {
    #[test]
    fn no_unknown_response_is_a_success(status in 100u16..600, text in any::<String>()) {
        let outcome = plain().outcome(&response(status, &[("retry-after", &text)], &text));
        prop_assert!(!matches!(outcome, Outcome::Delivered(_)));
        prop_assert!(!matches!(lookup(status, &text), Lookup::Found(_)));
    }
}
