//! Reading the ledger by time, through two indexes: `timeline` holds all alerts, in
//! one partition for each day; `attention` holds the deliveries that ended `FAILED` or
//! `EXHAUSTED`, in one partition for each of these states.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tocsin_core::Timestamp;
use tocsin_core::alert::{AlertId, AlertType, Severity};
use tocsin_core::delivery::State;
use tocsin_core::destination::DestinationId;
use tocsin_core::routing::Disposition;

use super::attributes::{ALERT_ITEM, Item, destination_id, invalid, key, s, text, time, word};
use super::error::LedgerError;
use super::table::Table;
use crate::error::AwsError;

/// A position in a list that runs from the newest entry to the oldest. The next page
/// starts with the entry before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The moment of the position. Entries of this very moment are still to be
    /// listed, if `after` names the last one that was; otherwise they are left out.
    pub at: Timestamp,
    /// The primary key of the entry that was listed last: partition key, sort key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<(String, String)>,
}

impl Cursor {
    /// The position before everything that happened at this moment or later.
    #[must_use]
    pub const fn before(at: Timestamp) -> Self {
        Self { at, after: None }
    }

    /// The position directly after an alert of the timeline.
    #[must_use]
    pub fn after_alert(received_at: Timestamp, id: &AlertId) -> Self {
        Self {
            at: received_at,
            after: Some((id.to_string(), ALERT_ITEM.to_owned())),
        }
    }

    /// The latest moment whose entries are still to be listed.
    fn last(&self) -> Timestamp {
        match self.after {
            Some(_) => self.at,
            None => self.at.minus(Duration::from_nanos(1)),
        }
    }
}

/// An alert as the index shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineEntry {
    /// The alert's id.
    pub alert_id: AlertId,
    /// When the router received the alert.
    pub received_at: Timestamp,
    /// The detection that raised the alert.
    pub detection_id: String,
    /// The alert's title.
    pub title: String,
    /// The alert's type.
    pub alert_type: AlertType,
    /// The effective severity.
    pub severity: Severity,
    /// What routing decided about the alert.
    pub disposition: Disposition,
}

/// One page of the timeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimelinePage {
    /// Newest first.
    pub entries: Vec<TimelineEntry>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Cursor>,
}

/// A delivery that ended `FAILED` or `EXHAUSTED`, as the index shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct AttentionEntry {
    /// The alert's id.
    pub alert_id: AlertId,
    /// The destination's id.
    pub destination_id: DestinationId,
    /// When the delivery ended.
    pub since: Timestamp,
}

/// One page of the deliveries that ended `FAILED` or `EXHAUSTED`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttentionPage {
    /// Newest first.
    pub entries: Vec<AttentionEntry>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Cursor>,
}

/// One query of one index.
struct IndexQuery<'a> {
    index: &'a str,
    partition: (&'a str, String),
    range: &'a str,
    since: Timestamp,
    from: &'a Cursor,
    limit: usize,
}

impl Table {
    pub(super) async fn timeline(
        &self,
        since: Timestamp,
        from: &Cursor,
        limit: usize,
    ) -> Result<TimelinePage, LedgerError> {
        if from.last() < since {
            return Ok(TimelinePage::default());
        }
        let midnight = from.last().midnight();
        let query = IndexQuery {
            index: "timeline",
            partition: ("day", from.last().day()),
            range: "receivedAt",
            since: since.max(midnight),
            from,
            limit,
        };
        let (items, next) = self.query_index(query).await?;
        let entries = items.iter().map(TimelineEntry::read);
        Ok(TimelinePage {
            entries: entries.collect::<Result<_, _>>()?,
            // A finished day is followed by the day before it.
            next: next.or_else(|| (since < midnight).then(|| Cursor::before(midnight))),
        })
    }

    pub(super) async fn attention(
        &self,
        state: State,
        since: Timestamp,
        from: &Cursor,
        limit: usize,
    ) -> Result<AttentionPage, LedgerError> {
        if from.last() < since {
            return Ok(AttentionPage::default());
        }
        let query = IndexQuery {
            index: "attention",
            partition: ("attention", state.as_str().to_owned()),
            range: "attentionSince",
            since,
            from,
            limit,
        };
        let (items, next) = self.query_index(query).await?;
        let entries = items.iter().map(AttentionEntry::read);
        Ok(AttentionPage {
            entries: entries.collect::<Result<_, _>>()?,
            next,
        })
    }

    async fn query_index(
        &self,
        query: IndexQuery<'_>,
    ) -> Result<(Vec<Item>, Option<Cursor>), LedgerError> {
        let (name, value) = &query.partition;
        let start = query.from.after.as_ref().map(|(alert_id, item)| {
            let mut start = key(alert_id, item);
            start.insert((*name).to_owned(), s(value));
            start.insert(query.range.to_owned(), s(query.from.at.sortable()));
            start
        });
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(query.index)
            .key_condition_expression("#partition = :partition AND #range BETWEEN :since AND :last")
            .expression_attribute_names("#partition", *name)
            .expression_attribute_names("#range", query.range)
            .expression_attribute_values(":partition", s(value))
            .expression_attribute_values(":since", s(query.since.sortable()))
            .expression_attribute_values(":last", s(query.from.last().sortable()))
            .scan_index_forward(false)
            .limit(i32::try_from(query.limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| AwsError::new("querying the ledger", error))?;
        let next = match answer.last_evaluated_key {
            Some(last) if !last.is_empty() => Some(Cursor {
                at: time(&last, query.range)?,
                after: Some((
                    text(&last, "alertId")?.to_owned(),
                    text(&last, "item")?.to_owned(),
                )),
            }),
            _ => None,
        };
        Ok((answer.items.unwrap_or_default(), next))
    }
}

impl TimelineEntry {
    fn read(item: &Item) -> Result<Self, LedgerError> {
        Ok(Self {
            alert_id: alert_id(item)?,
            received_at: time(item, "receivedAt")?,
            detection_id: text(item, "detectionId")?.to_owned(),
            title: text(item, "title")?.to_owned(),
            alert_type: word(item, "type")?,
            severity: word(item, "severity")?,
            disposition: word(item, "disposition")?,
        })
    }

    /// The position directly after this entry.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor::after_alert(self.received_at, &self.alert_id)
    }
}

impl AttentionEntry {
    fn read(item: &Item) -> Result<Self, LedgerError> {
        Ok(Self {
            alert_id: alert_id(item)?,
            destination_id: destination_id(item, "item")?,
            since: time(item, "attentionSince")?,
        })
    }
}

fn alert_id(item: &Item) -> Result<AlertId, LedgerError> {
    AlertId::new(text(item, "alertId")?)
        .ok_or_else(|| invalid(item, "alertId", "not the id of an alert"))
}
