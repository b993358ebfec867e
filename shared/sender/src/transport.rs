//! One delivery attempt, over HTTP or through an AWS SDK, and its outcome.

use std::future::Future;
use std::time::Duration;

use serde_json::{Map, Value};
use tocsin_aws::{SecretError, SecretStore};
use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, Severity};
use tocsin_core::delivery::{DeliveryId, PriorAttempt};
use tocsin_core::outcome::{Failure, FailureKind, Outcome, Receipt};
use tocsin_core::provider::{
    Detail, FieldError, Lookup, Provider, Request, RequestContext, Response, Secrets, read_settings,
};

use crate::HttpClient;
use crate::http::ANSWER_LIMIT;

/// How long a provider has to process what it accepted before it is asked. None says how
/// long it needs.
const CONFIRMATION_DELAY: Duration = Duration::from_secs(1);

/// How long that question may take. The message is accepted, so it is not worth more.
const CONFIRMATION_LIMIT: Duration = Duration::from_secs(2);

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

    /// Attempts one delivery. Every failure is an [`Outcome`].
    fn deliver(
        &self,
        context: &Context,
        input: AttemptInput<'_>,
    ) -> impl Future<Output = Outcome> + Send;
}

/// Delivers over HTTP, with the requests of a [`Provider`].
#[derive(Clone, Debug)]
pub struct HttpTransport<P>(pub P);

impl<P: Provider> Transport for HttpTransport<P> {
    const NAME: &'static str = P::NAME;

    async fn deliver(&self, context: &Context, input: AttemptInput<'_>) -> Outcome {
        let attempt = match Attempt::prepare(&self.0, context, input).await {
            Ok(attempt) => attempt,
            Err(outcome) => return outcome,
        };
        let outcome = attempt.run().await;
        let outcome = match attempt.with_rotated_secret(&outcome).await {
            Some(repeated) => repeated.redacted(repeated.run().await),
            None => outcome,
        };
        attempt.redacted(outcome)
    }
}

/// An attempt with its settings and secret parsed and checked.
struct Attempt<'a, P: Provider> {
    provider: &'a P,
    context: &'a Context,
    input: AttemptInput<'a>,
    settings: P::Settings,
    secrets: Secrets,
    secret: P::Secret,
}

impl<'a, P: Provider> Attempt<'a, P> {
    async fn prepare(
        provider: &'a P,
        context: &'a Context,
        input: AttemptInput<'a>,
    ) -> Result<Self, Outcome> {
        let secrets = match input.secret_name {
            Some(name) => context
                .secrets
                .get(name)
                .await
                .map_err(|error| secret_failure(&error))?,
            // A provider without a credential parses an empty one.
            None => Secrets::new("{}".to_owned()),
        };
        Self::new(provider, context, input, secrets).map_err(|error| misconfigured(&error))
    }

    fn new(
        provider: &'a P,
        context: &'a Context,
        input: AttemptInput<'a>,
        secrets: Secrets,
    ) -> Result<Self, FieldError> {
        let settings: P::Settings = read_settings(input.settings)?;
        let secret: P::Secret = secrets.read()?;
        provider.check(&settings, &secret)?;
        Ok(Self {
            provider,
            context,
            input,
            settings,
            secrets,
            secret,
        })
    }

