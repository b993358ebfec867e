//! Lists of alerts.

use std::time::Duration;

use tocsin_api_types::{AlertPage, AlertSummary, ApiError, Having, ListAlerts};
use tocsin_aws::{Cursor, TimelineEntry};
use tocsin_core::destination::DestinationId;
use tocsin_core::history::History;

use super::{CONCURRENT_READS, DEFAULT_ENTRIES, MOST_ENTRIES};
use crate::Api;
use crate::error::OrApiError;
use crate::pagination::{Budget, Range, encode, limit};

/// How long one call searches for the entries of a page.
const TIME_LIMIT: Duration = Duration::from_secs(10);

impl Api {
    pub(crate) async fn list_alerts(&self, request: ListAlerts) -> Result<AlertPage, ApiError> {
        let most = limit(request.limit, DEFAULT_ENTRIES, MOST_ENTRIES)?;
        let range = Range::read(request.since, request.until, request.cursor.as_deref())?;
        let destination = match &request.destination {
            None => None,
            Some(name) => Some(self.destination_id(name).await?),
        };
        let budget = Budget::of(TIME_LIMIT);
        let mut alerts = Vec::new();
        let mut next = Some(range.from);
        while let Some(from) = next.take_if(|_| alerts.len() < most && !budget.is_spent()) {
            let page = self
                .ledger
                .timeline(range.since, &from, CONCURRENT_READS)
                .await
                .or_api_error()?;
            next = page.next;
            let mut wanted = page.entries;
            wanted.retain(|entry| is_wanted(entry, &request));
            let histories = self.histories(wanted.iter().map(|one| &one.alert_id)).await;
            for (entry, history) in wanted.into_iter().zip(histories) {
                // It expired between the two reads.
                let Some(history) = history.or_api_error()? else {
                    continue;
                };
                if !has(&history, &request, destination) {
                    continue;
                }
                if alerts.len() == most {
                    // The other entries belong to the next page.
                    next = alerts.last().map(cursor_after);
                    break;
                }
                alerts.push(summary(entry, &history));
            }
        }
        Ok(AlertPage {
            alerts,
            cursor: next.as_ref().map(encode).transpose()?,
        })
    }
}

fn cursor_after(alert: &AlertSummary) -> Cursor {
    Cursor::after_alert(alert.received_at, &alert.alert_id)
}

/// Whether the entry of the index passes the filters.
fn is_wanted(entry: &TimelineEntry, request: &ListAlerts) -> bool {
    let ListAlerts {
        severity,
        disposition,
        text,
        detection,
        ..
    } = request;
    severity.is_none_or(|one| one == entry.severity)
        && disposition.is_none_or(|one| one == entry.disposition)
        && detection
            .as_ref()
            .is_none_or(|id| *id == entry.detection_id)
        && text.as_ref().is_none_or(|text| {
            let text = text.to_lowercase();
            [entry.alert_id.as_str(), &entry.title, &entry.detection_id]
                .iter()
                .any(|place| place.to_lowercase().contains(&text))
        })
}

/// Whether the whole alert passes the filters.
fn has(history: &History, request: &ListAlerts, destination: Option<DestinationId>) -> bool {
    let alert = &history.alert.alert;
    let mut deliveries = history.deliveries.iter();
    let among = |list: &[String], wanted: &Option<String>| {
        let wanted = wanted.as_ref();
        wanted.is_none_or(|wanted| list.iter().any(|one| one.eq_ignore_ascii_case(wanted)))
    };
    destination.is_none_or(|id| deliveries.any(|one| one.destination_id == id))
        && among(&alert.tags, &request.tag)
        && among(&alert.log_types, &request.log_type)
        && match request.having {
            None => true,
            Some(Having::Warnings) => !history.alert.routing.warnings.is_empty(),
            Some(Having::Notes) => !alert.notes.is_empty(),
        }
}

fn summary(entry: TimelineEntry, history: &History) -> AlertSummary {
    AlertSummary {
        alert_id: entry.alert_id,
        received_at: entry.received_at,
        detection_id: entry.detection_id,
        title: entry.title,
        alert_type: entry.alert_type,
        severity: entry.severity,
        disposition: entry.disposition,
        worst_state: history.worst_state(),
        resent_as: history.resent_as().cloned(),
    }
}
