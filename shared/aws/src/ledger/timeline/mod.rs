//! Reading the ledger by time, through two indexes: `timeline` holds all alerts, in
//! eight partitions for each day, because one partition takes 1,000 writes a second;
//! `attention` holds the deliveries that ended `FAILED` or `EXHAUSTED`, in one partition
//! for each of these states.
//!
//! Version 0.1.0 wrote all alerts of a day into one partition, `2026-01-01`. It is
//! read as a ninth partition of that day, and the positions in lists have kept their
//! form.

use std::cmp::Reverse;
use std::time::Duration;

use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use tocsin_core::Timestamp;
use tocsin_core::alert::{AlertId, AlertType, Severity};
use tocsin_core::delivery::State;
use tocsin_core::destination::DestinationId;
use tocsin_core::routing::Disposition;

use super::attributes::{
    ALERT_ITEM, Item, Key, UNROUTED, alert_id, destination_id, s, text, time, word,
};
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

/// An alert that nothing matched, as the index shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct UnroutedEntry {
    /// The alert's id.
    pub alert_id: AlertId,
    /// The effective severity.
    pub severity: Severity,
}

/// One page of the alerts that nothing matched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnroutedPage {
    /// Newest first.
    pub entries: Vec<UnroutedEntry>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Cursor>,
}

/// The partitions of one day in the index `timeline`.
const SHARDS: u8 = 8;

/// One of the partitions of a day. Entries of one moment are listed in this order of
/// their partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shard {
    /// One of the eight partitions.
    Numbered(u8),
    /// The one partition of version 0.1.0.
    Whole,
}

impl Shard {
    /// The partition of an alert: a hash of its id (FNV-1a), which must stay the same,
    /// because positions in lists depend on it.
    fn of(alert_id: &str) -> Self {
        let hash = alert_id
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
        Self::Numbered((hash % u64::from(SHARDS)) as u8)
    }

    fn all() -> impl Iterator<Item = Self> {
        (0..SHARDS).map(Self::Numbered).chain([Self::Whole])
    }

    /// The value of the index's partition key.
    fn partition(self, moment: Timestamp) -> String {
        let day = moment.day();
        match self {
            Self::Numbered(number) => format!("{day}#{number}"),
            Self::Whole => day,
        }
    }

    /// Where to continue in this partition after a page that ended at `from`.
    fn start(self, from: &Cursor) -> Cursor {
        let Some((alert_id, _)) = &from.after else {
            return from.clone();
        };
        match self {
            Self::Numbered(_) if self < Self::of(alert_id) => Cursor::before(from.at),
            Self::Numbered(_) if self > Self::of(alert_id) => {
                Cursor::before(from.at.plus(Duration::from_nanos(1)))
            }
            // Version 0.1.0 may have written the alert, and with it all of its
            // moment: the clock of one function never shows a moment to another.
            Self::Numbered(_) | Self::Whole => from.clone(),
        }
    }
}

