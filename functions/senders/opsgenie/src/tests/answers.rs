//! What OpsGenie answers, and what that comes to.

use tocsin_core::outcome::{FailureKind, Receipt};
use tocsin_testing::Expected::{Delivered, Permanent, Transient};
use tocsin_testing::{Row, answer, check_outcomes};

use super::*;

#[test]
fn what_is_accepted_is_delivered_under_its_request() {
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
    for (status, headers, said, id, remark) in table {
        let outcome = with_context(&full(), Detail::Full, &Settings::default(), |context| {
            OpsGenie::default().outcome(context, &answer(status, headers, said))
        });
        let Outcome::Delivered(Receipt {
            id: Some(given),
            remark: given_remark,
            ..
        }) = outcome
        else {
            panic!("{said}")
        };
        assert_eq!(given, id);
        assert_eq!(given_remark.is_some(), remark.is_some(), "{said}");
        assert!(
            given_remark
                .unwrap_or_default()
                .contains(remark.unwrap_or_default())
        );
    }
}

#[test]
fn every_answer_has_its_outcome() {
    use FailureKind::{
        Misconfigured, NotUnderstood, Redirected, Refused, Throttled, Unauthorized, Unavailable,
    };
    let date = "Wed, 21 Oct 2015 07:30:00 GMT";
    let table: [Row<'_>; 27] = [
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
            Permanent(Redirected),
        ),
        (
            400,
            &[],
            r#"{"message":"Request body is not processable","took":0.0}"#,
            Permanent(Refused),
        ),
        (
            401,
            &[],
            r#"{"message":"Key format is not valid!"}"#,
            Permanent(Unauthorized),
        ),
        (402, &[], "", Permanent(Misconfigured)),
        (403, &[], "<html>", Permanent(Unauthorized)),
        (404, &[], "", Permanent(Misconfigured)),
        (405, &[], "", Permanent(Misconfigured)),
        (408, &[], "", Transient(Unavailable, None)),
        (413, &[], "", Permanent(Refused)),
        (422, &[], r#"{"message":"Request body"#, Permanent(Refused)),
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
    ];
    check_outcomes(&table, |response| {
        with_context(&full(), Detail::Full, &Settings::default(), |context| {
            OpsGenie::default().outcome(context, response)
        })
    });
}
