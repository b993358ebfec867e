//! Looking alerts and deliveries up.

use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use tocsin_aws::{Cursor, History, LedgerError, MESSAGE_LIMIT};
use tocsin_core::alert::{self, Alert, AlertId};
use tocsin_core::delivery::State;
use tocsin_core::destination::DestinationId;
use tocsin_core::routing::route;

use crate::Api;
use crate::destinations::no_destination;
use crate::messages::{
    AlertPage, AlertReport, AlertSummary, ApiError, DeliveryPage, DeliverySummary, ExplainRoute,
    Explanation, ListAlerts, ListDeliveries, size,
};
use crate::pagination::{Budget, Span, cursor, limit};

/// How long one call looks for the entries of a page.
const LOOKING: Duration = Duration::from_secs(10);

/// Alerts whose deliveries are read at the same time.
pub(crate) const AT_ONCE: usize = 10;

/// Entries of a page when nothing is said, and at most.
const USUAL: u16 = 100;
const MOST: u16 = 500;

/// What is wanted of the deliveries.
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
        let destinations = self.store.load().await?;
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
                    "there is no alert {alert_id:?} in the ledger; it may still be on the queue, in the dead-letter queue, or expired"
                ),
            )
        };
        let id = AlertId::new(alert_id).ok_or_else(not_found)?;
        self.ledger.history(&id).await?.ok_or_else(not_found)
    }

    pub(crate) async fn list_alerts(&self, request: ListAlerts) -> Result<AlertPage, ApiError> {
        let most = limit(request.limit, USUAL, MOST)?;
        let span = Span::read(request.since, request.until, request.cursor.as_deref())?;
        let budget = Budget::of(LOOKING);
        let mut alerts = Vec::new();
        let mut next = Some(span.from);
        while let Some(from) = next.take_if(|_| alerts.len() < most && !budget.is_spent()) {
            let page = self.ledger.timeline(span.since, &from, most).await?;
            next = page.next;
            for entry in page.entries {
                let wanted = request.severity.is_none_or(|one| one == entry.severity)
                    && request
                        .disposition
                        .is_none_or(|one| one == entry.disposition);
                if !wanted {
                    continue;
                }
                if alerts.len() == most {
                    // The rest belongs to the next page.
                    next = alerts.last().map(AlertSummary::position);
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
            cursor: next.as_ref().map(cursor).transpose()?,
        })
    }

    pub(crate) async fn list_deliveries(
        &self,
        request: ListDeliveries,
    ) -> Result<DeliveryPage, ApiError> {
        let most = limit(request.limit, USUAL, MOST)?;
        let span = Span::read(request.since, request.until, request.cursor.as_deref())?;
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
                self.ended(state, &filter, span, most).await?
            }
            _ => self.of_alerts(&filter, span, most).await?,
        };
        Ok(DeliveryPage {
            deliveries,
            cursor: next.as_ref().map(cursor).transpose()?,
        })
    }

    /// One that is deleted is still known by its id.
    async fn destination_id(&self, name: &str) -> Result<DestinationId, ApiError> {
        if let Some(id) = DestinationId::parse(name) {
            return Ok(id);
        }
        let all = self.store.load().await?;
        let found = all.called(name).next().map(|one| one.destination_id);
        found.ok_or_else(|| no_destination("destination"))
    }

    /// By the index of what failed for good.
    async fn ended(
        &self,
        state: State,
        filter: &Filter,
        span: Span,
        most: usize,
    ) -> Result<(Vec<DeliverySummary>, Option<Cursor>), ApiError> {
        let budget = Budget::of(LOOKING);
        let mut found = Vec::new();
        let mut next = Some(span.from);
        while let Some(from) = next.take_if(|_| found.len() < most && !budget.is_spent()) {
            let some = AT_ONCE.min(most - found.len());
            let page = self
                .ledger
                .attention(state, span.since, &from, some)
                .await?;
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
                    && let Some(history) = history?
                {
                    found.extend(only.of(history));
                }
            }
        }
        Ok((found, next))
    }

    /// Alert by alert.
    async fn of_alerts(
        &self,
        filter: &Filter,
        span: Span,
        most: usize,
    ) -> Result<(Vec<DeliverySummary>, Option<Cursor>), ApiError> {
        let budget = Budget::of(LOOKING);
        let mut found = Vec::new();
        let mut next = Some(span.from);
        while let Some(from) = next.take_if(|_| found.len() < most && !budget.is_spent()) {
            let page = self.ledger.timeline(span.since, &from, AT_ONCE).await?;
            next = page.next;
            let ids = page.entries.iter().map(|entry| &entry.alert_id);
            let histories = self.histories(ids).await;
            for (entry, history) in page.entries.iter().zip(histories) {
                if found.len() >= most {
                    break;
                }
                if let Some(history) = history? {
                    found.extend(filter.of(history));
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

impl AlertSummary {
    fn position(&self) -> Cursor {
        Cursor::after_alert(self.received_at, &self.alert_id)
    }
}

impl Filter {
    fn of(&self, history: History) -> Vec<DeliverySummary> {
        let alert = history.alert;
        let wanted = history.deliveries.into_iter().filter(|one| {
            self.state.is_none_or(|state| one.state == state)
                && self.destination.is_none_or(|id| one.destination_id == id)
        });
        wanted
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

/// An alert in any form that the queue takes.
pub(crate) fn read_alert(given: &Value) -> Result<Alert, ApiError> {
    if size(given) > MESSAGE_LIMIT {
        return Err(ApiError::invalid(
            "alert",
            "is larger than 1 MiB, which no message on the alerts queue can be",
        ));
    }
    // As a string it is the body of a queue message, to the letter.
    let body = given
        .as_str()
        .map_or_else(|| given.to_string(), str::to_owned);
    alert::parse(&body).map_err(|error| ApiError::invalid("alert", error.to_string()))
}
