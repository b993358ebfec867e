//! The function: one request, one answer.

use std::time::Duration;

use futures::FutureExt;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tocsin_api_types::{Access, Answer, ApiError, Request};
use tocsin_aws::{
    Clients, DestinationStore, Env, EnvError, Ledger, SecretStore, StartError, telemetry,
};

use crate::queues::Queues;
use crate::registry::{Providers, ProvidersConfig};
use crate::senders::Senders;

/// The largest answer in bytes: Lambda's limit for a synchronous invocation.
const ANSWER_LIMIT: usize = 6 * 1024 * 1024;

/// The API, with its tables, queues and secrets.
pub struct Api {
    pub(crate) stack: String,
    /// What this function does; its role permits no more.
    pub(crate) access: Access,
    pub(crate) store: DestinationStore,
    pub(crate) secrets: SecretStore,
    pub(crate) providers: Providers,
    pub(crate) default_destination: Option<String>,
    /// The time between two canaries; `None` if none are sent.
    pub(crate) canary_interval: Option<Duration>,
    pub(crate) ledger: Ledger,
    pub(crate) queues: Queues,
    pub(crate) senders: Senders,
}

impl Api {
    /// Reads the environment and creates the clients.
    ///
    /// # Errors
    ///
    /// When the environment is incomplete.
    pub async fn start() -> Result<Self, StartError> {
        let env = Env::of_process();
        telemetry::init(&env);
        Self::of(&env).await
    }

    /// Creates the clients that this environment describes.
    pub(crate) async fn of(env: &Env) -> Result<Self, StartError> {
        let clients = Clients::load(env).await?;
        Ok(Self {
            stack: env.required("TOCSIN_STACK")?,
            access: access(env)?,
            store: DestinationStore::new(&clients, env.required("TOCSIN_DESTINATIONS_TABLE")?),
            secrets: SecretStore::new(&clients),
            default_destination: env
                .optional("TOCSIN_DEFAULT_DESTINATION")
                .map(str::to_owned),
            canary_interval: canary_interval(env)?,
            providers: Providers::new(&ProvidersConfig::read(env)?),
            ledger: Ledger::new(
                &clients,
                env.required("TOCSIN_LEDGER_TABLE")?,
                Ledger::retention(env)?,
            ),
            queues: Queues::read(&clients, env)?,
            senders: Senders::new(&clients, &env.required("TOCSIN_STACK")?),
        })
    }

    /// Executes one request, given as JSON.
    pub async fn handle(&self, request: &RawValue) -> Answer {
        let request = Request::read_text(request).and_then(|request| self.permitted(request));
        let answer = match request {
            // The futures of the operations are nested too deeply to be part of this one.
            Ok(request) => self.execute(request).boxed().await,
            Err(error) => Err(error),
        };
        if let Err(error) = &answer {
            tracing::warn!(code = ?error.code, field = error.field, error = error.message, "a request failed");
        }
        Answer(answer)
    }

    /// The request, if this function answers such requests.
    fn permitted(&self, request: Request) -> Result<Request, ApiError> {
        match (self.access, request.access()) {
            (Access::Read, Access::Write) => Err(ApiError::invalid(
                "operation",
                format!(
                    "`operation` {} is not for the function {stack}-api-read, which only reads: {stack}-api has it, for those who may invoke that",
                    request.name(),
                    stack = self.stack,
                ),
            )),
            _ => Ok(request),
        }
    }

    async fn execute(&self, request: Request) -> Result<Box<RawValue>, ApiError> {
        match request {
            Request::ListProviders(_) => json(&self.providers.describe()),
            Request::ListDestinations(_) => json(&self.list_destinations().await?),
            Request::GetDestination(one) => json(&self.get_destination(&one.destination).await?),
            Request::AddDestination(one) => json(&self.add_destination(*one).await?),
            Request::UpdateDestination(one) => json(&self.update_destination(*one).await?),
            Request::DeleteDestination(one) => json(&self.delete_destination(*one).await?),
            Request::SetDestinationEnabled(one) => json(&self.set_enabled(*one).await?),
            Request::ApplyDestinations(one) => json(&self.apply_destinations(*one).await?),
            Request::SendTestAlert(one) => json(&self.send_test_alert(*one).await?),
            Request::PreviewMessage(one) => json(&self.preview_message(*one).await?),
            Request::ExplainRoute(one) => json(&self.explain_route(*one).await?),
            Request::GetAlert(one) => json(&self.get_alert(&one.alert_id).await?),
            Request::ListAlerts(one) => json(&self.list_alerts(*one).await?),
            Request::ListDeliveries(one) => json(&self.list_deliveries(*one).await?),
            Request::ResendAlert(one) => json(&self.resend_alert(*one).await?),
            Request::ListDeadLetters(one) => json(&self.list_dead_letters(*one).await?),
            Request::GetDeadLetter(one) => json(&self.get_dead_letter(*one).await?),
            Request::DeleteDeadLetters(one) => json(&self.delete_dead_letters(*one).await?),
            Request::RedriveDeadLetters(one) => json(&self.redrive_dead_letters(*one).await?),
            Request::GetStatus(one) => json(&self.status(*one).boxed().await?),
            Request::RetryDeliveries(one) => json(&self.retry_deliveries(*one).await?),
            Request::Audit(one) => json(&self.audit(*one).await?),
        }
    }
}

/// `TOCSIN_API_ACCESS`: `read` for the function that only reads.
fn access(env: &Env) -> Result<Access, EnvError> {
    const NAME: &str = "TOCSIN_API_ACCESS";
    match env.optional(NAME) {
        None => Ok(Access::Write),
        Some("read") => Ok(Access::Read),
        Some(_) => Err(EnvError::invalid(NAME, "it must be `read`, or not set")),
    }
}

/// `TOCSIN_CANARY_MINUTES`: 0, or not set, if no canaries are sent.
fn canary_interval(env: &Env) -> Result<Option<Duration>, EnvError> {
    let minutes = env.parsed::<u64>("TOCSIN_CANARY_MINUTES")?;
    let minutes = minutes.filter(|minutes| *minutes > 0);
    Ok(minutes.map(|minutes| Duration::from_secs(minutes * 60)))
}

/// The answer as JSON text: a tree of values would round long numbers.
fn json<T: Serialize>(value: &T) -> Result<Box<RawValue>, ApiError> {
    let json = to_raw_value(value).map_err(|error| ApiError::unavailable(&error))?;
    if json.get().len() > ANSWER_LIMIT {
        return Err(ApiError::unavailable(
            &"the answer is larger than 6 MiB, Lambda's limit: request less at a time",
        ));
    }
    Ok(json)
}
