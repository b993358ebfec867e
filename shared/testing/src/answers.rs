//! What providers answer, for tables of outcomes.

use tocsin_core::provider::Response;

/// When every [`answer`] was received.
pub const ANSWERED_AT: &str = "2015-10-21T07:28:00Z";

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
