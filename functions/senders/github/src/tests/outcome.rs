use proptest::prelude::*;
use tocsin_core::outcome::FailureKind::{
    self, Misconfigured, NotUnderstood, Redirected, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_testing::Expected::{Rejected, Transient};

use super::*;

#[test]
fn a_receipt_has_the_number_and_page_of_the_issue() {
    let body = r#"{"number": 7, "html_url": "https://github.com/octo-org/alerts/issues/7"}"#;
    let receipt = plain().receipt(&response(201, &[], body));
    assert_eq!(receipt.id.as_deref(), Some("7"));
    assert_eq!(
        receipt.url.as_deref(),
        Some("https://github.com/octo-org/alerts/issues/7")
    );
    assert_eq!(receipt.remark, None);
}

/// The response repeats the issue's body, and at most 64 KB of it are read.
#[test]
fn a_response_that_was_cut_off_still_has_the_number() {
    let location = [(
        "location",
        "https://api.github.com/repos/octo-org/alerts/issues/7",
    )];
    for body in [
        "",
        "{\"url\": \"https",
        "<html>",
        "{\"number\": 7, \"body\": \"cut",
    ] {
        let receipt = configured().receipt(&response(201, &location, body));
        assert_eq!(receipt.id.as_deref(), Some("7"));
        assert_eq!(
            receipt.url.as_deref(),
            Some("https://github.example.com/octo-org/alerts/issues/7")
        );
        assert_eq!(receipt.remark, None);
    }
}

#[test]
fn a_remark_names_what_github_dropped() {
    let remark = |body: &str| configured().receipt(&response(201, &[], body)).remark;
    assert_eq!(
        remark(r#"{"number": 7, "labels": [], "assignees": []}"#).unwrap(),
        "GitHub left out the labels alert, severity:high and the assignees octocat and the type Bug: the token's account may not set them"
    );
    let some = r#"{"number": 7, "labels": [{"name": "Alert"}, "severity:high"], "assignees": []}"#;
    assert!(
        remark(some)
            .unwrap()
            .starts_with("GitHub left out the assignees octocat and the type Bug:")
    );
    let all = r#"{"number": 7, "labels": [{"name": "alert"}, {"name": "severity:high"}], "assignees": [{"login": "Octocat"}], "type": {"id": 1, "name": "bug"}}"#;
    assert_eq!(remark(all), None);
}

#[test]
fn a_success_without_an_issue_is_not_understood() {
    plain().check_not_understood(&[
        (200, r#"[{"number": 6}]"#),
        (200, r#"{"number": 7}"#),
        (200, "<html>Sign in</html>"),
        (202, ""),
        (204, ""),
        (201, ""),
        (201, "<html>"),
        (201, r#"{"num"#),
    ]);
    let login = response(201, &[("location", "/login")], "");
    let outcome = plain().outcome(&login);
    assert_eq!(outcome.failure().unwrap().kind, NotUnderstood);
}

#[test]
fn rejections_have_githubs_messages() {
    let invalid = r#"{"message": "Validation Failed", "errors": [{"resource": "Issue", "field": "title", "code": "missing_field"}, {"message": "body is too long (maximum is 65536 characters)"}, "and more"]}"#;
    plain().check_rejections(&[
        (
            301,
            r#"{"message": "Moved Permanently"}"#,
            Redirected,
            "Moved Permanently",
        ),
        (302, "", Redirected, ""),
        (
            400,
            r#"{"message": "Problems parsing JSON"}"#,
            Refused,
            "Problems parsing JSON",
        ),
        (
            401,
            r#"{"message": "Bad credentials"}"#,
            Unauthorized,
            "Bad credentials",
        ),
        (
            403,
            r#"{"message": "Resource not accessible by personal access token"}"#,
            Unauthorized,
            "Resource not accessible by personal access token",
        ),
        (403, "<html>", Unauthorized, "<html>"),
        (
            404,
            r#"{"message": "Not Found"}"#,
            Misconfigured,
            "Not Found",
        ),
        (
            410,
            r#"{"message": "Issues are disabled for this repo"}"#,
            Misconfigured,
            "Issues are disabled for this repo",
        ),
        (413, "", Refused, ""),
        (
            422,
            invalid,
            Refused,
            "Validation Failed: title missing_field; body is too long (maximum is 65536 characters); and more",
        ),
        (451, "", Misconfigured, ""),
    ]);
    // A rate limit that is not exhausted does not change the meaning of 403.
    let remaining = &[("x-ratelimit-remaining", "4999")];
    plain().check_outcomes(&[(403, remaining, "", Rejected(Unauthorized))]);
}

#[test]
fn rate_limits_are_distinguished_from_rejections() {
    let secondary = r#"{"message": "You have exceeded a secondary rate limit. Please wait."}"#;
    let exhausted = ("x-ratelimit-remaining", "0");
    // 1445412480 is 07:28:00, the time of the response.
    plain().check_outcomes(&[
        (
            403,
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
            403,
            &[exhausted, ("x-ratelimit-reset", "1445412525")],
            "",
            Transient(Throttled, Some(45)),
        ),
        (
            429,
            &[exhausted, ("x-ratelimit-reset", "1445499000")],
            "",
            Transient(Throttled, Some(3600)),
        ),
        (
            403,
            &[exhausted, ("x-ratelimit-reset", "1445412000")],
            "",
            Transient(Throttled, Some(0)),
        ),
        (
            403,
            &[exhausted, ("x-ratelimit-reset", "9223372036854775807")],
            "",
            Transient(Throttled, Some(60)),
        ),
        (403, &[exhausted], "", Transient(Throttled, Some(60))),
        (
            403,
            &[("x-ratelimit-remaining", "4000")],
            secondary,
            Transient(Throttled, Some(60)),
        ),
        (429, &[], secondary, Transient(Throttled, Some(60))),
        (429, &[], "", Transient(Throttled, Some(60))),
        (
            422,
            &[],
            r#"{"message": "Validation Failed", "errors": [{"resource": "Issue", "code": "custom", "message": "was submitted too quickly"}]}"#,
            Transient(Throttled, Some(60)),
        ),
        (
            422,
            &[("retry-after", "30")],
            "was submitted too quickly",
            Transient(Throttled, Some(30)),
        ),
        (408, &[], "", Transient(Unavailable, None)),
        (500, &[], "<html>", Transient(Unavailable, None)),
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
fn a_lookup_finds_the_issue_that_begins_with_the_marker() {
    let id = delivery();
    let issue = |number: u64, body: &str| json!({"number": number, "html_url": format!("https://github.com/o/r/issues/{number}"), "body": body});
    let marked = format!("<!-- tocsin-delivery:{id} -->\n\nbody");
    let quoted = format!("> <!-- tocsin-delivery:{id} -->");
    let list = json!([issue(9, "other"), issue(8, &quoted), issue(7, &marked), {"number": 6, "body": null}]);
    let Lookup::Found(receipt) = lookup(200, &list.to_string()) else {
        panic!()
    };
    assert_eq!(receipt.id.as_deref(), Some("7"));
    assert_eq!(
        receipt.url.as_deref(),
        Some("https://github.com/o/r/issues/7")
    );
    // The part of a list before a cut counts.
    let text = list.to_string();
    let cut = text.find("\"number\":6").unwrap();
    assert!(matches!(lookup(200, &text[..cut]), Lookup::Found(_)));
    // The part after it may contain the issue.
    for broken in [
        &text[..200],
        &text[..text.len() - 1],
        "[",
        r#"[{"number": 1}"#,
    ] {
        let text = broken.replace("tocsin-delivery", "another");
        let Lookup::Failed(Outcome::Transient { failure, .. }) = lookup(200, &text) else {
            panic!("{text}")
        };
        assert_eq!(failure.kind, FailureKind::NotUnderstood);
    }
    assert_eq!(lookup(200, "[]"), Lookup::Absent);
}

#[test]
fn a_failed_lookup_does_not_prove_absence() {
    plain().check_failed_lookups(&[
        (200, &[], "<html>", Transient(NotUnderstood, None)),
        (
            200,
            &[],
            r#"{"message": "x"}"#,
            Transient(NotUnderstood, None),
        ),
        (204, &[], "", Transient(NotUnderstood, None)),
        (503, &[], "", Transient(Unavailable, None)),
        (429, &[], "", Transient(Throttled, Some(60))),
        (
            403,
            &[],
            "secondary rate limit",
            Transient(Throttled, Some(60)),
        ),
        (401, &[], "", Rejected(Unauthorized)),
        (404, &[], "", Rejected(Misconfigured)),
        (422, &[], r#"{"message": "no"}"#, Rejected(Misconfigured)),
        (301, &[], "", Rejected(Redirected)),
    ]);
}

fn followed(request: &Request, status: u16, location: &str) -> Option<Request> {
    let moved = response(status, &[("location", location)], "");
    plain().follow_redirect(request, &moved)
}

#[test]
fn a_redirect_to_a_renamed_repository_is_followed_once_on_the_same_host() {
    const NEW: &str = "https://api.github.com/repositories/1296269/issues";
    let request = plain().request(&full(), Detail::Full);
    for status in [301, 307, 308] {
        let next = followed(&request, status, NEW).unwrap();
        assert_eq!(next.address.to_string(), NEW);
        assert_eq!((next.method, &next.body), (request.method, &request.body));
        assert_eq!(next.headers.len(), request.headers.len());
        assert!(
            followed(
                &next,
                status,
                "https://api.github.com/repositories/2/issues"
            )
            .is_none()
        );
    }
    assert!(followed(&request, 301, "/repositories/1296269/issues").is_some());
    for (status, location) in [
        (302, NEW),
        (303, NEW),
        (201, NEW),
        (301, "https://evil.example/repositories/1/issues"),
        (301, "http://api.github.com/repositories/1/issues"),
        (301, "https://api.github.com:8443/repositories/1/issues"),
        (301, "https://x@api.github.com/repositories/1/issues"),
        (301, "//evil.example/x"),
        (301, "https://api.github.com/repos/octo-org/alerts/issues"),
        (301, "https://["),
    ] {
        assert!(
            followed(&request, status, location).is_none(),
            "{status} {location}"
        );
    }
    let list = plain().lookup(&full()).unwrap();
    let next = followed(&list, 301, NEW).unwrap();
    assert_eq!(next.address.expose().query(), list.address.expose().query());
}

proptest! {
    #[test]
    fn no_unknown_response_is_a_success(status in 100u16..600, text in any::<String>()) {
        let headers = [("retry-after", &*text), ("x-ratelimit-reset", &*text), ("location", &*text)];
        let outcome = plain().outcome(&response(status, &headers, &text));
        prop_assert!(status == 201 || !matches!(outcome, Outcome::Delivered(_)));
        let request = plain().request(&full(), Detail::Full);
        if let Some(next) = followed(&request, status, &text) {
            prop_assert_eq!(next.address.expose().origin(), request.address.expose().origin());
        }
    }
}
