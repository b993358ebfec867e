use std::time::Duration;

use proptest::prelude::*;
use tocsin_core::outcome::FailureKind;
use tocsin_core::outcome::FailureKind::{Throttled, Unavailable};

use super::*;

fn outcome(response: &Response) -> Outcome {
    with_context(&full(), Detail::Full, &cloud(), |context| {
        Jira::default().outcome(context, response)
    })
}

#[test]
fn a_created_issue_is_known_by_its_key() {
    let response = answer(
        201,
        &[],
        r#"{"id":"10007","key":"SEC-7","self":"https://example.atlassian.net/rest/api/3/issue/10007"}"#,
    );
    let Outcome::Delivered(receipt) = outcome(&response) else {
        panic!()
    };
    assert_eq!(receipt.id.as_deref(), Some(KEY));
    assert_eq!(
        receipt.url.as_deref(),
        Some("https://example.atlassian.net/browse/SEC-7")
    );
}

#[test]
fn what_looks_like_success_and_is_none_is_looked_up_before_it_is_repeated() {
    for (status, body) in [
        (200, "<html>Log in</html>"),
        (200, r#"{"id":"10007","key":"SEC-7"}"#),
        (202, ""),
        (204, ""),
        (201, ""),
        (201, r#"{"id":"10007","ke"#),
        (201, r#"{"id":"10007","key":"../../x"}"#),
        (201, "[]"),
    ] {
        let outcome = outcome(&answer(status, &[], body));
        let Outcome::Transient {
            failure,
            retry_after: None,
        } = &outcome
        else {
            panic!("{outcome:?}")
        };
        assert_eq!(failure.kind, FailureKind::NotUnderstood, "{status} {body}");
        assert!(failure.kind.may_have_arrived());
    }
    // A cut behind the key does no harm.
    assert!(matches!(
        outcome(&answer(201, &[], r#"{"id":"10007","key":"SEC-7","sel"#)),
        Outcome::Delivered(_)
    ));
}

#[test]
fn refusals_are_permanent_and_told_in_jiras_words() {
    let errors = r#"{"errorMessages":["Something."],"errors":{"priority":"Field 'priority' cannot be set.","summary":"The summary is invalid because it contains newline characters."}}"#;
    for (status, body, kind, said) in [
        (302, "", FailureKind::Redirected, ""),
        (
            400,
            errors,
            FailureKind::Refused,
            "Something.; priority: Field 'priority' cannot be set.; summary: The summary is invalid because it contains newline characters.",
        ),
        (400, "<html>", FailureKind::Refused, "<html>"),
        (
            401,
            "Client must be authenticated",
            FailureKind::Unauthorized,
            "is the token still valid? API tokens expire after a year at most; Client must be authenticated",
        ),
        (403, r#"{"message":"no"}"#, FailureKind::Unauthorized, "no"),
        (
            404,
            r#"{"errorMessage":"Site temporarily unavailable"}"#,
            FailureKind::Misconfigured,
            r#"{"errorMessage":"Site temporarily unavailable"}"#,
        ),
        (405, "", FailureKind::Misconfigured, ""),
        (410, "", FailureKind::Misconfigured, ""),
        (413, "", FailureKind::Refused, ""),
        (415, "", FailureKind::Refused, ""),
        (422, errors, FailureKind::Refused, "Something.;"),
    ] {
        let outcome = outcome(&answer(status, &[], body));
        let Outcome::Permanent { failure } = &outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!((failure.kind, failure.status), (kind, Some(status)));
        assert!(failure.detail.starts_with(said), "{}", failure.detail);
    }
}

#[test]
fn limits_and_outages_are_temporary_and_waits_are_honoured() {
    let seconds = |status, headers: &[(&str, &str)]| match outcome(&answer(status, headers, "")) {
        Outcome::Transient {
            failure,
            retry_after,
        } => (failure.kind, retry_after.map(|wait| wait.as_secs())),
        other => panic!("{other:?}"),
    };
    for (status, headers, expected) in [
        (429, vec![("retry-after", "30")], (Throttled, Some(30))),
        (
            429,
            vec![("retry-after", "Wed, 21 Oct 2015 07:30:00 GMT")],
            (Throttled, Some(120)),
        ),
        (429, vec![("retry-after", "0")], (Throttled, Some(0))),
        (
            429,
            vec![("x-ratelimit-reset", "2015-10-21T07:28:45Z")],
            (Throttled, Some(45)),
        ),
        (
            429,
            vec![("x-ratelimit-reset", "2015-10-22T07:28Z")],
            (Throttled, Some(3600)),
        ),
        (429, vec![("x-ratelimit-reset", "soon")], (Throttled, None)),
        (429, vec![], (Throttled, None)),
        (503, vec![("retry-after", "5")], (Unavailable, Some(5))),
        (408, vec![], (Unavailable, None)),
        (500, vec![], (Unavailable, None)),
        (502, vec![], (Unavailable, None)),
        (504, vec![], (Unavailable, None)),
    ] {
        assert_eq!(seconds(status, &headers), expected, "{status} {headers:?}");
    }
    let limited = answer(429, &[("ratelimit-reason", "jira-burst-based")], "{}");
    assert_eq!(
        outcome(&limited).failure().unwrap().detail,
        "limit: jira-burst-based"
    );
    let wait = answer(
        429,
        &[
            ("retry-after", "7"),
            ("x-ratelimit-reset", "2015-10-21T08:28:00Z"),
        ],
        "",
    );
    assert!(
        matches!(outcome(&wait), Outcome::Transient { retry_after: Some(wait), .. } if wait == Duration::from_secs(7))
    );
}

#[test]
fn a_search_finds_says_no_or_fails_as_what_it_is() {
    let found = |status, body: &str| {
        with_context(&full(), Detail::Full, &cloud(), |context| {
            Jira::default().found(context, &answer(status, &[], body))
        })
    };
    let Lookup::Found(receipt) = found(
        200,
        r#"{"issues":[{"id":"1","key":"SEC-7","fields":{}}],"isLast":true}"#,
    ) else {
        panic!()
    };
    assert_eq!(receipt.id.as_deref(), Some(KEY));
    assert_eq!(found(200, r#"{"issues":[],"isLast":true}"#), Lookup::Absent);
    assert_eq!(
        found(200, r#"{"startAt":0,"total":0,"issues":[]}"#),
        Lookup::Absent
    );
    for (status, body, kind, transient) in [
        (200, "<html>", FailureKind::NotUnderstood, true),
        (
            200,
            r#"{"issues":[{"id":"1"}]}"#,
            FailureKind::NotUnderstood,
            true,
        ),
        (204, "", FailureKind::NotUnderstood, true),
        (503, "", FailureKind::Unavailable, true),
        (429, "", FailureKind::Throttled, true),
        (
            400,
            r#"{"errorMessages":["The value 'SEC' does not exist for the field 'project'."]}"#,
            FailureKind::Misconfigured,
            false,
        ),
        (401, "", FailureKind::Unauthorized, false),
        (302, "", FailureKind::Redirected, false),
    ] {
        let Lookup::Failed(outcome) = found(status, body) else {
            panic!("{status}")
        };
        assert_eq!(outcome.failure().unwrap().kind, kind);
        assert_eq!(
            matches!(outcome, Outcome::Transient { .. }),
            transient,
            "{status}"
        );
    }
}

proptest! {
    #[test]
    fn no_answer_is_too_strange(status in 100u16..600, text in any::<String>()) {
        let response = answer(status, &[("retry-after", &text)], &text);
        let delivered = matches!(outcome(&response), Outcome::Delivered(_));
        prop_assert!(!delivered);
    }
}
