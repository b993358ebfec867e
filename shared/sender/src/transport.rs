//! One attempt: from a delivery to an outcome, whatever the transport.

use std::future::Future;

use serde_json::{Map, Value};
use tocsin_aws::{SecretError, SecretStore};
use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, Severity};
use tocsin_core::delivery::{DeliveryId, PriorAttempt};
use tocsin_core::outcome::{Failure, FailureKind, Outcome};
use tocsin_core::provider::{
    Detail, FieldError, Lookup, Provider, Request, RequestContext, Response, Secrets, read_settings,
};

use crate::HttpClient;
use crate::http::ANSWER_LIMIT;

/// What all attempts of a sender share.
#[derive(Clone, Debug)]
pub struct Context {
    /// For calling providers.
    pub http: HttpClient,
    /// For reading credentials.
    pub secrets: SecretStore,
}

/// One delivery to attempt.
#[derive(Clone, Copy, Debug)]
pub struct AttemptInput<'a> {
    /// What to deliver.
    pub alert: &'a Alert,
    /// The effective severity.
    pub severity: Severity,
    /// The same for all attempts.
    pub delivery: &'a DeliveryId,
    /// When the delivery began: not later than its first attempt.
    pub began_at: Timestamp,
    /// The destination's settings, not read yet.
    pub settings: &'a Map<String, Value>,
    /// Where its secret is.
    pub secret_name: Option<&'a str>,
    /// Whether an earlier attempt may have arrived.
    pub prior_attempt: PriorAttempt,
}

/// Something that can attempt deliveries.
pub trait Transport: Send + Sync + 'static {
    /// The provider's name.
    const NAME: &'static str;

    /// Attempts one delivery. Never fails otherwise than by its outcome.
    fn deliver(
        &self,
        context: &Context,
        input: AttemptInput<'_>,
    ) -> impl Future<Output = Outcome> + Send;
}

/// Delivers through a [`Provider`], over HTTP.
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
        let outcome = match attempt.rotated(&outcome).await {
            Some(renewed) => renewed.without_secrets(renewed.run().await),
            None => outcome,
        };
        attempt.without_secrets(outcome)
    }
}

