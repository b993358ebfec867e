//! Lists of deliveries: by alert, by the index of those that ended without success, and
//! by the outbox.

use std::time::Duration;

use tocsin_api_types::{ApiError, DeliveryPage, DeliveryScope, DeliverySummary, ListDeliveries};
use tocsin_aws::Cursor;
use tocsin_core::delivery::State;
use tocsin_core::destination::DestinationId;
use tocsin_core::history::{DeliveryRecord, History, StoredAlert};
use tocsin_core::outbox::DueEntry;

use super::{CONCURRENT_READS, DEFAULT_ENTRIES, MOST_ENTRIES};
use crate::Api;
use crate::error::OrApiError;
use crate::pagination::{Budget, Range, encode, limit};

/// How long one call searches for the entries of a page.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The deliveries to list.
struct Filter {
    state: Option<State>,
    destination: Option<DestinationId>,
    scope: DeliveryScope,
}

impl Api {
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
            scope: request.scope.unwrap_or(match request.state {
                Some(State::Failed | State::Exhausted) => DeliveryScope::Open,
                _ => DeliveryScope::All,
            }),
        };
        let (deliveries, next) = match (filter.scope, request.state) {
            (DeliveryScope::Waiting, _) => (self.waiting(&filter, most).await?, None),
            (DeliveryScope::Open, Some(state @ (State::Failed | State::Exhausted))) => {
                self.undelivered(state, &filter, range, most).await?
            }
            _ => self.by_alert(&filter, range, most).await?,
        };
        Ok(DeliveryPage {
            deliveries,
            cursor: next.as_ref().map(encode).transpose()?,
        })
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
                    destination: Some(entry.destination_id),
                    ..*filter
                };
                if filter
                    .destination
                    .is_none_or(|id| id == entry.destination_id)
                    && let Some(history) = history.or_api_error()?
                {
                    found.extend(only.matching(&history));
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
                    found.extend(filter.matching(&history));
                }
                if found.len() >= most {
                    next = Some(entry.cursor());
                }
            }
        }
        Ok((found, next))
    }

    /// What waits, by the time of the next attempt: one page of the first ones.
    async fn waiting(
        &self,
        filter: &Filter,
        most: usize,
    ) -> Result<Vec<DeliverySummary>, ApiError> {
        let budget = Budget::of(TIME_LIMIT);
        let mut entries: Vec<DueEntry> = Vec::new();
        let mut start = None;
        loop {
            let page = self.ledger.outbox_page(start).await.or_api_error()?;
            let wanted = |entry: &DueEntry| {
                let id = filter.destination;
                id.is_none_or(|id| entry.destination_id == id)
            };
            entries.extend(page.entries.into_iter().filter(wanted));
            start = page.next;
            if start.is_none() || budget.is_spent() {
                break;
            }
        }
        entries.sort_by_key(|entry| entry.due.at);
        let mut found = Vec::new();
        for entries in entries.chunks(CONCURRENT_READS) {
            let keys: Vec<_> = entries
                .iter()
                .map(|entry| (entry.alert_id.clone(), entry.destination_id))
                .collect();
            let ids: Vec<_> = keys.iter().map(|(id, _)| id.clone()).collect();
            let mut records = self.ledger.records(&keys).await.or_api_error()?;
            let alerts = self.ledger.alerts(&ids).await.or_api_error()?;
            for key in keys {
                // What cannot be read is left out here; the audit reports it.
                let (Some(Ok(record)), Some(Ok(alert))) =
                    (records.remove(&key), alerts.get(&key.0))
                else {
                    continue;
                };
                // The index is behind the table.
                let waits = !record.state.is_settled();
                if waits && filter.state.is_none_or(|state| record.state == state) {
                    found.push(summary(alert, record));
                }
            }
            if found.len() >= most || budget.is_spent() {
                break;
            }
        }
        found.truncate(most);
        Ok(found)
    }
}

impl Filter {
    fn matching(&self, history: &History) -> Vec<DeliverySummary> {
        let matching = history.deliveries.iter().filter(|one| {
            self.state.is_none_or(|state| one.state == state)
                && self.destination.is_none_or(|id| one.destination_id == id)
                && (self.scope == DeliveryScope::All || history.is_open(one))
        });
        matching
            .map(|delivery| summary(&history.alert, delivery.clone()))
            .collect()
    }
}

fn summary(alert: &StoredAlert, delivery: DeliveryRecord) -> DeliverySummary {
    DeliverySummary {
        alert_id: alert.alert.alert_id.clone(),
        title: alert.alert.title.clone(),
        severity: alert.routing.severity,
        received_at: alert.received_at,
        delivery,
    }
}
