//! Tests of destinations: the sender attempts a test alert once, at once, with the
//! destination as it is configured now, and answers with what the provider answered.
//! Nothing is recorded, so nothing is retried, and no list of failures has it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::primitives::Blob;
use futures::future::join_all;
use tocsin_api_types::{ApiError, SendTestAlert, TestReport, TestResult};
use tocsin_aws::{AwsError, Clients};
use tocsin_core::alert::Alert;
use tocsin_core::delivery::{
    AlertDeliveries, Attempt, AttemptResult, Delivery, DeliveryBatch, ProbeResult, Purpose, State,
};
use tocsin_core::destination::{Destination, DestinationId, ProviderName};

use crate::Api;
use crate::alerts::read_alert;
use crate::error::OrApiError;
use crate::send::{as_test, built_in_alert, find, names};
use crate::validate::checked_actor;

/// Seconds to wait for the answers, by default and at most: the function must answer
/// before its own timeout.
const DEFAULT_WAIT: u8 = 20;
const LONGEST_WAIT: u8 = 40;

const ACTION: &str = "invoking the sender";

/// The senders' functions.
#[derive(Clone, Debug)]
pub(crate) struct Senders {
    client: Client,
    stack: String,
}

/// What became of the probes through one sender.
enum Probed {
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

    async fn probe(
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

impl Api {
    pub(crate) async fn send_test_alert(
        &self,
        request: SendTestAlert,
    ) -> Result<TestReport, ApiError> {
        let actor = checked_actor(request.actor)?;
        let wait = request.wait_seconds.unwrap_or(DEFAULT_WAIT);
        if wait > LONGEST_WAIT {
            let problem = format!("must be at most {LONGEST_WAIT}");
            return Err(ApiError::invalid("waitSeconds", problem));
        }
        let all = self.store.load().await.or_api_error()?;
        let chosen = find(&all, &request.destinations)?;
        let alert = match &request.alert {
            Some(given) => read_alert(given)?,
            None => built_in_alert(&actor)?,
        };
        let alert = as_test(alert, request.severity, &chosen)?;
        tracing::info!(
            alert.id = alert.alert_id.as_str(),
            destinations = names(&chosen).join(", "),
            actor,
            "a test alert is sent"
        );
        let wait = Duration::from_secs(wait.into());
        let mut results = self.probe(&alert, &chosen, wait).await;
        let results: Vec<_> = chosen
            .iter()
            .filter_map(|one| results.remove(&one.destination_id))
            .collect();
        let accepted = results
            .iter()
            .filter(|one| one.state == Some(State::Delivered))
            .filter_map(|one| all.get(one.destination_id));
        // It accepts alerts: what waits for it need not wait any longer.
        self.bring_forward(accepted).await;
        Ok(TestReport {
            alert_id: alert.alert_id,
            results,
        })
    }

    /// Probes all at the same time, one invocation for each provider.
    async fn probe(
        &self,
        alert: &Alert,
        chosen: &[&Destination],
        wait: Duration,
    ) -> HashMap<DestinationId, TestResult> {
        let mut of_providers: BTreeMap<&ProviderName, Vec<&Destination>> = BTreeMap::new();
        for one in chosen {
            of_providers.entry(&one.provider).or_default().push(one);
        }
        let probes = of_providers.into_iter().map(|(provider, some)| async move {
            let batch = batch(alert, &some);
            let probed = self.senders.probe(provider, &batch, wait).await;
            some.into_iter()
                .map(|one| (one.destination_id, result(one, &probed)))
                .collect::<Vec<_>>()
        });
        join_all(probes).await.into_iter().flatten().collect()
    }
}

fn batch(alert: &Alert, some: &[&Destination]) -> DeliveryBatch {
    let deliveries = some.iter().map(|one| Delivery::probe(one));
    DeliveryBatch {
        alerts: vec![AlertDeliveries {
            alert: alert.clone(),
            // There is no routing, so the static severity is the effective one.
            severity: alert.severity,
            deliveries: deliveries.collect(),
        }],
        drain: None,
        purpose: Purpose::Probe,
    }
}

fn result(one: &Destination, probed: &Probed) -> TestResult {
    let (attempt, remark) = match probed {
        Probed::Answered(results) => {
            let mut results = results.iter();
            let found = results.find(|result| result.destination_id == one.destination_id);
            (found.map(|result| result.attempt.clone()), None)
        }
        Probed::Unanswered(reason) => (None, Some(reason.clone())),
    };
    TestResult {
        destination_id: one.destination_id,
        display_name: one.display_name.clone(),
        provider: one.provider.to_string(),
        state: attempt.as_ref().map(state),
        attempt,
        remark,
    }
}

/// A probe is not retried: it is delivered, or has failed.
const fn state(attempt: &Attempt) -> State {
    match attempt.result {
        AttemptResult::Delivered(_) => State::Delivered,
        AttemptResult::Failed(_) => State::Failed,
    }
}
