use tocsin_core::alert::Severity;
use tocsin_core::outcome::FailureKind::{
    Misconfigured, NotUnderstood, Redirected, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_core::outcome::Receipt;
use tocsin_testing::Expected::{Delivered, Rejected, Transient};
use tocsin_testing::Row;

use super::*;

const SLEEPING: &str = "<html><h1>Your instance is hibernating</h1></html>";
const DATE: &str = "Wed, 21 Oct 2015 07:30:00 GMT";

#[test]
fn both_modes_share_most_outcomes() {
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
            Rejected(Redirected),
        ),
        (400, &[], "{}", Rejected(Refused)),
        (
            401,
            &[],
            r#"{"error":{"message":"User Not Authenticated"},"status":"failure"}"#,
            Rejected(Unauthorized),
        ),
        (403, &[], acl, Rejected(Unauthorized)),
        (403, &[], "<html>", Rejected(Unauthorized)),
        (403, &[], aborted, Rejected(Refused)),
        (403, &[], policy, Rejected(Refused)),
        (404, &[], "", Rejected(Misconfigured)),
        (405, &[], "", Rejected(Misconfigured)),
        (406, &[], "", Rejected(Misconfigured)),
        (408, &[], "", Transient(Unavailable, None)),
        (413, &[], "", Rejected(Refused)),
        (415, &[], "", Rejected(Refused)),
        (422, &[], "", Rejected(Refused)),
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
    incidents().check_outcomes(&table);
    events().check_outcomes(&table);
}

#[test]
fn an_incident_is_created_if_the_response_has_its_id() {
    incidents().check_outcomes(&[
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
    ]);
    let created = response(
        201,
        &[],
        r#"{"result":{"sys_id":"9d385017c611228701d22104cc95c371","number":"INC0010023"}}"#,
    );
    assert_eq!(incidents().receipt(&created), Receipt {
        id: Some("INC0010023".to_owned()),
        url: Some("https://acme.service-now.com/nav_to.do?uri=incident.do%3Fsys_id%3D9d385017c611228701d22104cc95c371".to_owned()),
        remark: None,
    });
}

#[test]
fn an_event_is_inserted_if_the_response_says_so() {
    events().check_outcomes(&[
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
            Rejected(Refused),
        ),
        (
            200,
            &[],
            r#"{"result":"ok"}"#,
            Transient(NotUnderstood, None),
        ),
    ]);
    let inserted = response(
        200,
        &[],
        r#"{"result":{"Default Bulk Endpoint":"1 events were inserted"}}"#,
    );
    let receipt = events().receipt(&inserted);
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

fn lookup(status: u16, body: &str) -> Lookup {
    incidents().parse_lookup(&response(status, &[], body))
}

#[test]
fn a_lookup_finds_only_the_incident_of_this_delivery() {
    let created = json!({
        "sys_id": "a1", "number": "INC1",
        "correlation_id": full().alert_id.as_str(),
        "correlation_display": format!("Tocsin:{}", delivery()),
    });
    let mut of_another_alert = created.clone();
    of_another_alert["correlation_id"] = json!("another");
    let mut of_another_destination = created.clone();
    of_another_destination["correlation_display"] = json!("Tocsin:another");
    let without_fields = json!({"sys_id": "a1", "number": "INC1"});
    let result = |incidents: &[&Value]| json!({"result": incidents}).to_string();

    let Lookup::Found(receipt) = lookup(200, &result(&[&of_another_destination, &created])) else {
        panic!()
    };
    assert_eq!(receipt.id.as_deref(), Some("INC1"));
    assert!(receipt.url.is_some() && receipt.remark.is_some());
    for others in [
        vec![],
        vec![&of_another_alert, &of_another_destination],
        vec![&without_fields],
    ] {
        assert_eq!(lookup(200, &result(&others)), Lookup::Absent);
    }
}

