//! The outbox: the ledger's unsettled deliveries, by destination and due time.
//!
//! A delivery is unsettled if and only if it has a due time at which somebody looks at
//! it again. Whatever vanishes (an invocation, a message, a whole queue, a sender in
//! the middle of an attempt), the due time passes and the delivery is taken up again:
//! no message carries a delivery.
//!
//! A due time is a [`DueKey`]: it begins with the delivery's priority, so that a query
//! of the index reads the deliveries of one priority, oldest first. [`next`] decides
//! which of the due deliveries a drain takes.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use crate::Timestamp;
use crate::alert::{AlertId, Severity};
use crate::destination::DestinationId;

/// How long the outbox leaves a delivery to the fast path: the asynchronous invoke
/// that the router makes as soon as the delivery is recorded. Longer than the lease of
/// a claim (65 s) that is made within the first 80 seconds, so that such a claim need
/// not change the due time.
pub const FAST_PATH: Duration = Duration::from_secs(150);

/// The time between the end of a lease and the moment at which its delivery is due:
/// the clocks of two functions differ.
pub const LEASE_GRACE: Duration = Duration::from_secs(1);

/// How long a drain keeps other drains of its destination away: longer than the router
/// and then a sender run (30 s and 60 s).
pub const DRAIN_LEASE: Duration = Duration::from_secs(100);

/// Which deliveries a drain takes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// CRITICAL alerts.
    Critical,
    /// HIGH alerts.
    High,
    /// All others.
    Normal,
}

impl Priority {
    /// All priorities, the first to be drained first.
    pub const ALL: [Self; 3] = [Self::Critical, Self::High, Self::Normal];

    /// The priority of an alert of this effective severity.
    #[must_use]
    pub const fn of(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Critical,
            Severity::High => Self::High,
            Severity::Medium | Severity::Low | Severity::Info => Self::Normal,
        }
    }

    const fn digit(self) -> char {
        match self {
            Self::Critical => '0',
            Self::High => '1',
            Self::Normal => '2',
        }
    }
}

/// The position of a delivery in the outbox of its destination. As text, such as
/// `1#2026-01-01T00:00:00.000000000Z`, it sorts by priority, then by due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueKey {
    /// The delivery's priority.
    pub priority: Priority,
    /// When somebody looks at the delivery again.
    pub at: Timestamp,
}

/// A text that is not a position in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a priority and a time")]
pub struct NotADueKey;

impl DueKey {
    /// The position that this text spells.
    ///
    /// # Errors
    ///
    /// When it is not a digit of a priority, `#`, and a time.
    pub fn parse(text: &str) -> Result<Self, NotADueKey> {
        let (digit, at) = text.split_once('#').ok_or(NotADueKey)?;
        let mut priorities = Priority::ALL.into_iter();
        Ok(Self {
            priority: priorities
                .find(|one| digit.chars().eq([one.digit()]))
                .ok_or(NotADueKey)?,
            at: at.parse().map_err(|_| NotADueKey)?,
        })
    }
}

impl fmt::Display for DueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.priority.digit(), self.at.sortable())
    }
}

/// An unsettled delivery, as the index of the outbox shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueEntry {
    /// The alert to deliver.
    pub alert_id: AlertId,
    /// The destination that receives it.
    pub destination_id: DestinationId,
    /// The detection that raised the alert.
    pub detection_id: String,
    /// Where it stands in the outbox.
    pub due: DueKey,
}

