//! The function: one request, one answer.

use serde::Serialize;
use serde_json::Value;
use std::time::Duration;
use tocsin_aws::{Clients, DestinationStore, Env, EnvError, Ledger, SecretStore, telemetry};
use tocsin_core::alert::{self, AlertId};
use tocsin_core::routing::route;

use crate::messages::{AlertReport, Answer, ApiError, ErrorCode, Explanation, Request};
use crate::registry::{Providers, ProvidersConfig};

/// Why the function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its environment is incomplete.
    #[error(transparent)]
    Env(#[from] EnvError),
}

/// The API and what it works with.
pub struct Api {
    pub(crate) stack: String,
    pub(crate) store: DestinationStore,
    pub(crate) secrets: SecretStore,
    pub(crate) providers: Providers,
    default_destination: Option<String>,
    ledger: Ledger,
}

impl Api {
    /// Reads the environment and makes the clients.
    ///
    /// # Errors
    ///
    /// When the environment is incomplete.
    pub async fn start() -> Result<Self, StartError> {
        let env = Env::of_process();
        telemetry::init(&env);
        let clients = Clients::load(&env).await?;
        Ok(Self {
            stack: env.required("TOCSIN_STACK")?,
            store: DestinationStore::new(&clients, env.required("TOCSIN_DESTINATIONS_TABLE")?),
            secrets: SecretStore::new(&clients),
            default_destination: env
                .optional("TOCSIN_DEFAULT_DESTINATION")
                .map(str::to_owned),
            providers: Providers::new(&ProvidersConfig::read(&env)?),
            // Nothing is written here that could expire.
            ledger: Ledger::new(
                &clients,
                env.required("TOCSIN_LEDGER_TABLE")?,
                Duration::ZERO,
            ),
        })
    }

    /// Carries out one request, given as JSON.
    pub async fn handle(&self, request: Value) -> Answer {
        let answer = match Request::read(request) {
            Ok(request) => self.carry_out(request).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(value) => Answer::Ok(value),
            Err(error) => {
                tracing::warn!(code = ?error.code, field = error.field, error = error.message, "the request was refused");
                Answer::Error(error)
            }
        }
    }

    async fn carry_out(&self, request: Request) -> Result<Value, ApiError> {
        match request {
            Request::AddDestination(request) => json(&self.add_destination(*request).await?),
            Request::ListDestinations(_) => json(&self.list_destinations().await?),
            Request::ExplainRoute(request) => {
                // As a string it is the body of a queue message, to the letter.
                let body = request
                    .alert
                    .as_str()
                    .map_or_else(|| request.alert.to_string(), str::to_owned);
                let alert = alert::parse(&body)
                    .map_err(|error| ApiError::invalid("alert", error.to_string()))?;
                let destinations = self.store.load().await?;
                let routing = route(&alert, &destinations, self.default_destination.as_deref());
                json(&Explanation { alert, routing })
            }
            Request::GetAlert(request) => json(&self.get_alert(&request.alert_id).await?),
            other => Err(ApiError::unavailable(&format!(
                "{} is on its way",
                other.name()
            ))),
        }
    }

    async fn get_alert(&self, alert_id: &str) -> Result<AlertReport, ApiError> {
        let not_found = || ApiError {
            code: ErrorCode::NotFound,
            field: Some("alertId".to_owned()),
            message: format!(
                "there is no alert {alert_id:?} in the ledger; it may still be on the queue, in the dead-letter queue, or expired"
            ),
        };
        let id = AlertId::new(alert_id).ok_or_else(not_found)?;
        let history = self.ledger.history(&id).await?.ok_or_else(not_found)?;
        Ok(AlertReport {
            alert: history.alert.alert,
            routing: history.alert.routing,
            received_at: history.alert.received_at,
            deliveries: history.deliveries,
        })
    }
}

fn json<T: Serialize>(value: &T) -> Result<Value, ApiError> {
    serde_json::to_value(value).map_err(|error| ApiError::unavailable(&error))
}
