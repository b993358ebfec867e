use tocsin_core::outcome::FailureKind::{
    Misconfigured, NotUnderstood, Redirected, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_testing::Expected::{Delivered, Rejected, Transient};

use super::*;

#[test]
fn a_receipt_has_the_id_of_the_request_or_the_alias() {
    let throttled = [("x-ratelimit-state", "THROTTLED")];
    let table = [
        (
            202,
            [].as_slice(),
            r#"{"result":"Request will be processed","took":0.1,"requestId":"r-1"}"#,
            "r-1",
            None,
        ),
        (200, &[], r#"{"requestId":"r-2"}"#, "r-2", None),
        (
            202,
            &throttled,
            r#"{"requestId":"r-3"}"#,
            "r-3",
            Some("delays"),
        ),
        (
            202,
            &[],
            r#"{"result":"Request will be"#,
            "b90c19e66e160e194a5b3b94ec27fb7c",
            Some("alias"),
        ),
    ];
    for (status, headers, body, id, remark) in table {
        let receipt = plain().receipt(&response(status, headers, body));
        assert_eq!(receipt.id.as_deref(), Some(id));
        assert_eq!(receipt.remark.is_some(), remark.is_some(), "{body}");
        let actual = receipt.remark.unwrap_or_default();
        assert!(actual.contains(remark.unwrap_or_default()), "{actual}");
    }
}

#[test]
fn every_response_has_its_outcome() {
    let date = "Wed, 21 Oct 2015 07:30:00 GMT";
    plain().check_outcomes(&[
        (202, &[], r#"{"requestId":"r"}"#, Delivered),
        (202, &[], "", Delivered),
        (
            200,
            &[],
            "<html>Welcome</html>",
            Transient(NotUnderstood, None),
        ),
        (
            200,
            &[],
            r#"{"requestId":""}"#,
            Transient(NotUnderstood, None),
        ),
        (204, &[], "", Transient(NotUnderstood, None)),
        (
            302,
            &[("location", "https://evil.example")],
            "",
            Rejected(Redirected),
        ),
        (
            400,
            &[],
            r#"{"message":"Request body is not processable","took":0.0}"#,
            Rejected(Refused),
        ),
        (
            401,
            &[],
            r#"{"message":"Key format is not valid!"}"#,
            Rejected(Unauthorized),
        ),
        (402, &[], "", Rejected(Misconfigured)),
        (403, &[], "<html>", Rejected(Unauthorized)),
        (404, &[], "", Rejected(Misconfigured)),
        (405, &[], "", Rejected(Misconfigured)),
        (408, &[], "", Transient(Unavailable, None)),
        (413, &[], "", Rejected(Refused)),
        (422, &[], r#"{"message":"Request body"#, Rejected(Refused)),
        (425, &[], "", Transient(Unavailable, None)),
        (429, &[], "", Transient(Throttled, None)),
        (
            429,
            &[("retry-after", "17")],
            "",
            Transient(Throttled, Some(17)),
        ),
        (
            429,
            &[("retry-after", date)],
            "",
            Transient(Throttled, Some(120)),
        ),
        (
            429,
            &[("x-ratelimit-period-in-sec", "60")],
            "",
            Transient(Throttled, Some(60)),
        ),
        (
            429,
            &[("retry-after", "5"), ("x-ratelimit-period-in-sec", "60")],
            "",
            Transient(Throttled, Some(5)),
        ),
        (
            429,
            &[("x-ratelimit-period-in-sec", "99999999")],
            "",
            Transient(Throttled, Some(3600)),
        ),
        (
            429,
            &[("x-ratelimit-period-in-sec", "soon")],
            "",
            Transient(Throttled, None),
        ),
        (500, &[], "", Transient(Unavailable, None)),
        (502, &[], "<html>", Transient(Unavailable, None)),
        (
            503,
            &[("retry-after", "5")],
            "",
            Transient(Unavailable, Some(5)),
        ),
        (504, &[], "", Transient(Unavailable, None)),
    ]);
}

fn confirmation(region: &str, accepted: &Response) -> Option<String> {
    let destination = fixture(&json!({"region": region}));
    destination.with_context(&full(), Detail::Full, |context| {
        let request = destination.provider.confirmation(context, accepted);
        request.unwrap().map(|request| request.to_string())
    })
}

#[test]
fn the_result_of_an_accepted_request_is_asked_for() {
    let accepted = response(
        202,
        &[],
        r#"{"requestId":"43a29c5c-3dbf-4fa4-9c26-f4f71023e120"}"#,
    );
    let url = |region| confirmation(region, &accepted).unwrap();
    let path = "/v2/alerts/requests/43a29c5c-3dbf-4fa4-9c26-f4f71023e120\n";
    for (region, base) in [
        ("us", "https://api.opsgenie.com"),
        ("eu", "https://api.eu.opsgenie.com"),
        ("jsm", "https://api.atlassian.com/jsm/ops/integration"),
    ] {
        let shown = url(region);
        assert!(shown.starts_with(&format!("GET {base}{path}")), "{shown}");
        assert!(shown.contains("authorization: [secret]"), "{shown}");
    }
    let delayed = [("x-ratelimit-state", "THROTTLED")];
    for (headers, body) in [
        (&delayed[..], r#"{"requestId":"r-1"}"#),
        (&[], r#"{"requestId":"../../close"}"#),
        (&[], "not JSON"),
    ] {
        assert_eq!(confirmation("us", &response(202, headers, body)), None);
    }
}

#[test]
fn only_a_result_without_an_alert_is_a_failure() {
    let result = |status, body: &str| {
        let receipt = Receipt::id("r-1");
        OpsGenie::default().parse_confirmation(receipt, &response(status, &[], body))
    };
    let created = r#"{"data":{"success":true,"action":"Create","isSuccess":true,"status":"Created alert","alertId":"8743a1b2","alias":"x"}}"#;
    assert_eq!(
        result(200, created),
        Outcome::Delivered(Receipt::id("8743a1b2"))
    );
    for (status, body) in [
        (
            404,
            r#"{"message":"Request not found. It might not be processed yet."}"#,
        ),
        (403, "{}"),
        (429, ""),
        (500, ""),
        (200, "<html>"),
        (200, r#"{"data":{}}"#),
        (200, r#"{"data":{"isSuccess":true,"alertId":""}}"#),
        (404, r#"{"data":{"isSuccess":false,"alertId":""}}"#),
    ] {
        let outcome = result(status, body);
        assert_eq!(outcome, Outcome::Delivered(Receipt::id("r-1")), "{body}");
    }
    for body in [
        r#"{"data":{"success":false,"isSuccess":false,"status":"no such team","alertId":"","alias":""}}"#,
        r#"{"data":{"success":false,"status":"no such team"}}"#,
    ] {
        let outcome = result(200, body);
        let failure = outcome.failure().unwrap();
        assert_eq!((failure.kind, failure.status), (Refused, Some(200)));
        assert_eq!(failure.detail, "accepted, but not created: no such team");
        assert!(
            !failure.summary().contains("no such team"),
            "not for a title"
        );
    }
    let exists = r#"{"data":{"isSuccess":false,"status":"?","alertId":"8743a1b2"}}"#;
    assert!(result(200, exists).failure().is_none());
}
