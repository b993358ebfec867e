//! What ServiceNow answers, and what that comes to.

use tocsin_core::outcome::FailureKind::{
    Misconfigured, NotUnderstood, Redirected, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_core::outcome::Receipt;
use tocsin_testing::Expected::{Delivered, Permanent, Transient};
use tocsin_testing::{Row, answer, check_outcomes};

use super::*;

const SLEEPING: &str = "<html><h1>Your instance is hibernating</h1></html>";
const DATE: &str = "Wed, 21 Oct 2015 07:30:00 GMT";

fn outcomes(settings: &Settings, table: &[Row<'_>]) {
    check_outcomes(table, |response| {
        with_context(&full(), Detail::Full, settings, |context| {
            ServiceNow::default().outcome(context, response)
        })
    });
}

#[test]
fn answers_that_both_modes_share() {
    let aborted = r#"{"error":{"message":"Operation Failed","detail":"Operation against file 'incident' was aborted by Business Rule 'x'"},"status":"failure"}"#;
    let policy = r#"{"error":{"message":"Data Policy Exception: category is mandatory"},"status":"failure"}"#;
    let acl = r#"{"error":{"message":"Operation Failed","detail":"ACL Exception Insert Failed due to security constraints"},"status":"failure"}"#;
    let limit = r#"{"error":{"message":"Rate limit exceeded"},"status":"failure"}"#;
    let table: [Row<'_>; 30] = [
        (200, &[], SLEEPING, Transient(NotUnderstood, None)),
        (200, &[], "", Transient(NotUnderstood, None)),
        (200, &[], r#"{"result":"#, Transient(NotUnderstood, None)),
        (
            200,
            &[],
            r#"{"result":null}"#,
            Transient(NotUnderstood, None),
        ),
        (200, &[], r#"{"result":[]}"#, Transient(NotUnderstood, None)),
        (200, &[], limit, Transient(NotUnderstood, None)),
        (
            302,
            &[("location", "https://login.example")],
            "",
            Permanent(Redirected),
        ),
        (400, &[], "{}", Permanent(Refused)),
        (
            401,
            &[],
            r#"{"error":{"message":"User Not Authenticated"},"status":"failure"}"#,
            Permanent(Unauthorized),
        ),
        (403, &[], acl, Permanent(Unauthorized)),
        (403, &[], "<html>", Permanent(Unauthorized)),
        (403, &[], aborted, Permanent(Refused)),
        (403, &[], policy, Permanent(Refused)),
        (404, &[], "", Permanent(Misconfigured)),
        (405, &[], "", Permanent(Misconfigured)),
        (406, &[], "", Permanent(Misconfigured)),
        (408, &[], "", Transient(Unavailable, None)),
        (413, &[], "", Permanent(Refused)),
        (415, &[], "", Permanent(Refused)),
        (422, &[], "", Permanent(Refused)),
        (429, &[], limit, Transient(Throttled, None)),
        (
            429,
            &[("retry-after", "17")],
            limit,
            Transient(Throttled, Some(17)),
        ),
        (
            429,
            &[("retry-after", "3599"), ("x-ratelimit-reset", "1445412490")],
            limit,
            Transient(Throttled, Some(3599)),
        ),
        (
            429,
            &[("retry-after", DATE)],
            "",
            Transient(Throttled, Some(120)),
        ),
        (
            429,
            &[("x-ratelimit-reset", "1445412490")],
            limit,
            Transient(Throttled, Some(10)),
        ),
        (
            429,
            &[("x-ratelimit-reset", "9223372036854775807")],
            limit,
            Transient(Throttled, None),
        ),
        (500, &[], "", Transient(Unavailable, None)),
        (502, &[], SLEEPING, Transient(Unavailable, None)),
        (
            503,
            &[("retry-after", "5")],
            "",
            Transient(Unavailable, Some(5)),
        ),
        (504, &[], "", Transient(Unavailable, None)),
    ];
    outcomes(&incidents(), &table);
    outcomes(&events(), &table);
}

#[test]
fn an_incident_is_made_when_its_id_comes_back() {
    outcomes(
        &incidents(),
        &[
            (
                201,
                &[],
                r#"{"result":{"sys_id":"a1","number":"INC1"}}"#,
                Delivered,
            ),
            (200, &[], r#"{"result":{"sys_id":"a1"}}"#, Delivered),
            (
                201,
                &[],
                r#"{"result":{"sys_id":"","number":"INC1"}}"#,
                Transient(NotUnderstood, None),
            ),
            (
                201,
                &[],
                r#"{"result":{"sys_id":"a&b=c","number":"INC1"}}"#,
                Transient(NotUnderstood, None),
            ),
            (
                201,
                &[],
                r#"{"result":{"sys_id":"a1","num"#,
                Transient(NotUnderstood, None),
            ),
        ],
    );
    let made = answer(
        201,
        &[],
        r#"{"result":{"sys_id":"9d385017c611228701d22104cc95c371","number":"INC0010023"}}"#,
    );
    let outcome = with_context(&full(), Detail::Full, &incidents(), |context| {
        ServiceNow::default().outcome(context, &made)
    });
    assert_eq!(outcome, Outcome::Delivered(Receipt {
        id: Some("INC0010023".to_owned()),
        url: Some("https://acme.service-now.com/nav_to.do?uri=incident.do%3Fsys_id%3D9d385017c611228701d22104cc95c371".to_owned()),
        remark: None,
    }));
}

#[test]
fn an_event_is_taken_when_the_instance_says_so() {
    outcomes(
        &events(),
        &[
            (
                200,
                &[],
                r#"{"result":{"Default Bulk Endpoint":"1 events were inserted"}}"#,
                Delivered,
            ),
            (201, &[], r#"{"result":{}}"#, Delivered),
            (
                200,
                &[],
                r#"{"result":{"Default Bulk Endpoint":"0 events were inserted"}}"#,
                Permanent(Refused),
            ),
            (
                200,
                &[],
                r#"{"result":"ok"}"#,
                Transient(NotUnderstood, None),
            ),
        ],
    );
    let taken = answer(
        200,
        &[],
        r#"{"result":{"Default Bulk Endpoint":"1 events were inserted"}}"#,
    );
    let outcome = with_context(&full(), Detail::Full, &events(), |context| {
        ServiceNow::default().outcome(context, &taken)
    });
    let Outcome::Delivered(receipt) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        receipt.id.as_deref(),
        Some("b90c19e66e160e194a5b3b94ec27fb7c")
    );
    assert!(
        receipt
            .url
            .unwrap()
            .ends_with("message_key%3Db90c19e66e160e194a5b3b94ec27fb7c")
    );
}

fn found(status: u16, headers: &[(&str, &str)], body: &str) -> Lookup {
    with_context(&full(), Detail::Full, &incidents(), |context| {
        ServiceNow::default().found(context, &answer(status, headers, body))
    })
}

#[test]
fn only_the_very_incident_of_this_delivery_is_found() {
    let ours = json!({
        "sys_id": "a1", "number": "INC1",
        "correlation_id": full().alert_id.as_str(),
        "correlation_display": format!("Tocsin:{}", delivery()),
    });
    let mut another_alerts = ours.clone();
    another_alerts["correlation_id"] = json!("another");
    let mut another_destinations = ours.clone();
    another_destinations["correlation_display"] = json!("Tocsin:another");
    let unseen = json!({"sys_id": "a1", "number": "INC1"});
    let result = |incidents: &[&Value]| json!({"result": incidents}).to_string();

    let Lookup::Found(receipt) = found(200, &[], &result(&[&another_destinations, &ours])) else {
        panic!()
    };
    assert_eq!(receipt.id.as_deref(), Some("INC1"));
    assert!(receipt.url.is_some() && receipt.remark.is_some());
    for others in [
        vec![],
        vec![&another_alerts, &another_destinations],
        vec![&unseen],
    ] {
        assert_eq!(found(200, &[], &result(&others)), Lookup::Absent);
    }
}

#[test]
fn a_failed_question_is_no_answer() {
    let nothing = r#"{"error":{"message":"No Record found","detail":"Record doesn't exist or ACL restricts the record retrieval"},"status":"failure"}"#;
    assert_eq!(found(404, &[], nothing), Lookup::Absent);
    // Whoever may create need not be allowed to read.
    assert_eq!(found(403, &[], "{}"), Lookup::Absent);
    for (status, body, expected) in [
        // Of the question, so no other form of the incident would help.
        (400, "{}", Misconfigured),
        (404, "", Misconfigured),
        (401, "", Unauthorized),
        (302, "", Redirected),
        (429, "", Throttled),
        (503, "", Unavailable),
        (200, SLEEPING, NotUnderstood),
        (200, r#"{"result":[{"sys_id":"a1""#, NotUnderstood),
        (202, r#"{"result":[]}"#, NotUnderstood),
    ] {
        let Lookup::Failed(outcome) = found(status, &[], body) else {
            panic!("{status} {body}")
        };
        assert_eq!(outcome.failure().unwrap().kind, expected, "{status} {body}");
    }
    let Lookup::Failed(Outcome::Transient { retry_after, .. }) =
        found(429, &[("retry-after", "7")], "")
    else {
        panic!()
    };
    assert_eq!(retry_after.map(|wait| wait.as_secs()), Some(7));
}
