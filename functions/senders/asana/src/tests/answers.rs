use proptest::prelude::*;
use tocsin_core::outcome::FailureKind::{self, Throttled, Unavailable};

use super::*;

const TASK: &str = r#"{"data":{"gid":"1205000000000007","permalink_url":"https://app.asana.com/0/1204567890123456/1205000000000007"}}"#;

fn outcome(response: &Response) -> Outcome {
    with_context(&full(), Detail::Full, &plain(), |context| {
        Asana::default().outcome(context, response)
    })
}

#[test]
fn a_created_task_is_known_by_its_gid_and_page() {
    let Outcome::Delivered(receipt) = outcome(&answer(201, &[], TASK)) else {
        panic!()
    };
    assert_eq!(receipt.id.as_deref(), Some("1205000000000007"));
    assert_eq!(
        receipt.url.as_deref(),
        Some("https://app.asana.com/0/1204567890123456/1205000000000007")
    );
    let cut = r#"{"data":{"gid":"1205000000000007","permalink_url":"https://app.as"#;
    let Outcome::Delivered(receipt) = outcome(&answer(201, &[], cut)) else {
        panic!()
    };
    assert_eq!(
        receipt.url.as_deref(),
        Some("https://app.asana.com/0/0/1205000000000007")
    );
}

#[test]
fn what_looks_like_success_and_is_none_is_looked_up_before_it_is_repeated() {
    for (status, body) in [
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
    }
}

#[test]
fn refusals_are_permanent_and_told_in_asanas_words() {
    let said = |text: &str| {
        json!({"errors": [{"message": text, "help": "For more information…"}]}).to_string()
    };
    for (status, text, kind) in [
        (302, "moved", FailureKind::Redirected),
        (
            400,
            "xml_parsing_error: html_notes is not valid XML",
            FailureKind::Refused,
        ),
        (400, "projects: [0]: Not a Long: x", FailureKind::Refused),
        (401, "Not Authorized", FailureKind::Unauthorized),
        (
            402,
            "Custom fields are not available for free users",
            FailureKind::Misconfigured,
        ),
        (403, "Forbidden", FailureKind::Unauthorized),
        (
            404,
            "project: Unknown object: 1204567890123456",
            FailureKind::Misconfigured,
        ),
        (413, "too large", FailureKind::Refused),
        (
            451,
            "Unavailable For Legal Reasons",
            FailureKind::Misconfigured,
        ),
    ] {
        let outcome = outcome(&answer(status, &[], &said(text)));
        let Outcome::Permanent { failure } = &outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!((failure.kind, failure.status), (kind, Some(status)));
        assert_eq!(failure.detail, text);
    }
    let two =
        r#"{"errors":[{"message":"a"},{"message":"b","phrase":"6 sad squid snuggle softly"},{}]}"#;
    let told = outcome(&answer(400, &[], two));
    assert_eq!(
        told.failure().unwrap().detail,
        "a; b (phrase: 6 sad squid snuggle softly)"
    );
    let bare = outcome(&answer(400, &[], "<html>no</html>"));
    assert_eq!(bare.failure().unwrap().detail, "<html>no</html>");
}

#[test]
fn limits_and_outages_are_temporary_and_waits_are_honoured() {
    for (status, headers, expected) in [
        (429, vec![("retry-after", "30")], (Throttled, Some(30))),
        (
            429,
            vec![("retry-after", "Wed, 21 Oct 2015 07:30:00 GMT")],
            (Throttled, Some(120)),
        ),
        (429, vec![("retry-after", "86400")], (Throttled, Some(3600))),
        (429, vec![], (Throttled, None)),
        (408, vec![], (Unavailable, None)),
        (500, vec![], (Unavailable, None)),
        (502, vec![], (Unavailable, None)),
        (503, vec![("retry-after", "5")], (Unavailable, Some(5))),
        (504, vec![], (Unavailable, None)),
    ] {
        let outcome = outcome(&answer(status, &headers, ""));
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
        Asana::default().found(context, &answer(status, &[], body))
    })
}

#[test]
fn a_look_finds_the_task_with_the_marker() {
    let marker = format!("Tocsin delivery {}", delivery());
    let list = json!({"data": [
        {"gid": "1", "notes": "other"},
        {"gid": "2", "notes": "Tocsin delivery 0123456789abcdef"},
        {"gid": "3", "notes": format!("HIGH title\n\n{marker}\nadded by hand\n"), "permalink_url": "https://app.asana.com/0/9/3"},
        {"gid": "4"},
    ], "next_page": null});
    let text = list.to_string();
    let Lookup::Found(receipt) = found(200, &text) else {
        panic!()
    };
    assert_eq!(receipt.id.as_deref(), Some("3"));
    assert_eq!(receipt.url.as_deref(), Some("https://app.asana.com/0/9/3"));
    // Of a list that was cut off, what came before the cut counts.
    assert!(matches!(
        found(200, &text[..text.find("\"gid\":\"4").unwrap()]),
        Lookup::Found(_)
    ));
    // What came after it may be ours.
    for broken in [&text[..60], r#"{"data":["#, r#"{"data":[{"gid":"1"}]"#] {
        let Lookup::Failed(Outcome::Transient { failure, .. }) = found(200, broken) else {
            panic!("{broken}")
        };
        assert_eq!(failure.kind, FailureKind::NotUnderstood);
    }
    assert_eq!(found(200, r#"{"data":[]}"#), Lookup::Absent);
}

#[test]
fn what_a_task_is_given_is_what_a_look_finds() {
    let task = task(&request_of(&full(), Detail::Minimal, &plain()));
    let list = json!({"data": [{"gid": "3", "notes": task["notes"]}]});
    assert!(matches!(found(200, &list.to_string()), Lookup::Found(_)));
}

#[test]
fn a_look_that_fails_is_no_absence() {
    for (status, body, kind, transient) in [
        (200, "<html>", FailureKind::NotUnderstood, true),
        (200, "[]", FailureKind::NotUnderstood, true),
        (204, "", FailureKind::NotUnderstood, true),
        (503, "", Unavailable, true),
        (429, "", Throttled, true),
        (
            400,
            r#"{"errors":[{"message":"no"}]}"#,
            FailureKind::Misconfigured,
            false,
        ),
        (401, "", FailureKind::Unauthorized, false),
        (404, "", FailureKind::Misconfigured, false),
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

proptest! {
    #[test]
    fn no_answer_is_too_strange(status in 100u16..600, text in any::<String>()) {
        let response = answer(status, &[("retry-after", &text)], &text);
        prop_assert!(!matches!(outcome(&response), Outcome::Delivered(_)));
        prop_assert!(!matches!(found(status, &text), Lookup::Found(_)));
    }
}
