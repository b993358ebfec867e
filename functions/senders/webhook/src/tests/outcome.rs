use tocsin_core::outcome::FailureKind::{
    Misconfigured, Redirected, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_core::outcome::Outcome;
use tocsin_testing::Expected::{Delivered, Rejected, Transient};
use tocsin_testing::response;

use super::*;

#[test]
fn every_response_has_its_outcome() {
    let seconds: &[_] = &[("retry-after", "120")];
    // Ninety seconds after the responses were received.
    let date: &[_] = &[("retry-after", "Wed, 21 Oct 2015 07:29:30 GMT")];
    let location: &[_] = &[("location", "https://example.com/")];
    plain().check_outcomes(&[
        (200, &[], "ok", Delivered),
        (201, &[], "", Delivered),
        (202, &[], "{}", Delivered),
        (204, &[], "", Delivered),
        (299, &[], "<html>", Delivered),
        (301, location, "", Rejected(Redirected)),
        (302, location, "", Rejected(Redirected)),
        (304, &[], "", Rejected(Redirected)),
        (307, location, "", Rejected(Redirected)),
        (308, location, "", Rejected(Redirected)),
        (400, &[], "bad", Rejected(Refused)),
        (413, &[], "too large", Rejected(Refused)),
        (422, &[], "unprocessable", Rejected(Refused)),
        (401, &[], "who?", Rejected(Unauthorized)),
        (403, &[], "no", Rejected(Unauthorized)),
        (404, &[], "where?", Rejected(Misconfigured)),
        (405, &[], "", Rejected(Misconfigured)),
        (408, &[], "", Transient(Unavailable, None)),
        (408, seconds, "", Transient(Unavailable, Some(120))),
        (408, date, "", Transient(Unavailable, Some(90))),
        (425, &[], "", Transient(Unavailable, None)),
        (425, seconds, "", Transient(Unavailable, Some(120))),
        (425, date, "", Transient(Unavailable, Some(90))),
        (429, &[], "slower", Transient(Throttled, None)),
        (429, seconds, "", Transient(Throttled, Some(120))),
        (429, date, "", Transient(Throttled, Some(90))),
        (500, &[], "oops", Transient(Unavailable, None)),
        (502, &[], "", Transient(Unavailable, None)),
        (503, seconds, "", Transient(Unavailable, Some(120))),
        (503, date, "", Transient(Unavailable, Some(90))),
        (504, &[], "", Transient(Unavailable, None)),
        (520, &[], "", Transient(Unavailable, None)),
        (522, &[], "", Transient(Unavailable, None)),
        (524, &[], "", Transient(Unavailable, None)),
        (530, &[], "", Transient(Unavailable, None)),
        // Not Implemented is not a temporary failure.
        (501, &[], "", Rejected(Misconfigured)),
    ]);
}

/// All other responses that a person can fix hold the delivery.
#[test]
fn an_endpoint_that_is_gone_is_not_called_again() {
    let outcome = plain().outcome(&response(410, &[], "gone"));
    let Outcome::Refused { failure } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((failure.kind, failure.status), (Misconfigured, Some(410)));
}
