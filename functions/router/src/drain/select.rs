//! Which of the due deliveries a drain takes, and what it does with each.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tocsin_aws::{DeliveryRecords, FallbackRef, LedgerError};
use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::State;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::{Admission, DetectionKey, Health};
use tocsin_core::history::DeliveryRecord;
use tocsin_core::outbox::{self, DueEntry};

/// Deliveries that a drain looks at beyond those that it dispatches: what it cannot
/// dispatch must not take the place of what it can.
const SPARE: usize = 25;

/// The deliveries that a drain looks at: those that the health admits, by priority, the
/// detections of one priority by turns.
pub(super) fn select(due: Vec<DueEntry>, health: &Health, now: Timestamp) -> Vec<DueEntry> {
    outbox::next(
        health.drainable(due, now),
        health.drain_size(now).saturating_add(SPARE),
    )
}

/// When the first of these deliveries is admitted, where all of them are held.
pub(super) fn held_until(due: &[DueEntry], health: &Health, now: Timestamp) -> Option<Timestamp> {
    let until = |entry: &DueEntry| {
        let detection = DetectionKey::of(&entry.detection_id);
        match health.admits(&detection, now) {
            Admission::Hold { until } => Some(until),
            Admission::Allow | Admission::Probe => None,
        }
    };
    due.iter().filter_map(until).min()
}

/// The index is about a second behind the table; this is more than it ever should be.
const INDEX_LAG: Duration = Duration::from_mins(1);

/// What a drain does with a delivery.
#[derive(Debug)]
pub(super) enum Verdict<'a> {
    /// It is dispatched.
    Dispatch(&'a DeliveryRecord),
    /// It is a fallback, and all destinations that it is the fallback of have the alert.
    Cancel(FallbackRef),
    /// It was just settled, or a sender holds it: the index is behind the table.
    Skip,
    /// It was settled long ago, in this state, and is still in the outbox.
    Leave(State),
    /// Its item is damaged.
    Unreadable(&'a LedgerError),
}

/// Of each alert whose delivery to the drained destination is that of a fallback and has
/// not begun: the destinations that it is the fallback of.
pub(super) type Originals = HashMap<AlertId, BTreeSet<DestinationId>>;

/// What to do with a due delivery, by its record and the records of the deliveries that
/// due fallbacks are for.
pub(super) fn judge<'a>(
    entry: &DueEntry,
    records: &'a DeliveryRecords,
    originals: &Originals,
    now: Timestamp,
) -> Verdict<'a> {
    let key = (entry.alert_id.clone(), entry.destination_id);
    let record = match records.get(&key) {
        None => return Verdict::Skip,
        Some(Err(error)) => return Verdict::Unreadable(error),
        Some(Ok(record)) => record,
    };
    if record.state.is_settled() {
        return if now.since(entry.due.at) > INDEX_LAG {
            Verdict::Leave(record.state)
        } else {
            Verdict::Skip
        };
    }
    if record.lease_until.is_some_and(|until| until > now) {
        return Verdict::Skip;
    }
    let is_delivered = |id: &DestinationId| {
        let record = records.get(&(entry.alert_id.clone(), *id));
        matches!(record, Some(Ok(record)) if record.state == State::Delivered)
    };
    match (fallback_not_begun(record), originals.get(&entry.alert_id)) {
        (Some(fallback_for), Some(originals)) if originals.iter().all(is_delivered) => {
            Verdict::Cancel(FallbackRef {
                alert_id: entry.alert_id.clone(),
                destination_id: entry.destination_id,
                fallback_for,
            })
        }
        _ => Verdict::Dispatch(record),
    }
}

/// The destinations that the recorded fallbacks are for, where these have not begun. More
/// targets of the alert may share the fallback.
pub(super) fn originals(records: &DeliveryRecords) -> Originals {
    let original = |((alert_id, _), record): (&(AlertId, _), &Result<DeliveryRecord, _>)| {
        let fallback_for = fallback_not_begun(record.as_ref().ok()?)?;
        Some((alert_id.clone(), BTreeSet::from([fallback_for])))
    };
    records.iter().filter_map(original).collect()
}

