//! The outcome of a receiver's responses.

use tocsin_core::outcome::{Failure, FailureKind, Outcome};
use tocsin_core::provider::Response;

pub(crate) fn of_response(response: &Response) -> Outcome {
    match response.status {
        // Standard Webhooks 1.0.0: the endpoint is gone and must not be called again.
        410 => Outcome::Refused {
            failure: Failure::answered(FailureKind::Misconfigured, response),
        },
        _ => Outcome::from_status(response),
    }
}