#[test]
fn a_failed_lookup_does_not_prove_absence() {
    let nothing = r#"{"error":{"message":"No Record found","detail":"Record doesn't exist or ACL restricts the record retrieval"},"status":"failure"}"#;
    assert_eq!(lookup(404, nothing), Lookup::Absent);
    let cut = r#"{"result":[{"sys_id":"a1""#;
    incidents().check_failed_lookups(&[
        // The lookup was refused, so another form of the incident would not help.
        (400, &[], "{}", Rejected(Misconfigured)),
        (404, &[], "", Rejected(Misconfigured)),
        (401, &[], "", Rejected(Unauthorized)),
        // An account that may create is not always allowed to read: the incident is created,
        // with a remark.
        (403, &[], "{}", Rejected(Unauthorized)),
        (302, &[], "", Rejected(Redirected)),
        (429, &[], "", Transient(Throttled, None)),
        (
            429,
            &[("retry-after", "7")],
            "",
            Transient(Throttled, Some(7)),
        ),
        (503, &[], "", Transient(Unavailable, None)),
        (200, &[], SLEEPING, Transient(NotUnderstood, None)),
        (200, &[], cut, Transient(NotUnderstood, None)),
        (202, &[], r#"{"result":[]}"#, Transient(NotUnderstood, None)),
    ]);
}

/// An incident of this finding, as a lookup shows it.
fn of_finding(display: &str) -> Value {
    json!({
        "sys_id": "a1", "number": "INC1", "correlation_id": full().alert_id.as_str(),
        "correlation_display": format!("Tocsin:{}{display}", delivery()),
        "active": "true", "state": "2", "impact": "2", "urgency": "1",
    })
}

/// The request that adds an update of [`full`] to the incidents that a lookup shows.
fn update(severity: Severity, incidents_shown: &[Value]) -> Option<Request> {
    let mut alert = full().with_derived_id();
    alert.severity = severity;
    let body = json!({"result": incidents_shown}).to_string();
    let destination = incidents();
    destination.with_context(&alert, Detail::Full, |context| {
        assert!(destination.provider.joins_earlier(context));
        let response = response(200, &[], &body);
        destination.provider.update(context, &response).unwrap()
    })
}

#[test]
fn an_update_is_added_to_the_open_incident_of_its_finding() {
    let request = update(Severity::High, &[of_finding("")]).unwrap();
    snapshot("update", &request.to_string());
    let not = |column: &str, value: &str| {
        let mut incident = of_finding("~another");
        incident[column] = json!(value);
        incident
    };
    for other in [
        not("active", "false"),
        not("active", ""),
        not("state", "6"),
        not("state", "7"),
        not("correlation_id", "another"),
        not("correlation_display", "Tocsin:another"),
        not("correlation_display", &format!("Tocsin:{}0", delivery())),
        not("sys_id", "../a1"),
    ] {
        assert!(
            update(Severity::High, std::slice::from_ref(&other)).is_none(),
            "{other}"
        );
        assert!(update(Severity::High, &[other, of_finding("~another")]).is_some());
    }
}

#[test]
fn an_update_raises_the_urgency_and_never_lowers_it() {
    for (severity, impact, urgency) in [
        (Severity::Critical, json!("1"), Value::Null),
        (Severity::High, Value::Null, Value::Null),
        (Severity::Info, Value::Null, Value::Null),
    ] {
        let request = update(severity, &[of_finding("")]).unwrap();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!((&body["impact"], &body["urgency"]), (&impact, &urgency));
    }
}

#[test]
fn an_update_is_found_once_it_was_the_last_to_be_added() {
    let update = full().with_derived_id();
    let destination = incidents();
    let looked_up = |display: &str| {
        let body = json!({"result": [of_finding(display)]}).to_string();
        destination.with_context(&update, Detail::Full, |context| {
            let found = destination
                .provider
                .parse_lookup(context, &response(200, &[], &body));
            (found, context.delivery.to_string())
        })
    };
    let (first, own) = looked_up("");
    assert_eq!(first, Lookup::Absent);
    assert_eq!(looked_up("~another").0, Lookup::Absent);
    assert!(matches!(looked_up(&format!("~{own}")).0, Lookup::Found(_)));
    // The first alert of the finding, after an update was added, is added once more.
    let body = json!({"result": [of_finding(&format!("~{own}"))]}).to_string();
    assert_eq!(lookup(200, &body), Lookup::Absent);
}

#[test]
fn only_updates_are_looked_up_before_their_first_attempt() {
    for (destination, alert) in [(incidents(), full()), (events(), full().with_derived_id())] {
        destination.with_context(&alert, Detail::Full, |context| {
            assert!(!destination.provider.joins_earlier(context));
        });
    }
}
