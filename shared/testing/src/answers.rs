//! What providers answer, and tables of what that must come to.

use tocsin_core::outcome::{FailureKind, Outcome};
use tocsin_core::provider::Response;

/// When every [`answer`] was received.
pub const ANSWERED_AT: &str = "2015-10-21T07:28:00Z";

/// What an answer must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It arrived.
    Delivered,
    /// Try again, not before so many seconds if the provider said so.
    Transient(FailureKind, Option<u64>),
    /// It failed for good.
    Permanent(FailureKind),
}

/// Status, headers and body of an answer, and what it must come to.
pub type Row<'a> = (u16, &'a [(&'a str, &'a str)], &'a str, Expected);

/// An answer with this status, headers and body, received at [`ANSWERED_AT`].
///
/// # Panics
///
/// Never: the moment is a valid one.
#[must_use]
pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    Response {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.as_bytes().to_vec(),
        received_at: ANSWERED_AT.parse().expect("a moment"),
    }
}

/// Holds a provider's reading of answers against a table.
///
/// # Panics
///
/// At the first answer that comes to something else.
pub fn check_outcomes(table: &[Row<'_>], read: impl Fn(&Response) -> Outcome) {
    for (status, headers, body, expected) in table {
        let outcome = read(&answer(*status, headers, body));
        let came_to = match &outcome {
            Outcome::Delivered(_) => Expected::Delivered,
            Outcome::Transient {
                failure,
                retry_after,
            } => Expected::Transient(failure.kind, retry_after.map(|wait| wait.as_secs())),
            Outcome::Permanent { failure } => Expected::Permanent(failure.kind),
        };
        assert_eq!(came_to, *expected, "{status} {headers:?} {body}");
        // What was answered is told, and what status it had.
        if let Some(failure) = outcome.failure() {
            assert_eq!(failure.status, Some(*status));
        }
    }
}
