use super::*;
use crate::Timestamp;
use crate::outcome::DETAIL;

fn response(status: u16, headers: &[(&str, &str)]) -> Response {
    Response {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: b"what it said".to_vec(),
        extent: crate::provider::Extent::Whole,
        received_at: "2015-10-21T07:28:00Z".parse::<Timestamp>().unwrap(),
    }
}

/// Every status of HTTP leads to one outcome.
#[test]
fn every_status_has_one_meaning() {
    for status in 200..=299 {
        assert!(matches!(
            Outcome::from_status(&response(status, &[])),
            Outcome::Delivered(_)
        ));
    }
    for status in [408, 425, 429, 500, 502, 503, 504, 520, 522, 524, 530] {
        let outcome = Outcome::from_status(&response(status, &[]));
        assert!(
            matches!(
                outcome,
                Outcome::Transient {
                    retry_after: None,
                    ..
                }
            ),
            "{status}"
        );
    }
    let permanent = (300..=599).filter(|status| {
        ![408, 425, 429, 500, 502, 503, 504].contains(status) && !(520..=530).contains(status)
    });
    for status in permanent {
        let outcome = Outcome::from_status(&response(status, &[]));
        let rejected = matches!(
            outcome,
            Outcome::Misconfigured { .. } | Outcome::Refused { .. }
        );
        assert!(rejected, "{status}");
        let failure = outcome.failure().unwrap();
        assert_eq!(failure.status, Some(status));
        assert!(failure.to_string().contains("what it said"));
    }
}

#[test]
fn a_redirect_says_where_it_leads_and_shows_neither_query_nor_user() {
    for (status, location, shown) in [
        (
            308,
            "https://new.example/hook?sig=PLANTED#PLANTED",
            "moved for good to https://new.example/hook",
        ),
        (
            301,
            "https://u:PLANTED@new.example:8443/hook",
            "moved for good to https://new.example:8443/hook",
        ),
        (307, "/hook/new?token=PLANTED", "moved for now to /hook/new"),
        (302, " //new.example/x ", "moved for now to //new.example/x"),
        (302, "", "what it said"),
    ] {
        let outcome = Outcome::from_status(&response(status, &[("location", location)]));
        let failure = outcome.failure().unwrap();
        assert_eq!(
            (failure.kind, &*failure.detail),
            (FailureKind::Redirected, shown)
        );
    }
}

#[test]
fn kinds_say_what_to_look_at() {
    for (status, kind) in [
        (302, FailureKind::Redirected),
        (400, FailureKind::Refused),
        (401, FailureKind::Unauthorized),
        (403, FailureKind::Unauthorized),
        (404, FailureKind::Misconfigured),
        (410, FailureKind::Misconfigured),
        (413, FailureKind::Refused),
        (422, FailureKind::Refused),
        (501, FailureKind::Misconfigured),
    ] {
        let outcome = Outcome::from_status(&response(status, &[]));
        assert_eq!(outcome.failure().unwrap().kind, kind, "{status}");
    }
}

#[test]
fn another_detail_changes_nothing_else() {
    let outcome = Outcome::from_status(&response(429, &[("retry-after", "9")]));
    let with_detail = outcome.clone().with_detail("ask\nless");
    let failure = with_detail.failure().unwrap();
    assert_eq!(failure.detail, "ask less");
    assert_eq!(failure.status, Some(429));
    assert!(matches!(
        with_detail,
        Outcome::Transient {
            retry_after: Some(_),
            ..
        }
    ));
    let delivered = Outcome::from_status(&response(200, &[]));
    assert_eq!(delivered.clone().with_detail("x"), delivered);
    let asked = Outcome::from_status(&response(400, &[])).of_lookup();
    assert_eq!(asked.failure().unwrap().kind, FailureKind::Misconfigured);
    let failure = Outcome::not_understood(&response(200, &[]));
    assert!(failure.failure().unwrap().kind.may_have_arrived());
}

#[test]
fn retry_after_is_read_in_both_forms_and_respected_up_to_an_hour() {
    let seconds =
        |value: &str| match Outcome::from_status(&response(429, &[("retry-after", value)])) {
            Outcome::Transient { retry_after, .. } => retry_after.map(|wait| wait.as_secs()),
            other => panic!("{other:?}"),
        };
    assert_eq!(seconds("30"), Some(30));
    assert_eq!(seconds(" 7 "), Some(7));
    assert_eq!(seconds("0"), Some(0));
    assert_eq!(seconds("1.5"), Some(2));
    assert_eq!(seconds("86400"), Some(3600));
    assert_eq!(seconds("99999999999999999999"), Some(3600));
    assert_eq!(seconds("Wed, 21 Oct 2015 07:30:00 GMT"), Some(120));
    assert_eq!(seconds("Wed, 21 Oct 2015 07:00:00 GMT"), Some(0));
    assert_eq!(seconds("Wednesday"), None);
    assert_eq!(seconds("-5"), None);
    assert_eq!(seconds("NaN"), None);
    assert_eq!(seconds(""), None);
}

#[test]
fn details_are_one_sanitized_line_of_bounded_length() {
    let failure = Failure::new(
        FailureKind::Refused,
        format!("a\nb\u{1b}[2J{}", "x".repeat(5_000)),
    );
    assert!(failure.detail.starts_with("a b\u{fffd}[2J"));
    assert!(failure.detail.chars().count() <= DETAIL);
}
