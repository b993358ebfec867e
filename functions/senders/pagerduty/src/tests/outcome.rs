use tocsin_core::outcome::FailureKind::{
    Misconfigured, NotUnderstood, Redirected, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_testing::Expected::{Rejected, Transient};

use super::*;

#[test]
fn a_receipt_has_the_deduplication_key() {
    let alert_id = "b90c19e66e160e194a5b3b94ec27fb7c";
    for (body, id, has_remark) in [
        (
            r#"{"status":"success","message":"Event processed","dedup_key":"k1"}"#,
            "k1",
            false,
        ),
        (r#"{"status":"success"}"#, alert_id, false),
        (r#"{"status":"success","dedup_key":" "}"#, alert_id, false),
        ("{}", alert_id, false),
        (r#"{"status":"success","dedup_k"#, alert_id, true),
        ("", alert_id, true),
        ("Accepted", alert_id, true),
    ] {
        let receipt = plain().receipt(&response(202, &[], body));
        assert_eq!(receipt.id.as_deref(), Some(id), "{body}");
        assert_eq!(receipt.remark.is_some(), has_remark, "{body}");
    }
}

#[test]
fn every_other_response_has_its_outcome() {
    let key = r#"{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}"#;
    let event = r#"{"status":"invalid event","message":"Event object is invalid","errors":["'payload.severity' is invalid"]}"#;
    let date = "Wed, 21 Oct 2015 07:30:00 GMT";
    plain().check_outcomes(&[
        (
            202,
            &[],
            r#"{"status":"invalid event"}"#,
            Transient(NotUnderstood, None),
        ),
        (
            200,
            &[],
            "<html>Welcome</html>",
            Transient(NotUnderstood, None),
        ),
        (204, &[], "", Transient(NotUnderstood, None)),
        (
            302,
            &[("location", "https://evil.example")],
            "",
            Rejected(Redirected),
        ),
        (400, &[], key, Rejected(Unauthorized)),
        (400, &[], event, Rejected(Refused)),
        (400, &[], r#"{"errors":"routing_key"}"#, Rejected(Refused)),
        (400, &[], r#"{"status":"inval"#, Rejected(Refused)),
        (401, &[], "", Rejected(Unauthorized)),
        (403, &[], "Forbidden", Rejected(Unauthorized)),
        (404, &[], "", Rejected(Misconfigured)),
        (408, &[], "", Transient(Unavailable, None)),
        (413, &[], "<html>Too large</html>", Rejected(Refused)),
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
        (500, &[], "oops", Transient(Unavailable, None)),
        (501, &[], "", Transient(Unavailable, None)),
        (
            503,
            &[("retry-after", "5")],
            "",
            Transient(Unavailable, Some(5)),
        ),
        (599, &[], "", Transient(Unavailable, None)),
    ]);
}