    fn request_context(&self, detail: Detail) -> RequestContext<'_, P> {
        RequestContext {
            alert: self.input.alert,
            severity: self.input.severity,
            delivery: self.input.delivery,
            first_delivery: self.input.first_delivery,
            detail,
            began_at: self.input.began_at,
            now: Timestamp::now(),
            settings: &self.settings,
            secret: &self.secret,
        }
    }

    /// Runs the attempt: looks up what an earlier attempt may have created, sends
    /// the message, and sends the minimal one if the provider refuses that.
    async fn run(&self) -> Outcome {
        let joins_earlier = self
            .provider
            .joins_earlier(&self.request_context(Detail::Full));
        let lookup = match self.input.prior_attempt {
            PriorAttempt::MaybeDelivered => self.lookup_existing().await,
            PriorAttempt::NotDelivered if joins_earlier => self.lookup_existing().await,
            PriorAttempt::NotDelivered => LookupStep::NotFound,
        };
        match lookup {
            LookupStep::Done(outcome) => outcome,
            LookupStep::NotFound => self.create().await,
            LookupStep::Update(request) => self.update(&request).await,
            LookupStep::Unavailable(reason) => self.create().await.with_remark(&format!(
                "an earlier attempt may have arrived as well; the lookup failed: {reason}"
            )),
        }
    }

    /// Adds the alert to what an earlier one created. If the provider refuses that, the
    /// alert is created: two records are better than an alert that nobody sees.
    async fn update(&self, request: &Request) -> Outcome {
        let request_context = self.request_context(self.input.detail);
        match self.exchange_message(&request_context, request).await {
            Outcome::Refused { failure } | Outcome::Misconfigured { failure }
                if failure.status != Some(401) =>
            {
                self.create().await.with_remark(&format!(
                    "it was not possible to add it to that of an earlier alert with the same id: {failure}"
                ))
            }
            outcome => outcome.with_remark("added to that of an earlier alert with the same id"),
        }
    }

    async fn create(&self) -> Outcome {
        send_in_form(self.input.detail, |detail| self.send(detail)).await
    }

    /// Asks the provider for what an earlier attempt of this delivery created.
    async fn lookup_existing(&self) -> LookupStep {
        let request_context = self.request_context(Detail::Full);
        let request = match self.provider.lookup(&request_context) {
            Ok(Some(request)) => request,
            Ok(None) => return LookupStep::NotFound,
            Err(error) => return LookupStep::Done(misconfigured(&error)),
        };
        let response = match self
            .exchange(&request_context, &request, P::LOOKUP_RESPONSE_LIMIT)
            .await
        {
            Ok(response) => response,
            Err(failure) => return LookupStep::Done(without_response(failure)),
        };
        match self.provider.parse_lookup(&request_context, &response) {
            Lookup::Found(receipt) => LookupStep::Done(Outcome::Delivered(
                receipt.with_remark("an earlier attempt had arrived"),
            )),
            Lookup::Absent => self.update_step(&response),
            // A credential that may create is not always allowed to search. A
            // second ticket is better than none, so a lookup never ends a delivery.
            Lookup::Failed(Outcome::Misconfigured { failure } | Outcome::Refused { failure })
                if failure.status != Some(401) =>
            {
                LookupStep::Unavailable(request.redact(&failure.to_string()))
            }
            Lookup::Failed(outcome) => {
                LookupStep::Done(outcome.map_texts(|text| request.redact(text)))
            }
        }
    }

    /// The step after a lookup that did not find the delivery.
    fn update_step(&self, response: &Response) -> LookupStep {
        let request_context = self.request_context(self.input.detail);
        match self.provider.update(&request_context, response) {
            Ok(Some(request)) => LookupStep::Update(Box::new(request)),
            Ok(None) => LookupStep::NotFound,
            Err(error) => LookupStep::Done(misconfigured(&error)),
        }
    }

    async fn send(&self, detail: Detail) -> Outcome {
        let request_context = self.request_context(detail);
        let request = match self.provider.request(&request_context) {
            Ok(request) => request,
            Err(error) => return misconfigured(&error),
        };
        self.exchange_message(&request_context, &request).await
    }

    /// The outcome of a request with the alert.
    async fn exchange_message(
        &self,
        request_context: &RequestContext<'_, P>,
        request: &Request,
    ) -> Outcome {
        let outcome = match self.exchange(request_context, request, ANSWER_LIMIT).await {
            Ok(response) => match self.provider.outcome(request_context, &response) {
                Outcome::Delivered(receipt) => {
                    self.confirmed(request_context, &response, receipt).await
                }
                failed => failed,
            },
            Err(failure) => without_response(failure),
        };
        outcome.map_texts(|text| request.redact(text))
    }

    /// The outcome of an accepted message, after one question whether the provider could
    /// process it. No answer in time leaves it delivered.
    async fn confirmed(
        &self,
        request_context: &RequestContext<'_, P>,
        accepted: &Response,
        receipt: Receipt,
    ) -> Outcome {
        let Ok(Some(request)) = self.provider.confirmation(request_context, accepted) else {
            return Outcome::Delivered(receipt);
        };
        tokio::time::sleep(CONFIRMATION_DELAY).await;
        let asked = self.context.http.send(&request, ANSWER_LIMIT);
        match tokio::time::timeout(CONFIRMATION_LIMIT, asked).await {
            Ok(Ok(response)) => self.provider.parse_confirmation(receipt, &response),
            Ok(Err(_)) | Err(_) => Outcome::Delivered(receipt),
        }
    }

    /// Sends a request and, if the provider allows a redirect, the second one that
    /// it names. Reads at most `limit` bytes of the response.
    async fn exchange(
        &self,
        request_context: &RequestContext<'_, P>,
        request: &Request,
        limit: usize,
    ) -> Result<Response, Failure> {
        let http = &self.context.http;
        let response = http.send(request, limit).await?;
        match self
            .provider
            .follow_redirect(request_context, request, &response)
        {
            Some(redirected) => http.send(&redirected, limit).await,
            None => Ok(response),
        }
    }

    /// The same attempt with a newer secret, if the provider rejected the one that
    /// was used and the store has a newer one. A rotation needs no redeployment.
    async fn with_rotated_secret(&self, outcome: &Outcome) -> Option<Self> {
        let Outcome::Misconfigured { failure } = outcome else {
            return None;
        };
        if failure.kind != FailureKind::Unauthorized {
            return None;
        }
        let name = self.input.secret_name?;
        let newer = self.context.secrets.newer_than(name, &self.secrets).await;
        // If the secret cannot be read again, the rejection is the outcome.
        let secrets = newer.ok().flatten()?;
        Self::new(self.provider, self.context, self.input, secrets).ok()
    }

    /// The outcome with every value of the secret redacted, in case the provider's
    /// response repeats one.
    fn redacted(&self, outcome: Outcome) -> Outcome {
        outcome.map_texts(|text| self.secrets.redact(text))
    }
}

