//! Tests of destinations: the sender attempts a test alert once, at once, with the
//! destination as it is configured now, and answers with what the provider answered.
//! Nothing is recorded, so nothing is retried, and no list of failures has it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures::future::join_all;
use tocsin_api_types::{ApiError, SendTestAlert, TestReport, TestResult};
use tocsin_core::alert::Alert;
use tocsin_core::delivery::{
    AlertDeliveries, Attempt, AttemptResult, Delivery, DeliveryBatch, Purpose, State,
};
use tocsin_core::destination::{Destination, DestinationId, ProviderName};

use crate::Api;
use crate::alerts::read_alert;
use crate::error::OrApiError;
use crate::send::{as_test, built_in_alert, find, names};
use crate::senders::Probed;
use crate::validate::checked_actor;

/// Seconds to wait for the answers, by default and at most: the function must answer
/// before its own timeout.
const DEFAULT_WAIT: u8 = 20;
const LONGEST_WAIT: u8 = 40;

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