/// Which of these due deliveries a drain takes next, at most `limit`: by priority, and
/// within one priority by turns from each detection, so that one detection cannot take
/// all places; the deliveries of one detection oldest first.
#[must_use]
pub fn next(mut due: Vec<DueEntry>, limit: usize) -> Vec<DueEntry> {
    due.sort_by_key(|entry| entry.due);
    let mut taken = Vec::with_capacity(limit.min(due.len()));
    for priority in Priority::ALL {
        let mut by_detection: BTreeMap<String, VecDeque<DueEntry>> = BTreeMap::new();
        let of_priority = due.extract_if(.., |entry| entry.due.priority == priority);
        for entry in of_priority {
            let queue = by_detection.entry(entry.detection_id.clone()).or_default();
            queue.push_back(entry);
        }
        // The detection that has waited longest begins each round.
        let mut queues: Vec<_> = by_detection.into_values().collect();
        queues.sort_by_key(|queue| queue.front().map(|entry| entry.due));
        while taken.len() < limit && !queues.is_empty() {
            let room = limit - taken.len();
            taken.extend(queues.iter_mut().take(room).filter_map(VecDeque::pop_front));
            queues.retain(|queue| !queue.is_empty());
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(alert: &str, detection: &str, due: &str) -> DueEntry {
        DueEntry {
            alert_id: AlertId::new(alert).unwrap(),
            destination_id: DestinationId::parse("7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11").unwrap(),
            detection_id: detection.to_owned(),
            due: DueKey::parse(&format!("{due}Z")).unwrap(),
        }
    }

    #[test]
    fn keys_sort_by_priority_then_time_and_read_back() {
        let texts = [
            "0#2026-01-02T00:00:00.000000000Z",
            "1#2026-01-01T00:00:00.000000000Z",
            "1#2026-01-01T00:00:00.000000001Z",
            "2#2025-01-01T00:00:00.000000000Z",
        ];
        let keys = texts.map(|text| DueKey::parse(text).unwrap());
        assert!(keys.is_sorted());
        assert!(texts.is_sorted());
        assert_eq!(keys.map(|key| key.to_string()), texts);
        for text in [
            "",
            "0",
            "0#",
            "3#2026-01-01T00:00:00Z",
            "00#2026-01-01T00:00:00Z",
        ] {
            assert_eq!(DueKey::parse(text), Err(NotADueKey), "{text}");
        }
    }

    #[test]
    fn priorities_first_then_detections_by_turns() {
        let due = vec![
            entry("noisy-1", "noisy", "2#2026-01-01T00:00:01"),
            entry("noisy-2", "noisy", "2#2026-01-01T00:00:02"),
            entry("noisy-3", "noisy", "2#2026-01-01T00:00:03"),
            entry("quiet-1", "quiet", "2#2026-01-01T00:00:04"),
            entry("critical", "noisy", "0#2026-01-01T00:00:05"),
            entry("high", "other", "1#2026-01-01T00:00:06"),
        ];
        let ids = |limit| {
            let taken = next(due.clone(), limit);
            let ids = taken.iter().map(|one| one.alert_id.to_string());
            ids.collect::<Vec<_>>()
        };
        let all = [
            "critical", "high", "noisy-1", "quiet-1", "noisy-2", "noisy-3",
        ];
        assert_eq!(ids(10), all);
        assert_eq!(ids(4), all[..4]);
        assert_eq!(ids(0), Vec::<String>::new());
    }

    proptest! {
        /// Nothing is lost and nothing comes twice, whatever waits.
        #[test]
        fn everything_is_taken_once(seeds in proptest::collection::vec((0u8..3, 0u8..4, 0u8..60), 0..60)) {
            let due: Vec<_> = seeds
                .iter()
                .enumerate()
                .map(|(at, (priority, detection, second))| {
                    let due = format!("{priority}#2026-01-01T00:00:{second:02}");
                    entry(&format!("a{at}"), &format!("d{detection}"), &due)
                })
                .collect();
            let taken = next(due.clone(), due.len());
            prop_assert!(taken.is_sorted_by_key(|one| one.due.priority));
            let mut ids: Vec<_> = taken.iter().map(|one| one.alert_id.clone()).collect();
            ids.sort();
            ids.dedup();
            prop_assert_eq!(ids.len(), due.len());
        }
    }
}
