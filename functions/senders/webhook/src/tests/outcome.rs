use tocsin_core::outcome::FailureKind::{
    Misconfigured, Redirected, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_testing::Expected::{Delivered, Permanent, Transient};

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
        (301, location, "", Permanent(Redirected)),
        (302, location, "", Permanent(Redirected)),
        (304, &[], "", Permanent(Redirected)),
        (307, location, "", Permanent(Redirected)),
        (308, location, "", Permanent(Redirected)),
        (400, &[], "bad", Permanent(Refused)),
        (413, &[], "too large", Permanent(Refused)),
        (422, &[], "unprocessable", Permanent(Refused)),
        (401, &[], "who?", Permanent(Unauthorized)),
        (403, &[], "no", Permanent(Unauthorized)),
        (404, &[], "where?", Permanent(Misconfigured)),
        (405, &[], "", Permanent(Misconfigured)),
        (410, &[], "gone", Permanent(Misconfigured)),
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
        (501, &[], "", Permanent(Misconfigured)),
    ]);
}
