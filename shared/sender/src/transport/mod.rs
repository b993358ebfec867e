//! One delivery attempt, over HTTP or through an AWS SDK, and its outcome.

mod attempt;
mod confirmation;
mod token;

use std::future::Future;
use std::time::Duration;

use serde_json::{Map, Value};
use tocsin_aws::SecretStore;
use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, Severity};
use tocsin_core::delivery::{DeliveryId, PriorAttempt};
use tocsin_core::outcome::{Failure, FailureKind, Outcome};
use tocsin_core::provider::{Detail, FieldError, TIME_LIMIT};

pub use attempt::HttpTransport;

use crate::HttpClient;

/// The clients that all attempts of a sender share.
#[derive(Clone, Debug)]
pub struct Context {
    /// Calls providers.
    pub http: HttpClient,
    /// Reads credentials.
    pub secrets: SecretStore,
}

/// The input of one attempt.
#[derive(Clone, Copy, Debug)]
pub struct AttemptInput<'a> {
    /// The alert to deliver.
    pub alert: &'a Alert,
    /// The effective severity.
    pub severity: Severity,
    /// The delivery's identity, which all its attempts share.
    pub delivery: &'a DeliveryId,
    /// That of the first alert with the same given id.
    pub first_delivery: &'a DeliveryId,
    /// When the delivery began: not later than its first attempt.
    pub began_at: Timestamp,
    /// The destination's settings as JSON; the provider parses them.
    pub settings: &'a Map<String, Value>,
    /// The name of the destination's secret, if it has one.
    pub secret_name: Option<&'a str>,
    /// Whether an earlier attempt may have been delivered.
    pub prior_attempt: PriorAttempt,
    /// The form that the attempt begins with.
    pub detail: Detail,
}

/// Attempts deliveries for one provider.
pub trait Transport: Send + Sync + 'static {
    /// The provider's name, such as `slack`.
    const NAME: &'static str;

    /// How long one request to a destination with these settings may take.
    fn time_limit(&self, settings: &Map<String, Value>) -> Duration {
        let _ = settings;
        TIME_LIMIT
    }

    /// Attempts one delivery. Every failure is an [`Outcome`].
    fn deliver(
        &self,
        context: &Context,
        input: AttemptInput<'_>,
    ) -> impl Future<Output = Outcome> + Send;
}

/// The outcome of sending a message in this form by `send`; after a provider refused the
/// full form, the minimal one is sent.
pub(crate) async fn send_in_form<F: Future<Output = Outcome>>(
    detail: Detail,
    send: impl Fn(Detail) -> F,
) -> Outcome {
    match (detail, send(detail).await) {
        (Detail::Full, Outcome::Refused { failure }) if failure.kind == FailureKind::Refused => {
            retry_minimal(failure, send(Detail::Minimal).await)
        }
        (Detail::Full, outcome) => outcome,
        (Detail::Minimal, outcome) => outcome.with_remark(
            "only title, severity and link were delivered, since earlier attempts with all of the alert failed",
        ),
    }
}

/// The outcome after the minimal message was sent because the provider refused
/// the full one. After a second refusal the first one is reported, since it says
/// more about the alert. The text always mentions both attempts.
fn retry_minimal(refused: Failure, minimal: Outcome) -> Outcome {
    match minimal {
        Outcome::Delivered(receipt) => Outcome::Delivered(receipt.shortened_after(&refused)),
        Outcome::Misconfigured { failure } | Outcome::Refused { failure } => Outcome::Refused {
            failure: refused
                .with_second("title, severity and link alone were refused, too", &failure),
        },
        Outcome::Transient {
            failure,
            retry_after,
        } => Outcome::Transient {
            failure: failure.with_note("(after the whole message was refused)"),
            retry_after,
        },
    }
}

/// The outcome when a destination's settings or secret are invalid.
#[must_use]
pub fn misconfigured(error: &FieldError) -> Outcome {
    Outcome::rejected(Failure::new(FailureKind::Misconfigured, error.to_string()))
}