/// The result of the lookup before a repeated attempt.
enum LookupStep {
    /// The attempt ends with this outcome: an earlier one was delivered, or the
    /// lookup has to be repeated.
    Done(Outcome),
    /// No earlier attempt created anything: create.
    NotFound,
    /// An earlier alert with the same given id created something: add this one to it.
    Update(Box<Request>),
    /// The provider refuses the lookup for this reason: create all the same.
    Unavailable(String),
}

/// The outcome when no response arrived: transient, unless the address must not
/// be called.
fn without_response(failure: Failure) -> Outcome {
    match failure.kind {
        FailureKind::Forbidden | FailureKind::Misconfigured => Outcome::rejected(failure),
        _ => Outcome::transient(failure),
    }
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
        Outcome::Misconfigured { .. } | Outcome::Refused { .. } => Outcome::Refused {
            failure: refused.with_note("(title, severity and link alone were refused, too)"),
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

/// The outcome when the secret cannot be read.
fn secret_failure(error: &SecretError) -> Outcome {
    let detail = error.to_string();
    match error {
        SecretError::Missing { .. } | SecretError::NotText { .. } => {
            Outcome::rejected(Failure::new(FailureKind::Misconfigured, detail))
        }
        // The permissions of a new role take a while to apply everywhere.
        SecretError::Denied { .. } | SecretError::Unavailable(_) => {
            Outcome::transient(Failure::new(FailureKind::Internal, detail))
        }
    }
}
