//! The senders' functions, which the API invokes for tests of destinations.

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::primitives::Blob;
use tocsin_aws::{AwsError, Clients};
use tocsin_core::delivery::{DeliveryBatch, ProbeResult};
use tocsin_core::destination::ProviderName;

const ACTION: &str = "invoking the sender";

/// The senders' functions.
#[derive(Clone, Debug)]
pub(crate) struct Senders {
    client: Client,
    stack: String,
}

/// The answer to the probes through one sender.
pub(crate) enum Probed {
    Answered(Vec<ProbeResult>),
    /// No answer came: the reason.
    Unanswered(String),
}

impl Senders {
    pub(crate) fn new(clients: &Clients, stack: &str) -> Self {
        // A probe that is repeated would be two messages.
        let config = aws_sdk_lambda::config::Builder::from(&clients.config)
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
            stack: stack.to_owned(),
        }
    }

    pub(crate) async fn probe(
        &self,
        provider: &ProviderName,
        batch: &DeliveryBatch,
        wait: Duration,
    ) -> Probed {
        match tokio::time::timeout(wait, self.invoke(provider, batch)).await {
            Ok(Ok(results)) => Probed::Answered(results),
            Ok(Err(error)) => Probed::Unanswered(error.to_string()),
            Err(_) => Probed::Unanswered(format!(
                "there was no answer within {} s; the message may have arrived",
                wait.as_secs()
            )),
        }
    }

    async fn invoke(
        &self,
        provider: &ProviderName,
        batch: &DeliveryBatch,
    ) -> Result<Vec<ProbeResult>, AwsError> {
        let function = format!("{}-{provider}", self.stack);
        let json = serde_json::to_vec(batch).map_err(|error| AwsError::caused_by(ACTION, error))?;
        let answer = self
            .client
            .invoke()
            .function_name(&function)
            .payload(Blob::new(json))
            .send()
            .await
            .map_err(|error| AwsError::new(ACTION, error).about(&function))?;
        let payload = answer.payload.unwrap_or_else(|| Blob::new([]));
        if answer.function_error.is_some() {
            let said = String::from_utf8_lossy(payload.as_ref()).into_owned();
            return Err(AwsError::unexpected(ACTION, said).about(&function));
        }
        serde_json::from_slice(payload.as_ref())
            .map_err(|error| AwsError::caused_by(ACTION, error).about(&function))
    }
}