fn fallback_not_begun(record: &DeliveryRecord) -> Option<DestinationId> {
    record.fallback_for.filter(|_| record.attempt == 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tocsin_core::health::Observation;
    use tocsin_core::outbox::DueKey;
    use tocsin_core::outcome::{Failure, FailureKind};

    use super::*;

    const FIRST: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";
    const FALLBACK: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d12";
    const SECOND: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d13";

    fn id(text: &str) -> DestinationId {
        DestinationId::parse(text).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn entry(alert: &str, detection: &str, due: &str) -> DueEntry {
        DueEntry {
            alert_id: AlertId::new(alert).unwrap(),
            destination_id: id(FALLBACK),
            detection_id: detection.to_owned(),
            due: DueKey::parse(due).unwrap(),
        }
    }

    fn ids(entries: &[DueEntry]) -> Vec<&str> {
        entries.iter().map(|one| one.alert_id.as_str()).collect()
    }

    #[test]
    fn the_first_priority_and_every_detection_come_first() {
        let now = at("2026-01-01T00:01:00Z");
        let due = vec![
            entry("noisy-1", "noisy", "2#2026-01-01T00:00:01Z"),
            entry("noisy-2", "noisy", "2#2026-01-01T00:00:02Z"),
            entry("quiet", "quiet", "2#2026-01-01T00:00:03Z"),
            entry("critical", "noisy", "0#2026-01-01T00:00:04Z"),
        ];
        let selected = select(due, &Health::default(), now);
        assert_eq!(ids(&selected), ["critical", "noisy-1", "quiet", "noisy-2"]);
    }

    #[test]
    fn one_delivery_probes_a_destination_that_failed_and_none_before_that() {
        let failure = Failure::new(FailureKind::Unreachable, "");
        let fault = Observation::Fault {
            failure,
            retry_after: None,
        };
        let tripped = at("2026-01-01T00:00:00Z");
        let observed = [(DetectionKey::of("noisy"), fault)];
        let health = Health::default().record(&observed, tripped, 0.5);
        let due = vec![
            entry("critical", "noisy", "0#2026-01-01T00:00:04Z"),
            entry("other", "quiet", "2#2026-01-01T00:00:03Z"),
        ];
        assert!(select(due.clone(), &health, tripped).is_empty());
        assert!(held_until(&due, &health, tripped).is_some_and(|until| until > tripped));
        let later = at("2026-01-01T00:10:00Z");
        assert_eq!(ids(&select(due, &health, later)), ["other"]);
        assert_eq!(health.drain_size(later), 1);
    }

    /// A record of the alert `a` in this state.
    fn record(
        destination: &str,
        state: &str,
        attempt: u32,
        more: serde_json::Value,
    ) -> DeliveryRecord {
        let mut record = json!({
            "destinationId": destination, "displayName": "d", "provider": "slack",
            "deliveryId": "x", "state": state, "attempt": attempt, "attempts": [],
            "beganAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
        });
        if let (Some(fields), serde_json::Value::Object(more)) = (record.as_object_mut(), more) {
            fields.extend(more);
        }
        serde_json::from_value(record).unwrap()
    }

    /// The verdict on a delivery, with the states of other deliveries of its alert.
    fn verdict(record_of_entry: DeliveryRecord, others: &[(&str, &str)]) -> &'static str {
        let alert = AlertId::new("a").unwrap();
        let mut records: DeliveryRecords =
            HashMap::from([((alert.clone(), id(FALLBACK)), Ok(record_of_entry))]);
        let mut originals = originals(&records);
        for (destination, state) in others {
            let record = record(destination, state, 1, json!({}));
            records.insert((alert.clone(), id(destination)), Ok(record));
            if let Some(originals) = originals.get_mut(&alert) {
                originals.insert(id(destination));
            }
        }
        let entry = entry("a", "d", "1#2026-01-01T00:00:00Z");
        match judge(&entry, &records, &originals, at("2026-01-01T00:05:00Z")) {
            Verdict::Dispatch(_) => "dispatch",
            Verdict::Cancel(_) => "cancel",
            Verdict::Skip => "skip",
            Verdict::Leave(_) => "leave",
            Verdict::Unreadable(_) => "unreadable",
        }
    }

    #[test]
    fn a_delivery_that_ended_or_is_held_is_skipped() {
        let until = |until| json!({"leaseUntil": until});
        for (state, more, expected) in [
            ("QUEUED", json!({}), "dispatch"),
            ("RETRYING", json!({}), "dispatch"),
            ("DELIVERED", json!({}), "leave"),
            ("EXHAUSTED", json!({}), "leave"),
            ("SENDING", until("2026-01-01T00:05:10Z"), "skip"),
            ("SENDING", until("2026-01-01T00:04:59Z"), "dispatch"),
        ] {
            assert_eq!(
                verdict(record(FALLBACK, state, 1, more), &[]),
                expected,
                "{state}"
            );
        }
    }

    #[test]
    fn the_index_may_be_behind_a_delivery_that_was_just_settled() {
        let key = (AlertId::new("a").unwrap(), id(FALLBACK));
        let record = record(FALLBACK, "DELIVERED", 1, json!({}));
        let records: DeliveryRecords = HashMap::from([(key, Ok(record))]);
        let entry = entry("a", "d", "1#2026-01-01T00:00:00Z");
        for (now, is_skipped) in [
            ("2026-01-01T00:01:00Z", true),
            ("2026-01-01T00:01:01Z", false),
        ] {
            let verdict = judge(&entry, &records, &HashMap::new(), at(now));
            assert_eq!(matches!(verdict, Verdict::Skip), is_skipped, "{verdict:?}");
        }
    }

    #[test]
    fn a_fallback_is_cancelled_only_if_all_its_destinations_have_the_alert() {
        let fallback = |attempt| {
            let more = json!({"standsInFor": FIRST});
            record(FALLBACK, "QUEUED", attempt, more)
        };
        for (others, expected) in [
            (&[(FIRST, "DELIVERED")][..], "cancel"),
            (&[(FIRST, "RETRYING")], "dispatch"),
            (&[(FIRST, "FAILED")], "dispatch"),
            (&[], "dispatch"),
            // Two targets share it.
            (&[(FIRST, "DELIVERED"), (SECOND, "RETRYING")], "dispatch"),
            (&[(FIRST, "FAILED"), (SECOND, "DELIVERED")], "dispatch"),
            (&[(FIRST, "DELIVERED"), (SECOND, "DELIVERED")], "cancel"),
        ] {
            assert_eq!(verdict(fallback(0), others), expected, "{others:?}");
        }
        // Once it has begun it goes on: its message may have arrived.
        assert_eq!(verdict(fallback(1), &[(FIRST, "DELIVERED")]), "dispatch");
    }
}