/// An attempt whose settings and secret have been read.
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
                .map_err(|error| unreadable(&error))?,
            // Providers without a credential read an empty one.
            None => Secrets::new("{}".to_owned()),
        };
        Self::with(provider, context, input, secrets).map_err(|error| misconfigured(&error))
    }

    fn with(
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
            detail,
            began_at: self.input.began_at,
            now: Timestamp::now(),
            settings: &self.settings,
            secret: &self.secret,
        }
    }

    /// The attempt: look first where an earlier one may have arrived, send, and
    /// send the least form if the whole one was refused.
    async fn run(&self) -> Outcome {
        let looked = match self.input.prior_attempt {
            PriorAttempt::MaybeDelivered => self.look_first().await,
            PriorAttempt::NotDelivered => Looked::NotThere,
        };
        match looked {
            Looked::Over(outcome) => outcome,
            Looked::NotThere => self.create().await,
            Looked::InVain(why) => self.create().await.with_remark(&format!(
                "an earlier attempt may have arrived as well; it could not be looked for: {why}"
            )),
        }
    }

    async fn create(&self) -> Outcome {
        match self.send(Detail::Full).await {
            Outcome::Permanent { failure } if failure.kind == FailureKind::Refused => {
                retry_minimal(failure, self.send(Detail::Minimal).await)
            }
            outcome => outcome,
        }
    }

    /// What the provider already has of this delivery.
    async fn look_first(&self) -> Looked {
        let request_context = self.request_context(Detail::Full);
        let question = match self.provider.lookup(&request_context) {
            Ok(Some(question)) => question,
            Ok(None) => return Looked::NotThere,
            Err(error) => return Looked::Over(misconfigured(&error)),
        };
        let answer = match self
            .exchange(&request_context, &question, P::LOOKUP_ANSWER)
            .await
        {
            Ok(answer) => answer,
            Err(failure) => return Looked::Over(unanswered(failure)),
        };
        match self.provider.found(&request_context, &answer) {
            Lookup::Found(receipt) => Looked::Over(Outcome::Delivered(
                receipt.with_remark("an earlier attempt had arrived"),
            )),
            Lookup::Absent => Looked::NotThere,
            // Who may create need not be allowed to search: then two tickets are
            // better than none.
            Lookup::Failed(Outcome::Permanent { failure })
                if failure.kind != FailureKind::Unauthorized =>
            {
                Looked::InVain(question.redact(&failure.to_string()))
            }
            Lookup::Failed(outcome) => {
                Looked::Over(outcome.map_texts(|text| question.redact(text)))
            }
        }
    }

    async fn send(&self, detail: Detail) -> Outcome {
        let request_context = self.request_context(detail);
        let request = match self.provider.request(&request_context) {
            Ok(request) => request,
            Err(error) => return misconfigured(&error),
        };
        let outcome = match self
            .exchange(&request_context, &request, ANSWER_LIMIT)
            .await
        {
            Ok(response) => self.provider.outcome(&request_context, &response),
            Err(failure) => unanswered(failure),
        };
        outcome.map_texts(|text| request.redact(text))
    }

    /// The answer to a request, of at most `limit` bytes, and to the one further
    /// request that it may ask for.
    async fn exchange(
        &self,
        request_context: &RequestContext<'_, P>,
        request: &Request,
        limit: usize,
    ) -> Result<Response, Failure> {
        let http = &self.context.http;
        let response = http.send(request, limit).await?;
        match self.provider.follow(request_context, request, &response) {
            Some(next) => http.send(&next, limit).await,
            None => Ok(response),
        }
    }

    /// The same attempt with a newer secret, when the one it used was refused
    /// and there is one: so a rotation needs no redeployment.
    async fn rotated(&self, outcome: &Outcome) -> Option<Self> {
        let Outcome::Permanent { failure } = outcome else {
            return None;
        };
        if failure.kind != FailureKind::Unauthorized {
            return None;
        }
        let name = self.input.secret_name?;
        let newer = self.context.secrets.newer_than(name, &self.secrets).await;
        // What cannot be read again leaves the refusal as the answer.
        let secrets = newer.ok().flatten()?;
        Self::with(self.provider, self.context, self.input, secrets).ok()
    }

    /// The outcome with everything that stands in the secret redacted, in case
    /// the provider's answer repeats it.
    fn without_secrets(&self, outcome: Outcome) -> Outcome {
        outcome.map_texts(|text| self.secrets.redact(text))
    }
}

/// What looking for an earlier attempt came to.
enum Looked {
    /// The attempt is over: found, or to be made later.
    Over(Outcome),
    /// There is nothing: create.
    NotThere,
    /// Nobody may look, for this reason: create all the same.
    InVain(String),
}

/// No answer came: worth another try, unless nothing must be sent there at all.
fn unanswered(failure: Failure) -> Outcome {
    match failure.kind {
        FailureKind::Forbidden | FailureKind::Misconfigured => Outcome::permanent(failure),
        _ => Outcome::transient(failure),
    }
}

/// The outcome after a second try with the least form. A second refusal leaves
/// the first as the answer, which says more about the alert; whatever it came to
/// says that there were two.
#[must_use]
pub fn retry_minimal(refused: Failure, second: Outcome) -> Outcome {
    match second {
        Outcome::Delivered(receipt) => Outcome::Delivered(receipt.shortened_after(&refused)),
        Outcome::Permanent { .. } => Outcome::permanent(
            refused.with_note("(title, severity and link alone were refused, too)"),
        ),
        Outcome::Transient {
            failure,
            retry_after,
        } => Outcome::Transient {
            failure: failure.with_note("(after the whole message was refused)"),
            retry_after,
        },
    }
}

/// The outcome where a destination's settings or secret are wrong.
#[must_use]
pub fn misconfigured(error: &FieldError) -> Outcome {
    Outcome::permanent(Failure::new(FailureKind::Misconfigured, error.to_string()))
}

fn unreadable(error: &SecretError) -> Outcome {
    let said = error.to_string();
    match error {
        SecretError::Missing { .. } | SecretError::NotText { .. } => {
            Outcome::permanent(Failure::new(FailureKind::Misconfigured, said))
        }
        // A new role's permissions take a while to be in force everywhere.
        SecretError::Denied { .. } | SecretError::Unavailable(_) => {
            Outcome::transient(Failure::new(FailureKind::Internal, said))
        }
    }
}
