//! Responses of providers, and tables of their expected outcomes.

use tocsin_core::outcome::{FailureKind, Outcome};
use tocsin_core::provider::{Extent, Response};

/// The time at which every [`response`] was received.
pub const RECEIVED_AT: &str = "2015-10-21T07:28:00Z";

/// The expected outcome of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The alert was delivered.
    Delivered,
    /// A repetition may succeed, after so many seconds if the provider named them.
    Transient(FailureKind, Option<u64>),
    /// The same request cannot succeed: the delivery waits for a person where one can fix
    /// the cause, and fails otherwise.
    Rejected(FailureKind),
}

/// Status, headers and body of a response, and its expected outcome.
pub type Row<'a> = (u16, &'a [(&'a str, &'a str)], &'a str, Expected);

/// A response with this status, headers and body, received at [`RECEIVED_AT`].
///
/// # Panics
///
/// Never: the time is valid.
#[must_use]
pub fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    Response {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.as_bytes().to_vec(),
        extent: Extent::Whole,
        received_at: RECEIVED_AT.parse().expect("a time"),
    }
}

/// Compares a provider's outcomes with a table. Every failure must also name the
/// status of the response.
///
/// # Panics
///
/// At the first response with another outcome.
pub fn check_outcomes(table: &[Row<'_>], outcome_of: impl Fn(&Response) -> Outcome) {
    for (status, headers, body, expected) in table {
        let outcome = outcome_of(&response(*status, headers, body));
        let actual = match &outcome {
            Outcome::Delivered(_) => Expected::Delivered,
            Outcome::Transient {
                failure,
                retry_after,
            } => Expected::Transient(failure.kind, retry_after.map(|wait| wait.as_secs())),
            Outcome::Misconfigured { failure } | Outcome::Refused { failure } => {
                assert_eq!(
                    outcome,
                    Outcome::rejected(failure.clone()),
                    "{status} {body}"
                );
                Expected::Rejected(failure.kind)
            }
        };
        assert_eq!(actual, *expected, "{status} {headers:?} {body}");
        if let Some(failure) = outcome.failure() {
            assert_eq!(failure.status, Some(*status));
        }
    }
}
