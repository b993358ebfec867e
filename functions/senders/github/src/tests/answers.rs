use proptest::prelude::*;
use tocsin_core::outcome::FailureKind::{self, Throttled, Unavailable};

use super::*;

fn outcome_with(settings: &Settings, response: &Response) -> Outcome {
    with_context(&full(), Detail::Full, settings, |context| {
        GitHub::default().outcome(context, response)
    })
}

fn outcome(response: &Response) -> Outcome {
    outcome_with(&plain(), response)
}

fn receipt(outcome: Outcome) -> tocsin_core::outcome::Receipt {
    match outcome {
        Outcome::Delivered(receipt) => receipt,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_created_issue_is_known_by_its_number_and_page() {
    let body = r#"{"number": 7, "html_url": "https://github.com/octo-org/alerts/issues/7"}"#;
    let receipt = receipt(outcome(&answer(201, &[], body)));
    assert_eq!(receipt.id.as_deref(), Some("7"));
    assert_eq!(
        receipt.url.as_deref(),
        Some("https://github.com/octo-org/alerts/issues/7")
    );
    assert_eq!(receipt.remark, None);
}

/// An issue's body comes back with the answer, which is read up to 64 KB.
#[test]
fn an_answer_that_was_cut_off_still_has_its_number() {
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
        let receipt = receipt(outcome_with(&labelled(), &answer(201, &location, body)));
        assert_eq!(receipt.id.as_deref(), Some("7"));
        assert_eq!(
            receipt.url.as_deref(),
            Some("https://github.example.com/octo-org/alerts/issues/7")
        );
        assert_eq!(receipt.remark, None);
    }
}

#[test]
fn what_github_dropped_is_remarked() {
    let remark = |body: &str| receipt(outcome_with(&labelled(), &answer(201, &[], body))).remark;
    assert_eq!(
        remark(r#"{"number": 7, "labels": [], "assignees": []}"#).unwrap(),
        "GitHub left out the labels alert, severity:high and the assignees octocat: the token's account may not set them"
    );
    let some = r#"{"number": 7, "labels": [{"name": "Alert"}, "severity:high"], "assignees": []}"#;
    assert!(
        remark(some)
            .unwrap()
            .starts_with("GitHub left out the assignees octocat:")
    );
    let all = r#"{"number": 7, "labels": [{"name": "alert"}, {"name": "severity:high"}], "assignees": [{"login": "Octocat"}]}"#;
    assert_eq!(remark(all), None);
}

#[test]
fn what_looks_like_success_and_is_none_is_looked_up_before_it_is_repeated() {
    for (status, body) in [
        (200, r#"[{"number": 6}]"#),
        (200, r#"{"number": 7}"#),
        (200, "<html>Sign in</html>"),
        (202, ""),
        (204, ""),
        (201, ""),
        (201, "<html>"),
        (201, r#"{"num"#),
    ] {
        let outcome = outcome(&answer(status, &[("location", "/login")], body));
        let Outcome::Transient {
            failure,
            retry_after: None,
        } = &outcome
        else {
            panic!("{outcome:?}")
        };
        assert_eq!(failure.kind, FailureKind::NotUnderstood, "{status} {body}");
    }
}

#[test]
fn refusals_are_permanent_and_told_in_githubs_words() {
    let invalid = r#"{"message": "Validation Failed", "errors": [{"resource": "Issue", "field": "title", "code": "missing_field"}, {"message": "body is too long (maximum is 65536 characters)"}, "and more"]}"#;
    for (status, body, kind, said) in [
        (
            301,
            r#"{"message": "Moved Permanently"}"#,
            FailureKind::Redirected,
            "Moved Permanently",
        ),
        (302, "", FailureKind::Redirected, ""),
        (
            400,
            r#"{"message": "Problems parsing JSON"}"#,
            FailureKind::Refused,
            "Problems parsing JSON",
        ),
        (
            401,
            r#"{"message": "Bad credentials"}"#,
            FailureKind::Unauthorized,
            "Bad credentials",
        ),
        (
            403,
            r#"{"message": "Resource not accessible by personal access token"}"#,
            FailureKind::Unauthorized,
            "Resource not accessible by personal access token",
        ),
        (403, "<html>", FailureKind::Unauthorized, "<html>"),
        (
            404,
            r#"{"message": "Not Found"}"#,
            FailureKind::Misconfigured,
            "Not Found",
        ),
        (
            410,
            r#"{"message": "Issues are disabled for this repo"}"#,
            FailureKind::Misconfigured,
            "Issues are disabled for this repo",
        ),
        (413, "", FailureKind::Refused, ""),
        (
            422,
            invalid,
            FailureKind::Refused,
            "Validation Failed: title missing_field; body is too long (maximum is 65536 characters); and more",
        ),
        (451, "", FailureKind::Misconfigured, ""),
    ] {
        let outcome = outcome(&answer(status, &[("x-ratelimit-remaining", "4999")], body));
        let Outcome::Permanent { failure } = &outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!((failure.kind, failure.status), (kind, Some(status)));
        assert_eq!(failure.detail, said);
    }
}

#[test]
fn limits_are_told_from_refusals_and_waits_are_honoured() {
    let secondary = r#"{"message": "You have exceeded a secondary rate limit. Please wait."}"#;
    let used_up = ("x-ratelimit-remaining", "0");
    // 1445412480 is 07:28:00, the moment of the answer.
    for (status, headers, body, expected) in [
        (403, vec![("retry-after", "30")], "", (Throttled, Some(30))),
        (
            429,
            vec![("retry-after", "Wed, 21 Oct 2015 07:30:00 GMT")],
            "",
            (Throttled, Some(120)),
        ),
        (
            403,
            vec![used_up, ("x-ratelimit-reset", "1445412525")],
            "",
            (Throttled, Some(45)),
        ),
        (
            429,
            vec![used_up, ("x-ratelimit-reset", "1445499000")],
            "",
            (Throttled, Some(3600)),
        ),
        (
            403,
            vec![used_up, ("x-ratelimit-reset", "1445412000")],
            "",
            (Throttled, Some(0)),
        ),
        (
            403,
            vec![used_up, ("x-ratelimit-reset", "9223372036854775807")],
            "",
            (Throttled, Some(60)),
        ),
        (403, vec![used_up], "", (Throttled, Some(60))),
        (
            403,
            vec![("x-ratelimit-remaining", "4000")],
            secondary,
            (Throttled, Some(60)),
        ),
        (429, vec![], secondary, (Throttled, Some(60))),
        (429, vec![], "", (Throttled, Some(60))),
        (408, vec![], "", (Unavailable, None)),
        (500, vec![], "<html>", (Unavailable, None)),
        (502, vec![], "", (Unavailable, None)),
        (503, vec![("retry-after", "5")], "", (Unavailable, Some(5))),
        (504, vec![], "", (Unavailable, None)),
    ] {
        let outcome = outcome(&answer(status, &headers, body));
        let Outcome::Transient {
            failure,
            retry_after,
        } = outcome
        else {
            panic!("{outcome:?}")
        };
        let got = (failure.kind, retry_after.map(|wait| wait.as_secs()));
        assert_eq!(got, expected, "{status} {headers:?}");
    }
}

fn found(status: u16, body: &str) -> Lookup {
    with_context(&full(), Detail::Full, &plain(), |context| {
        GitHub::default().found(context, &answer(status, &[], body))
    })
}

#[test]
fn a_look_finds_the_issue_that_begins_with_the_marker() {
    let id = delivery();
    let issue = |number: u64, body: &str| json!({"number": number, "html_url": format!("https://github.com/o/r/issues/{number}"), "body": body});
    let ours = format!("<!-- tocsin-delivery:{id} -->\n\nbody");
    let quoted = format!("> <!-- tocsin-delivery:{id} -->");
    let list =
        json!([issue(9, "other"), issue(8, &quoted), issue(7, &ours), {"number": 6, "body": null}]);
    let Lookup::Found(receipt) = found(200, &list.to_string()) else {
        panic!()
    };
    assert_eq!(receipt.id.as_deref(), Some("7"));
    assert_eq!(
        receipt.url.as_deref(),
        Some("https://github.com/o/r/issues/7")
    );
    // Of a list that was cut off, what came before the cut counts.
    let text = list.to_string();
    let cut = text.find("\"number\":6").unwrap();
    assert!(matches!(found(200, &text[..cut]), Lookup::Found(_)));
    // What came after it may be ours.
    for broken in [
        &text[..200],
        &text[..text.len() - 1],
        "[",
        r#"[{"number": 1}"#,
    ] {
        let text = broken.replace("tocsin-delivery", "another");
        let Lookup::Failed(Outcome::Transient { failure, .. }) = found(200, &text) else {
            panic!("{text}")
        };
        assert_eq!(failure.kind, FailureKind::NotUnderstood);
    }
    assert_eq!(found(200, "[]"), Lookup::Absent);
}

#[test]
fn a_look_that_fails_is_no_absence() {
    for (status, body, kind, transient) in [
        (200, "<html>", FailureKind::NotUnderstood, true),
        (200, r#"{"message": "x"}"#, FailureKind::NotUnderstood, true),
        (204, "", FailureKind::NotUnderstood, true),
        (503, "", Unavailable, true),
        (429, "", Throttled, true),
        (403, "secondary rate limit", Throttled, true),
        (401, "", FailureKind::Unauthorized, false),
        (404, "", FailureKind::Misconfigured, false),
        (
            422,
            r#"{"message": "no"}"#,
            FailureKind::Misconfigured,
            false,
        ),
        (301, "", FailureKind::Redirected, false),
    ] {
        let Lookup::Failed(outcome) = found(status, body) else {
            panic!("{status}")
        };
        assert_eq!(outcome.failure().unwrap().kind, kind, "{status}");
        assert_eq!(
            matches!(outcome, Outcome::Transient { .. }),
            transient,
            "{status}"
        );
    }
}

fn followed(asked: &Request, status: u16, location: &str) -> Option<Request> {
    let moved = answer(status, &[("location", location)], "");
    with_context(&full(), Detail::Full, &plain(), |context| {
        GitHub::default().follow(context, asked, &moved)
    })
}

#[test]
fn a_renamed_repository_is_followed_once_on_its_own_host_with_the_same_request() {
    const NEW: &str = "https://api.github.com/repositories/1296269/issues";
    let asked = request_of(&full(), Detail::Full, &plain());
    for status in [301, 307, 308] {
        let next = followed(&asked, status, NEW).unwrap();
        assert_eq!(next.address.to_string(), NEW);
        assert_eq!((next.method, &next.body), (asked.method, &asked.body));
        assert_eq!(next.headers.len(), asked.headers.len());
        assert!(
            followed(
                &next,
                status,
                "https://api.github.com/repositories/2/issues"
            )
            .is_none()
        );
    }
    assert!(followed(&asked, 301, "/repositories/1296269/issues").is_some());
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
            followed(&asked, status, location).is_none(),
            "{status} {location}"
        );
    }
    let list = with_context(&full(), Detail::Full, &plain(), |context| {
        GitHub::default().lookup(context)
    });
    let list = list.unwrap().unwrap();
    let next = followed(&list, 301, NEW).unwrap();
    assert_eq!(next.address.expose().query(), list.address.expose().query());
}

proptest! {
    #[test]
    fn no_answer_is_too_strange(status in 100u16..600, text in any::<String>()) {
        let headers = [("retry-after", &*text), ("x-ratelimit-reset", &*text), ("location", &*text)];
        let response = answer(status, &headers, &text);
        prop_assert!(status == 201 || !matches!(outcome(&response), Outcome::Delivered(_)));
        let asked = request_of(&full(), Detail::Full, &plain());
        if let Some(next) = followed(&asked, status, &text) {
            prop_assert_eq!(next.address.expose().origin(), asked.address.expose().origin());
        }
    }
}
