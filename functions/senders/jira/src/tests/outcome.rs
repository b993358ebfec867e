use proptest::prelude::*;
use tocsin_core::outcome::FailureKind::{
    Misconfigured, NotUnderstood, Redirected, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_testing::Expected::{Rejected, Transient};

use super::*;

#[test]
fn a_receipt_has_the_key_and_page_of_the_issue() {
    let body = r#"{"id":"10007","key":"SEC-7","self":"https://example.atlassian.net/rest/api/3/issue/10007"}"#;
    let receipt = cloud().receipt(&response(201, &[], body));
    assert_eq!(receipt.id.as_deref(), Some("SEC-7"));
    assert_eq!(
        receipt.url.as_deref(),
        Some("https://example.atlassian.net/browse/SEC-7")
    );
    // A response that was cut off behind the key.
    let cut = response(201, &[], r#"{"id":"10007","key":"SEC-7","sel"#);
    assert_eq!(cloud().receipt(&cut).id, receipt.id);
}

#[test]
fn a_success_without_an_issue_is_not_understood() {
    assert!(NotUnderstood.may_have_arrived());
    cloud().check_not_understood(&[
        (200, "<html>Log in</html>"),
        (200, r#"{"id":"10007","key":"SEC-7"}"#),
        (202, ""),
        (204, ""),
        (201, ""),
        (201, r#"{"id":"10007","ke"#),
        (201, r#"{"id":"10007","key":"../../x"}"#),
        (201, "[]"),
    ]);
}

#[test]
fn rejections_have_jiras_messages() {
    let errors = r#"{"errorMessages":["Something."],"errors":{"priority":"Field 'priority' cannot be set.","summary":"The summary is invalid because it contains newline characters."}}"#;
    cloud().check_rejections(&[
        (302, "", Redirected, ""),
        (
            400,
            errors,
            Refused,
            "Something.; priority: Field 'priority' cannot be set.; summary: The summary is invalid because it contains newline characters.",
        ),
        (400, "<html>", Refused, "<html>"),
        (
            401,
            "Client must be authenticated",
            Unauthorized,
            "is the token still valid? API tokens expire after a year at most; Client must be authenticated",
        ),
        (403, r#"{"message":"no"}"#, Unauthorized, "no"),
        (
            404,
            r#"{"errorMessage":"Site temporarily unavailable"}"#,
            Misconfigured,
            r#"{"errorMessage":"Site temporarily unavailable"}"#,
        ),
        (405, "", Misconfigured, ""),
        (410, "", Misconfigured, ""),
        (413, "", Refused, ""),
        (415, "", Refused, ""),
        (422, errors, Refused, "Something.;"),
    ]);
}

#[test]
fn rate_limits_and_outages_are_transient() {
    cloud().check_outcomes(&[
        (
            429,
            &[("retry-after", "30")],
            "",
            Transient(Throttled, Some(30)),
        ),
        (
            429,
            &[("retry-after", "Wed, 21 Oct 2015 07:30:00 GMT")],
            "",
            Transient(Throttled, Some(120)),
        ),
        (
            429,
            &[("retry-after", "0")],
            "",
            Transient(Throttled, Some(0)),
        ),
        (
            429,
            &[("x-ratelimit-reset", "2015-10-21T07:28:45Z")],
            "",
            Transient(Throttled, Some(45)),
        ),
        (
            429,
            &[("x-ratelimit-reset", "2015-10-22T07:28Z")],
            "",
            Transient(Throttled, Some(3600)),
        ),
        (
            429,
            &[("x-ratelimit-reset", "soon")],
            "",
            Transient(Throttled, None),
        ),
        (429, &[], "", Transient(Throttled, None)),
        (
            503,
            &[("retry-after", "5")],
            "",
            Transient(Unavailable, Some(5)),
        ),
        (408, &[], "", Transient(Unavailable, None)),
        (500, &[], "", Transient(Unavailable, None)),
        (502, &[], "", Transient(Unavailable, None)),
        (504, &[], "", Transient(Unavailable, None)),
        (
            429,
            &[
                ("retry-after", "7"),
                ("x-ratelimit-reset", "2015-10-21T08:28:00Z"),
            ],
            "",
            Transient(Throttled, Some(7)),
        ),
    ]);
    let limited = response(429, &[("ratelimit-reason", "jira-burst-based")], "{}");
    let outcome = cloud().outcome(&limited);
    assert_eq!(outcome.failure().unwrap().detail, "limit: jira-burst-based");
}

#[test]
fn a_lookup_finds_the_issue_or_its_absence() {
    let lookup = |body: &str| cloud().parse_lookup(&response(200, &[], body));
    let Lookup::Found(receipt) =
        lookup(r#"{"issues":[{"id":"1","key":"SEC-7","fields":{}}],"isLast":true}"#)
    else {
        panic!()
    };
    assert_eq!(receipt.id.as_deref(), Some("SEC-7"));
    assert_eq!(lookup(r#"{"issues":[],"isLast":true}"#), Lookup::Absent);
    let none = r#"{"startAt":0,"total":0,"issues":[]}"#;
    assert_eq!(lookup(none), Lookup::Absent);
}

#[test]
fn a_failed_lookup_does_not_prove_absence() {
    let unknown_project =
        r#"{"errorMessages":["The value 'SEC' does not exist for the field 'project'."]}"#;
    cloud().check_failed_lookups(&[
        (200, &[], "<html>", Transient(NotUnderstood, None)),
        (
            200,
            &[],
            r#"{"issues":[{"id":"1"}]}"#,
            Transient(NotUnderstood, None),
        ),
        (204, &[], "", Transient(NotUnderstood, None)),
        (503, &[], "", Transient(Unavailable, None)),
        (429, &[], "", Transient(Throttled, None)),
        (400, &[], unknown_project, Rejected(Misconfigured)),
        (401, &[], "", Rejected(Unauthorized)),
        (302, &[], "", Rejected(Redirected)),
    ]);
}

proptest! {
    #[test]
    fn no_unknown_response_is_a_success(status in 100u16..600, text in any::<String>()) {
        let outcome = cloud().outcome(&response(status, &[("retry-after", &text)], &text));
        prop_assert!(!matches!(outcome, Outcome::Delivered(_)));
    }
}

/// The fields of the second request after Jira refused `errors`, and what it leaves out.
fn reduced(detail: Detail, errors: &Value) -> Option<(Value, String)> {
    let cloud = cloud();
    let request = cloud.request(&full(), detail);
    let body = json!({"errorMessages": [], "errors": errors}).to_string();
    let answer = response(400, &[], &body);
    cloud.with_context(&full(), detail, |context| {
        let reduced = Jira::default().without_refused(context, &request, &answer)?;
        let body: Value = serde_json::from_slice(&reduced.request.body).unwrap();
        Some((body["fields"].clone(), reduced.left_out))
    })
}

#[test]
fn only_what_jira_refuses_by_name_is_left_out() {
    let all = cloud().body(&full(), Detail::Full)["fields"].clone();
    for name in [
        "priority",
        "description",
        "components",
        "assignee",
        "parent",
        "customfield_10010",
        "labels",
    ] {
        let errors = json!({name: format!("Field '{name}' cannot be set. It is not on the appropriate screen, or unknown.")});
        let (fields, left_out) = reduced(Detail::Full, &errors).unwrap();
        assert_eq!(left_out, name);
        let mut expected = all.clone();
        expected.as_object_mut().unwrap().remove(name);
        assert_eq!(fields, expected, "{name}");
    }
    // In the language of the account.
    let german = "Feld 'labels' kann nicht festgelegt werden. Es befindet sich nicht im entsprechenden Bildschirm oder ist unbekannt.";
    let (fields, _) = reduced(Detail::Full, &json!({"labels": german})).unwrap();
    assert!(fields.get("labels").is_none());
    let two = json!({"priority": "x", "description": "y"});
    let (fields, left_out) = reduced(Detail::Full, &two).unwrap();
    assert_eq!(left_out, "priority, description");
    assert!(fields["components"].is_array());
    // A label that is not valid leaves the one by which the issue is found again.
    let (fields, _) = reduced(Detail::Full, &json!({"labels": "The label is too long."})).unwrap();
    let labels = fields["labels"].as_array().unwrap();
    assert!(labels.len() == 1 && labels[0].as_str().unwrap().starts_with("tocsin-"));
    // The minimal form has that label, too.
    assert_eq!(
        cloud().body(&full(), Detail::Minimal)["fields"]["labels"],
        fields["labels"]
    );
}

#[test]
fn a_request_that_cannot_succeed_is_not_repeated() {
    for errors in [
        json!({}),
        json!({"summary": "You must specify a summary of the issue."}),
        json!({"project": "valid project is required", "priority": "x"}),
        json!({"customfield_10020": "Team is required."}),
        json!({"customfield_10020": "Team is required.", "priority": "x"}),
    ] {
        assert_eq!(reduced(Detail::Full, &errors), None, "{errors}");
    }
}

#[test]
fn a_service_account_has_a_bearer_token() {
    let settings = json!({
        "deployment": "cloud", "siteUrl": "https://api.atlassian.com/ex/jira/11111111-2222",
        "browseUrl": "https://example.atlassian.net", "projectKey": "SEC", "issueType": "Task",
    });
    let service = ProviderFixture::new(Jira::default(), &settings, &json!({"token": "PLANTED"}));
    let request = service.request(&full(), Detail::Full);
    assert_eq!(
        request.address.expose().as_str(),
        "https://api.atlassian.com/ex/jira/11111111-2222/rest/api/3/issue"
    );
    assert_eq!(service.exposed_header("authorization"), "Bearer PLANTED");
    let receipt = service.receipt(&response(201, &[], r#"{"key":"SEC-7"}"#));
    assert_eq!(
        receipt.url.as_deref(),
        Some("https://example.atlassian.net/browse/SEC-7")
    );
}
