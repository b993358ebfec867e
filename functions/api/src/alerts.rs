//! Reading alerts and deliveries.

use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use tocsin_api_types::{
    AlertPage, AlertReport, AlertSummary, ApiError, DeliveryPage, DeliverySummary, ExplainRoute,
    Explanation, ListAlerts, ListDeliveries, json_size,
};
use tocsin_aws::{Cursor, LedgerError, MESSAGE_LIMIT};
use tocsin_core::Timestamp;
use tocsin_core::alert::{self, Alert, AlertId};
use tocsin_core::delivery::State;
use tocsin_core::destination::DestinationId;
use tocsin_core::history::History;
use tocsin_core::routing::route;

use crate::Api;
use crate::destinations::no_destination;
use crate::error::OrApiError;
use crate::pagination::{Budget, Range, encode, limit};

/// How long one call searches for the entries of a page.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Alerts whose deliveries are read at the same time.
pub(crate) const CONCURRENT_READS: usize = 10;

/// Entries of a page, by default and at most.
const DEFAULT_ENTRIES: u16 = 100;
const MOST_ENTRIES: u16 = 500;

/// The deliveries to list.
struct Filter {
    state: Option<State>,
    destination: Option<DestinationId>,
}

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

    pub(crate) async fn list_alerts(&self, request: ListAlerts) -> Result<AlertPage, ApiError> {
        let most = limit(request.limit, DEFAULT_ENTRIES, MOST_ENTRIES)?;
        let range = Range::read(request.since, request.until, request.cursor.as_deref())?;
        let budget = Budget::of(TIME_LIMIT);
        let mut alerts = Vec::new();
        let mut next = Some(range.from);
        while let Some(from) = next.take_if(|_| alerts.len() < most && !budget.is_spent()) {
            let page = self
                .ledger
                .timeline(range.since, &from, most)
                .await
                .or_api_error()?;
            next = page.next;
            for entry in page.entries {
                let matches = request.severity.is_none_or(|one| one == entry.severity)
                    && request
                        .disposition
                        .is_none_or(|one| one == entry.disposition);
                if !matches {
                    continue;
                }
                if alerts.len() == most {
                    // The other entries belong to the next page.
                    next = alerts.last().map(cursor_after);
                    break;
                }
                alerts.push(AlertSummary {
                    alert_id: entry.alert_id,
                    received_at: entry.received_at,
                    detection_id: entry.detection_id,
                    title: entry.title,
                    alert_type: entry.alert_type,
                    severity: entry.severity,
                    disposition: entry.disposition,
                });
            }
        }
        Ok(AlertPage {
            alerts,
            cursor: next.as_ref().map(encode).transpose()?,
        })
    }

    pub(crate) async fn list_deliveries(
        &self,
        request: ListDeliveries,
    ) -> Result<DeliveryPage, ApiError> {
        let most = limit(request.limit, DEFAULT_ENTRIES, MOST_ENTRIES)?;
        let range = Range::read(request.since, request.until, request.cursor.as_deref())?;
        let destination = match &request.destination {
            None => None,
            Some(name) => Some(self.destination_id(name).await?),
        };
        let filter = Filter {
            state: request.state,
            destination,
        };
        let (deliveries, next) = match request.state {
            Some(state @ (State::Failed | State::Exhausted)) => {
                self.undelivered(state, &filter, range, most).await?
            }
            _ => self.by_alert(&filter, range, most).await?,
        };
        Ok(DeliveryPage {
            deliveries,
            cursor: next.as_ref().map(encode).transpose()?,
        })
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

    /// Deliveries in a final state without success, by their index.
    async fn undelivered(
        &self,
        state: State,
        filter: &Filter,
        range: Range,
        most: usize,
    ) -> Result<(Vec<DeliverySummary>, Option<Cursor>), ApiError> {
        let budget = Budget::of(TIME_LIMIT);
        let mut found = Vec::new();
        let mut next = Some(range.from);
        while let Some(from) = next.take_if(|_| found.len() < most && !budget.is_spent()) {
            let some = CONCURRENT_READS.min(most - found.len());
            let page = self
                .ledger
                .attention(state, range.since, &from, some)
                .await
                .or_api_error()?;
            next = page.next;
            let ids = page.entries.iter().map(|entry| &entry.alert_id);
            for (entry, history) in page.entries.iter().zip(self.histories(ids).await) {
                let only = Filter {
                    state: filter.state,
                    destination: Some(entry.destination_id),
                };
                if filter
                    .destination
                    .is_none_or(|id| id == entry.destination_id)
                    && let Some(history) = history.or_api_error()?
                {
                    found.extend(only.matching(history));
                }
            }
        }
        Ok((found, next))
    }

    /// Deliveries of any state, alert by alert.
    async fn by_alert(
        &self,
        filter: &Filter,
        range: Range,
        most: usize,
    ) -> Result<(Vec<DeliverySummary>, Option<Cursor>), ApiError> {
        let budget = Budget::of(TIME_LIMIT);
        let mut found = Vec::new();
        let mut next = Some(range.from);
        while let Some(from) = next.take_if(|_| found.len() < most && !budget.is_spent()) {
            let page = self
                .ledger
                .timeline(range.since, &from, CONCURRENT_READS)
                .await
                .or_api_error()?;
            next = page.next;
            let ids = page.entries.iter().map(|entry| &entry.alert_id);
            let histories = self.histories(ids).await;
            for (entry, history) in page.entries.iter().zip(histories) {
                if found.len() >= most {
                    break;
                }
                if let Some(history) = history.or_api_error()? {
                    found.extend(filter.matching(history));
                }
                if found.len() >= most {
                    next = Some(entry.cursor());
                }
            }
        }
        Ok((found, next))
    }

    /// The histories of these alerts, in their order.
    pub(crate) async fn histories(
        &self,
        ids: impl Iterator<Item = &AlertId>,
    ) -> Vec<Result<Option<History>, LedgerError>> {
        join_all(ids.map(|id| self.ledger.history(id))).await
    }
}

fn cursor_after(alert: &AlertSummary) -> Cursor {
    Cursor::after_alert(alert.received_at, &alert.alert_id)
}

impl Filter {
    fn matching(&self, history: History) -> Vec<DeliverySummary> {
        let alert = history.alert;
        let matching = history.deliveries.into_iter().filter(|one| {
            self.state.is_none_or(|state| one.state == state)
                && self.destination.is_none_or(|id| one.destination_id == id)
        });
        matching
            .map(|delivery| DeliverySummary {
                alert_id: alert.alert.alert_id.clone(),
                title: alert.alert.title.clone(),
                severity: alert.routing.severity,
                received_at: alert.received_at,
                delivery,
            })
            .collect()
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
