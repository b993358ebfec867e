//! Reading the ledger by time: the index `timeline` of all alerts, a partition
//! for each day, and the index `attention` of deliveries that failed for good.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tocsin_core::Timestamp;
use tocsin_core::alert::{AlertId, AlertType, Severity};
use tocsin_core::delivery::State;
use tocsin_core::destination::DestinationId;
use tocsin_core::routing::Disposition;

use super::read::{json, text, time, unreadable};
use super::statement::{Item, s};
use super::{ALERT_ITEM, LedgerError, Table};
use crate::AwsError;

/// Where a list is: it goes on with what lies before this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The moment; what happened at it is not listed yet, unless `after` says
    /// how far that went.
    pub at: Timestamp,
    /// The item that was listed last, at that very moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<(String, String)>,
}

impl Cursor {
    /// Everything before this moment.
    #[must_use]
    pub const fn before(at: Timestamp) -> Self {
        Self { at, after: None }
    }

    /// Right behind an alert of the timeline.
    #[must_use]
    pub fn of_alert(received_at: Timestamp, id: &AlertId) -> Self {
        Self {
            at: received_at,
            after: Some((id.to_string(), ALERT_ITEM.to_owned())),
        }
    }

    /// The latest moment that is still listed.
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
    /// Which alert.
    pub alert_id: AlertId,
    /// When it came.
    pub received_at: Timestamp,
    /// The detection that spoke.
    pub detection_id: String,
    /// What it is about.
    pub title: String,
    /// What kind of detection spoke.
    pub alert_type: AlertType,
    /// The effective severity.
    pub severity: Severity,
    /// What became of it.
    pub disposition: Disposition,
}

/// What one look at the timeline gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimelinePage {
    /// Newest first.
    pub entries: Vec<TimelineEntry>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

/// A delivery that failed for good, as the index shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct AttentionEntry {
    /// Of which alert.
    pub alert_id: AlertId,
    /// To which destination.
    pub destination_id: DestinationId,
    /// Since when.
    pub since: Timestamp,
}

/// What one look at the index gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttentionPage {
    /// Latest first.
    pub entries: Vec<AttentionEntry>,
    /// Where to go on; `None` at the end.
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
        let look = IndexQuery {
            index: "timeline",
            partition: ("day", from.last().day()),
            range: "receivedAt",
            since: since.max(midnight),
            from,
            limit,
        };
        let (items, next) = self.look(look).await?;
        let entries = items.iter().map(TimelineEntry::read);
        Ok(TimelinePage {
            entries: entries.collect::<Result<_, _>>()?,
            // A day that is done is followed by the one before it.
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
        let look = IndexQuery {
            index: "attention",
            partition: ("attention", state.as_str().to_owned()),
            range: "attentionSince",
            since,
            from,
            limit,
        };
        let (items, next) = self.look(look).await?;
        let entries = items.iter().map(AttentionEntry::read);
        Ok(AttentionPage {
            entries: entries.collect::<Result<_, _>>()?,
            next,
        })
    }

    async fn look(&self, look: IndexQuery<'_>) -> Result<(Vec<Item>, Option<Cursor>), LedgerError> {
        const ACTION: &str = "looking through the ledger";
        let (name, value) = &look.partition;
        let start = look.from.after.as_ref().map(|(alert_id, item)| {
            Item::from([
                ("alertId".to_owned(), s(alert_id)),
                ("item".to_owned(), s(item)),
                ((*name).to_owned(), s(value)),
                (look.range.to_owned(), s(look.from.at.sortable())),
            ])
        });
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(look.index)
            .key_condition_expression("#partition = :partition AND #range BETWEEN :since AND :last")
            .expression_attribute_names("#partition", *name)
            .expression_attribute_names("#range", look.range)
            .expression_attribute_values(":partition", s(value))
            .expression_attribute_values(":since", s(look.since.sortable()))
            .expression_attribute_values(":last", s(look.from.last().sortable()))
            .scan_index_forward(false)
            .limit(i32::try_from(look.limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| AwsError::new(ACTION, &error))?;
        let next = match answer.last_evaluated_key {
            Some(last) if !last.is_empty() => Some(Cursor {
                at: time(&last, look.range)?,
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

    /// The position right behind it.
    #[must_use]
    pub fn position(&self) -> Cursor {
        Cursor::of_alert(self.received_at, &self.alert_id)
    }
}

impl AttentionEntry {
    fn read(item: &Item) -> Result<Self, LedgerError> {
        Ok(Self {
            alert_id: alert_id(item)?,
            destination_id: super::read::destination_id(item, "item")?,
            since: time(item, "attentionSince")?,
        })
    }
}

fn alert_id(item: &Item) -> Result<AlertId, LedgerError> {
    AlertId::new(text(item, "alertId")?)
        .ok_or_else(|| unreadable(item, "alertId is no alert's id".to_owned()))
}

/// A value that is one word in JSON.
fn word<T: DeserializeOwned>(item: &Item, name: &str) -> Result<T, LedgerError> {
    json(item, name, &format!("\"{}\"", text(item, name)?))
}