/// The partition of an alert in the index `timeline`.
pub(super) fn partition(received_at: Timestamp, id: &AlertId) -> String {
    Shard::of(id.as_str()).partition(received_at)
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
        let reads =
            Shard::all().map(|shard| self.read_shard(shard, since.max(midnight), from, limit));
        let (entries, next) = merge(try_join_all(reads).await?, limit);
        Ok(TimelinePage {
            entries,
            // A finished day is followed by the day before it.
            next: next.or_else(|| (since < midnight).then(|| Cursor::before(midnight))),
        })
    }

    async fn read_shard(
        &self,
        shard: Shard,
        since: Timestamp,
        from: &Cursor,
        limit: usize,
    ) -> Result<ShardPage, LedgerError> {
        let start = shard.start(from);
        if start.last() < since {
            return Ok(ShardPage::finished(shard));
        }
        let query = IndexQuery {
            index: "timeline",
            partition: ("day", shard.partition(from.last())),
            range: "receivedAt",
            since,
            from: &start,
            limit: match shard {
                // The alerts of a day are spread evenly; a page may be shorter than asked.
                Shard::Numbered(_) => limit.div_ceil(SHARDS.into()) + 1,
                Shard::Whole => limit,
            },
        };
        let (items, next) = self.query_index(query).await?;
        let entries = items.iter().map(TimelineEntry::read);
        Ok(ShardPage {
            shard,
            entries: entries.collect::<Result<_, _>>()?,
            next,
        })
    }

    pub(super) async fn attention(
        &self,
        state: State,
        since: Timestamp,
        from: &Cursor,
        limit: usize,
    ) -> Result<AttentionPage, LedgerError> {
        let (items, next) = self
            .query_attention(state.as_str(), since, from, limit)
            .await?;
        let entries = items.iter().map(AttentionEntry::read);
        Ok(AttentionPage {
            entries: entries.collect::<Result<_, _>>()?,
            next,
        })
    }

    pub(super) async fn unrouted(
        &self,
        since: Timestamp,
        from: &Cursor,
        limit: usize,
    ) -> Result<UnroutedPage, LedgerError> {
        let (items, next) = self.query_attention(UNROUTED, since, from, limit).await?;
        let entry = |item: &Item| {
            Ok(UnroutedEntry {
                alert_id: alert_id(item)?,
                severity: word(item, "severity")?,
            })
        };
        let entries = items.iter().map(entry);
        Ok(UnroutedPage {
            entries: entries.collect::<Result<_, LedgerError>>()?,
            next,
        })
    }

    async fn query_attention(
        &self,
        partition: &str,
        since: Timestamp,
        from: &Cursor,
        limit: usize,
    ) -> Result<(Vec<Item>, Option<Cursor>), LedgerError> {
        if from.last() < since {
            return Ok((Vec::new(), None));
        }
        let query = IndexQuery {
            index: "attention",
            partition: ("attention", partition.to_owned()),
            range: "attentionSince",
            since,
            from,
            limit,
        };
        self.query_index(query).await
    }

    async fn query_index(
        &self,
        query: IndexQuery<'_>,
    ) -> Result<(Vec<Item>, Option<Cursor>), LedgerError> {
        let (name, value) = &query.partition;
        let start = query.from.after.as_ref().map(|(alert_id, item)| {
            let mut start = Key::new(alert_id, item).attributes();
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

/// What one partition gave.
struct ShardPage {
    shard: Shard,
    entries: Vec<TimelineEntry>,
    /// Where the partition continues; `None` at its end.
    next: Option<Cursor>,
}

impl ShardPage {
    const fn finished(shard: Shard) -> Self {
        Self {
            shard,
            entries: Vec::new(),
            next: None,
        }
    }
}

/// The page that all partitions of a day give together, and where the next one starts:
/// down to the position from which the first unfinished partition must be read on.
fn merge(pages: Vec<ShardPage>, limit: usize) -> (Vec<TimelineEntry>, Option<Cursor>) {
    let unfinished = pages
        .iter()
        .filter_map(|page| Some((page.shard, page.next.clone()?)))
        .min_by_key(|(shard, next)| (Reverse(next.at), *shard));
    let end = unfinished
        .as_ref()
        .map(|(shard, next)| (Reverse(next.at), *shard));
    let entries = pages.into_iter().flat_map(|page| {
        let shard = page.shard;
        page.entries.into_iter().map(move |entry| (shard, entry))
    });
    let position = |(shard, entry): &(Shard, TimelineEntry)| (Reverse(entry.received_at), *shard);
    let mut merged: Vec<_> = entries
        .filter(|one| end.is_none_or(|end| position(one) <= end))
        .collect();
    // Stable: inside a partition the order of the index stays.
    merged.sort_by_key(position);
    let cut = merged.len() > limit;
    merged.truncate(limit);
    let last = merged.last().map(|(_, entry)| entry.cursor());
    let next = if cut {
        last
    } else {
        unfinished.map(|(_, next)| next)
    };
    (merged.into_iter().map(|(_, entry)| entry).collect(), next)
}

#[cfg(test)]
mod tests;
