//! An attempt over HTTP: access token, lookup, message, minimal message, rotated secret.

use std::time::Duration;

use serde_json::{Map, Value};
use tocsin_aws::SecretError;
use tocsin_core::Timestamp;
use tocsin_core::delivery::PriorAttempt;
use tocsin_core::outcome::{Failure, FailureKind, Outcome};
use tocsin_core::provider::{
    AccessToken, Detail, FieldError, Lookup, Provider, Reduced, Request, RequestContext, Response,
    Secrets, TIME_LIMIT, read_settings,
};

use super::confirmation::confirmed;
use super::token::{TokenSource, TokenStore};
use super::{AttemptInput, Context, Transport, misconfigured, send_in_form};

/// Delivers over HTTP, with the requests of a [`Provider`].
#[derive(Clone, Debug)]
pub struct HttpTransport<P> {
    provider: P,
    tokens: TokenStore,
}

impl<P> HttpTransport<P> {
    /// A transport that has no access tokens yet.
    pub fn new(provider: P) -> Self {
        Self {
            provider,
            tokens: TokenStore::default(),
        }
    }
}

impl<P: Provider> Transport for HttpTransport<P> {
    const NAME: &'static str = P::NAME;

    fn time_limit(&self, settings: &Map<String, Value>) -> Duration {
        // Settings that cannot be read end the attempt before its first request.
        read_settings(settings).map_or(TIME_LIMIT, |settings| P::time_limit(&settings))
    }

    async fn deliver(&self, context: &Context, input: AttemptInput<'_>) -> Outcome {
        let mut attempt = match Attempt::prepare(self, context, input).await {
            Ok(attempt) => attempt,
            Err(outcome) => return outcome,
        };
        let outcome = attempt.run().await;
        let outcome = match attempt.with_rotated_secret(&outcome).await {
            Some(mut repeated) => {
                let outcome = repeated.run().await;
                repeated.redacted(outcome)
            }
            None => outcome,
        };
        attempt.redacted(outcome)
    }
}

/// An attempt with its settings and secret parsed and checked.
struct Attempt<'a, P: Provider> {
    transport: &'a HttpTransport<P>,
    context: &'a Context,
    input: AttemptInput<'a>,
    settings: P::Settings,
    secrets: Secrets,
    secret: P::Secret,
    /// The access token, once it was asked for.
    token: Option<AccessToken>,
}

impl<'a, P: Provider> Attempt<'a, P> {
    async fn prepare(
        transport: &'a HttpTransport<P>,
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
        Self::new(transport, context, input, secrets).map_err(|error| misconfigured(&error))
    }

    fn new(
        transport: &'a HttpTransport<P>,
        context: &'a Context,
        input: AttemptInput<'a>,
        secrets: Secrets,
    ) -> Result<Self, FieldError> {
        let settings: P::Settings = read_settings(input.settings)?;
        let secret: P::Secret = secrets.read()?;
        transport.provider.check(&settings, &secret)?;
        Ok(Self {
            transport,
            context,
            input,
            settings,
            secrets,
            secret,
            token: None,
        })
    }

