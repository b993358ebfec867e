//! What an HTTP response says about an attempt, where a provider has no rule of its own.

use std::borrow::Cow;

use url::Url;

use crate::outcome::{Failure, FailureKind, Outcome, Receipt};
use crate::provider::wire::Response;

impl Failure {
    /// A failure with the status of a response and its beginning as the detail.
    #[must_use]
    pub fn answered(kind: FailureKind, response: &Response) -> Self {
        Self {
            status: Some(response.status),
            ..Self::new(kind, response.text())
        }
    }
}

impl Outcome {
    /// The outcome by the HTTP status alone.
    #[must_use]
    pub fn from_status(response: &Response) -> Self {
        let kind = match response.status {
            200..=299 => return Self::Delivered(Receipt::default()),
            300..=399 => {
                let detail = destination(response).map_or_else(|| response.text(), Cow::Owned);
                return Self::of_failure(FailureKind::Redirected, detail, response);
            }
            401 | 403 => FailureKind::Unauthorized,
            429 => FailureKind::Throttled,
            // Cloudflare, in front of many providers, responds with 52x when the origin
            // fails.
            408 | 425 | 500 | 502..=504 | 520..=530 => FailureKind::Unavailable,
            400 | 411 | 413 | 414 | 415 | 422 | 431 => FailureKind::Refused,
            _ => FailureKind::Misconfigured,
        };
        Self::of_failure(kind, response.text(), response)
    }

    /// The outcome of a response that means `kind`, described by `detail` instead of by
    /// its own text. Throttling, unavailability and responses that cannot be read are
    /// transient, and keep the response's `Retry-After`.
    #[must_use]
    pub fn of_failure(kind: FailureKind, detail: impl AsRef<str>, response: &Response) -> Self {
        let failure = Failure {
            status: Some(response.status),
            ..Failure::new(kind, detail)
        };
        match kind {
            FailureKind::Throttled | FailureKind::Unavailable | FailureKind::NotUnderstood => {
                Self::Transient {
                    failure,
                    retry_after: response.retry_after(),
                }
            }
            _ => Self::rejected(failure),
        }
    }

    /// The outcome of a success status without the expected content: the message may
    /// have been delivered, so the next attempt looks for it first.
    #[must_use]
    pub fn not_understood(response: &Response) -> Self {
        Self::transient(Failure::answered(FailureKind::NotUnderstood, response))
    }
}

/// Where a redirect leads, for people: host and path. Query and user information may be
/// credentials.
fn destination(response: &Response) -> Option<String> {
    let location = response.header("location")?.trim();
    let to = match Url::parse(location) {
        Ok(url) => format!("{}{}", url.origin().ascii_serialization(), url.path()),
        Err(_) => location.split(['?', '#']).next()?.to_owned(),
    };
    let change = match response.status {
        301 | 308 => "moved for good",
        _ => "moved for now",
    };
    (!to.is_empty()).then(|| format!("{change} to {to}"))
}

#[cfg(test)]
mod tests;
