//! Reading alerts and deliveries.

mod deliveries;
mod list;

use futures::future::join_all;
use serde_json::Value;
use tocsin_api_types::{AlertReport, ApiError, ExplainRoute, Explanation, json_size};
use tocsin_aws::{LedgerError, MESSAGE_LIMIT};
use tocsin_core::Timestamp;
use tocsin_core::alert::{self, Alert, AlertId};
use tocsin_core::destination::DestinationId;
use tocsin_core::history::History;
use tocsin_core::routing::route;

use crate::Api;
use crate::destinations::no_destination;
use crate::error::OrApiError;

/// Alerts whose deliveries are read at the same time.
pub(crate) const CONCURRENT_READS: usize = 25;

/// Entries of a page, by default and at most.
pub(crate) const DEFAULT_ENTRIES: u16 = 100;
pub(crate) const MOST_ENTRIES: u16 = 500;

impl Api {
    pub(crate) async fn explain_route(
        &self,
        request: ExplainRoute,
    ) -> Result<Explanation, ApiError> {
        let alert = read_alert(&request.alert)?;
        let destinations = self.store.load().await.or_api_error()?;
        let routing = route(&alert, &destinations, self.default_destination.as_deref());
        Ok(Explanation { alert, routing })
    }

    pub(crate) async fn get_alert(&self, alert_id: &str) -> Result<AlertReport, ApiError> {
        let history = self.history(alert_id).await?;
        Ok(AlertReport {
            resent_as: history.alert.resent_as,
            alert: history.alert.alert,
            routing: history.alert.routing,
            received_at: history.alert.received_at,
            deliveries: history.deliveries,
        })
    }

    pub(crate) async fn history(&self, alert_id: &str) -> Result<History, ApiError> {
        let not_found = || {
            ApiError::not_found(
                "alertId",
                format!(
                    "there is no alert {alert_id:?} in the ledger; it may still be on the alerts queue or in its dead-letter queue, or it has expired"
                ),
            )
        };
        let id = AlertId::new(alert_id).ok_or_else(not_found)?;
        self.ledger
            .history(&id)
            .await
            .or_api_error()?
            .ok_or_else(not_found)
    }

    /// An id is accepted even if the destination is deleted.
    async fn destination_id(&self, name: &str) -> Result<DestinationId, ApiError> {
        if let Some(id) = DestinationId::parse(name) {
            return Ok(id);
        }
        let all = self.store.load().await.or_api_error()?;
        let found = all.called(name).next().map(|one| one.destination_id);
        found.ok_or_else(|| no_destination("destination"))
    }

    /// The histories of these alerts, in their order.
    pub(crate) async fn histories(
        &self,
        ids: impl Iterator<Item = &AlertId>,
    ) -> Vec<Result<Option<History>, LedgerError>> {
        join_all(ids.map(|id| self.ledger.history(id))).await
    }
}

/// Reads an alert in any form that the alerts queue accepts.
pub(crate) fn read_alert(given: &Value) -> Result<Alert, ApiError> {
    if json_size(given) > MESSAGE_LIMIT {
        return Err(ApiError::invalid(
            "alert",
            "is larger than 1 MiB, which no message on the alerts queue can be",
        ));
    }
    // A string is the unchanged body of a queue message.
    let body = given
        .as_str()
        .map_or_else(|| given.to_string(), str::to_owned);
    alert::parse_sent(&body, Timestamp::now())
        .map_err(|error| ApiError::invalid("alert", error.to_string()))
}