    const fn provider(&self) -> &P {
        &self.transport.provider
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
            token: self.token.as_ref(),
        }
    }

    /// Runs the attempt, with an access token where the destination needs one. If the
    /// provider refuses a token that was used before, it is repeated with a new one.
    async fn run(&mut self) -> Outcome {
        let source = match self.take_token().await {
            Ok(source) => source,
            Err(outcome) => return outcome,
        };
        let outcome = self.deliver().await;
        if outcome.failure().and_then(|failure| failure.status) != Some(401) {
            return outcome;
        }
        let Some(refused) = &self.token else {
            return outcome;
        };
        self.transport
            .tokens
            .forget(&self.token_key(), refused)
            .await;
        match source {
            TokenSource::New => outcome,
            TokenSource::Cached => match self.take_token().await {
                Ok(_) => self.deliver().await,
                Err(outcome) => outcome,
            },
        }
    }

    /// Takes the access token from the store, or requests it.
    async fn take_token(&mut self) -> Result<TokenSource, Outcome> {
        let request = self
            .provider()
            .token_request(&self.settings, &self.secret, Timestamp::now())
            .map_err(|error| misconfigured(&error))?;
        let Some(request) = request else {
            return Ok(TokenSource::New);
        };
        let requested = self.request_token(&request);
        let taken = self
            .transport
            .tokens
            .get(&self.token_key(), &self.secrets, requested)
            .await?;
        self.token = Some(taken.token);
        Ok(taken.source)
    }

    async fn request_token(&self, request: &Request) -> Result<AccessToken, Outcome> {
        let outcome = match self.context.http.send(request).await {
            Ok(response) => match self.provider().parse_token(&response) {
                Ok(token) => return Ok(token),
                Err(outcome) => outcome,
            },
            Err(failure) => without_response(failure),
        };
        Err(outcome
            .map_texts(|text| request.redact(text))
            .of_token_request())
    }

    /// What tells the access token of this destination from others.
    fn token_key(&self) -> String {
        let settings = Value::Object(self.input.settings.clone());
        format!("{} {settings}", self.input.secret_name.unwrap_or_default())
    }

    /// Looks up what an earlier attempt may have created, or an earlier alert with the
    /// same given id; sends the message, and the minimal one if the provider refuses
    /// that.
    async fn deliver(&self) -> Outcome {
        let joins_earlier = self
            .provider()
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
        let request = match self.provider().lookup(&request_context) {
            Ok(Some(request)) => request,
            Ok(None) => return LookupStep::NotFound,
            Err(error) => return LookupStep::Done(misconfigured(&error)),
        };
        let response = match self.exchange(&request_context, &request).await {
            Ok(response) => response,
            Err(failure) => return LookupStep::Done(without_response(failure)),
        };
        match self.provider().parse_lookup(&request_context, &response) {
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
        match self.provider().update(&request_context, response) {
            Ok(Some(request)) => LookupStep::Update(Box::new(request)),
            Ok(None) => LookupStep::NotFound,
            Err(error) => LookupStep::Done(misconfigured(&error)),
        }
    }

    async fn send(&self, detail: Detail) -> Outcome {
        let request_context = self.request_context(detail);
        let request = match self.provider().request(&request_context) {
            Ok(request) => request,
            Err(error) => return misconfigured(&error),
        };
        let response = match self.exchange(&request_context, &request).await {
            Ok(response) => response,
            Err(failure) => {
                return without_response(failure).map_texts(|text| request.redact(text));
            }
        };
        let outcome = self.outcome(&request_context, &request, &response).await;
        // Not after the full message was reduced already: that would be a fourth request.
        let Outcome::Refused { failure } = &outcome else {
            return outcome;
        };
        if detail != self.input.detail {
            return outcome;
        }
        let provider = self.provider();
        match provider.without_refused(&request_context, &request, &response) {
            Some(reduced) => self.send_reduced(&request_context, reduced, failure).await,
            None => outcome,
        }
    }

    /// Sends a message without the fields that the provider refused by name.
    async fn send_reduced(
        &self,
        request_context: &RequestContext<'_, P>,
        reduced: Reduced,
        refused: &Failure,
    ) -> Outcome {
        let Reduced { request, left_out } = reduced;
        match self.exchange_message(request_context, &request).await {
            Outcome::Delivered(receipt) => Outcome::Delivered(
                receipt.with_remark(&format!("delivered without {left_out}, since {refused}")),
            ),
            Outcome::Refused { failure } => Outcome::Refused {
                failure: refused
                    .clone()
                    .with_second(&format!("without {left_out}"), &failure),
            },
            other => other,
        }
    }

    /// Sends a request with the alert; its outcome.
    async fn exchange_message(
        &self,
        request_context: &RequestContext<'_, P>,
        request: &Request,
    ) -> Outcome {
        match self.exchange(request_context, request).await {
            Ok(response) => self.outcome(request_context, request, &response).await,
            Err(failure) => without_response(failure).map_texts(|text| request.redact(text)),
        }
    }

    /// The outcome of a response to a request with the alert, once it is confirmed.
    async fn outcome(
        &self,
        request_context: &RequestContext<'_, P>,
        request: &Request,
        response: &Response,
    ) -> Outcome {
        let provider = self.provider();
        let outcome = match provider.outcome(request_context, response) {
            Outcome::Delivered(receipt) => {
                let http = &self.context.http;
                confirmed(provider, http, request_context, response, receipt).await
            }
            failed => failed,
        };
        outcome.map_texts(|text| request.redact(text))
    }

    /// Sends a request and, if the provider allows a redirect, the second one that
    /// it names.
    async fn exchange(
        &self,
        request_context: &RequestContext<'_, P>,
        request: &Request,
    ) -> Result<Response, Failure> {
        let http = &self.context.http;
        let response = http.send(request).await?;
        match self
            .provider()
            .follow_redirect(request_context, request, &response)
        {
            Some(redirected) => http.send(&redirected).await,
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
        Self::new(self.transport, self.context, self.input, secrets).ok()
    }

    /// The outcome with every value of the secret redacted, in case the provider's
    /// response repeats one.
    fn redacted(&self, outcome: Outcome) -> Outcome {
        outcome.map_texts(|text| self.secrets.redact(text))
    }
}

/// The result of the lookup.
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
/// be called, or the server refuses the client's certificate.
fn without_response(failure: Failure) -> Outcome {
    match failure.kind {
        kind if kind.is_curable() => Outcome::rejected(failure),
        _ => Outcome::transient(failure),
    }
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
