//! The sweep: once a minute the whole outbox is looked over. Each destination with
//! something due gets a wake-up, so that nothing depends on a message that may be lost.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use tocsin_aws::telemetry::{self, SweepGauge};
use tocsin_aws::{Ledger, LedgerError, Pulse, VersionedHealth};
use tocsin_core::Timestamp;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::{Admission, DetectionKey, Health};
use tocsin_core::outbox::DueEntry;

use crate::invocation::Invocation;

/// The time until the next sweep: what is due before it gets its wake-up now, with a
/// delay.
const INTERVAL: Duration = Duration::from_mins(1);

/// Sweeps the outbox.
pub(crate) struct Sweeper<'a> {
    pub(crate) ledger: &'a Ledger,
    /// When to stop reading.
    pub(crate) deadline: Instant,
}

/// A destination to wake up, after a delay.
type WakeUp = (DestinationId, Duration);

/// What waits, by destination.
#[derive(Debug, Default)]
struct Waiting(BTreeMap<DestinationId, OfDestination>);

/// What waits for one destination.
#[derive(Debug, Default)]
struct OfDestination {
    deliveries: usize,
    /// The earliest due time of each detection's deliveries.
    earliest: HashMap<DetectionKey, Timestamp>,
}

/// Whether the sweep has seen the whole outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coverage {
    Whole,
    Part,
}

impl Sweeper<'_> {
    /// Looks over the outbox, sends wake-ups and records gauges. A failure is logged
    /// only, and no gauges are recorded: the next sweep comes in a minute.
    pub(crate) async fn sweep(&self, invocation: &mut Invocation) {
        let (waiting, coverage) = self.read().await;
        let ids: Vec<_> = waiting.0.keys().copied().collect();
        let healths = self.ledger.health(&ids).await.unwrap_or_else(|error| {
            // A wake-up for a destination that is held does nothing.
            tracing::warn!(%error, "the destinations' health could not be read: {error}");
            HashMap::new()
        });
        let (wake_ups, gauges) = plan(&waiting, &healths, Timestamp::now());
        invocation.wake_ups.extend(wake_ups);
        if coverage == Coverage::Whole {
            telemetry::emit_sweep(&gauges);
            let recorded = self
                .ledger
                .record_pulse(Pulse::Sweep, None, Timestamp::now());
            if let Err(error) = recorded.await {
                tracing::warn!(%error, "the sweep is done, and could not be recorded: {error}");
            }
        }
    }

    async fn read(&self) -> (Waiting, Coverage) {
        let mut waiting = Waiting::default();
        let coverage = match self.read_into(&mut waiting).await {
            Ok(coverage) => coverage,
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read to its end: {error}");
                Coverage::Part
            }
        };
        (waiting, coverage)
    }

    async fn read_into(&self, waiting: &mut Waiting) -> Result<Coverage, LedgerError> {
        let mut start = None;
        loop {
            let page = self.ledger.outbox_page(start).await?;
            waiting.add(page.entries);
            if page.next.is_none() {
                return Ok(Coverage::Whole);
            }
            if Instant::now() >= self.deadline {
                tracing::error!("the outbox is too large to be read in one sweep");
                return Ok(Coverage::Part);
            }
            start = page.next;
        }
    }
}

impl Waiting {
    fn add(&mut self, entries: Vec<DueEntry>) {
        for entry in entries {
            let waiting = self.0.entry(entry.destination_id).or_default();
            waiting.deliveries += 1;
            let detection = DetectionKey::of(&entry.detection_id);
            let earliest = waiting.earliest.entry(detection).or_insert(entry.due.at);
            *earliest = entry.due.at.min(*earliest);
        }
    }
}

/// The wake-ups that a sweep sends, and the gauges that it records.
///
/// A destination gets a wake-up if something is due, and admitted by its health, before
/// the next sweep. What the health holds is not overdue.
fn plan(
    waiting: &Waiting,
    healths: &HashMap<DestinationId, VersionedHealth>,
    now: Timestamp,
) -> (Vec<WakeUp>, Vec<SweepGauge>) {
    let unknown = Health::default();
    let mut wake_ups = Vec::new();
    let mut gauges = Vec::new();
    for (id, waiting) in &waiting.0 {
        let health = healths.get(id).map_or(&unknown, |found| &found.health);
        let mut oldest_overdue = Duration::ZERO;
        let mut ready = None;
        for (detection, due) in &waiting.earliest {
            let at = match health.admits(detection, now) {
                Admission::Hold { until } => until.max(*due),
                Admission::Allow | Admission::Probe => {
                    oldest_overdue = oldest_overdue.max(now.since(*due));
                    *due
                }
            };
            ready = Some(ready.map_or(at, |other| at.min(other)));
        }
        let delay = ready.map(|at| at.since(now));
        if let Some(delay) = delay.filter(|delay| *delay <= INTERVAL) {
            wake_ups.push((*id, delay));
        }
        gauges.push(SweepGauge {
            destination_id: *id,
            waiting: waiting.deliveries,
            oldest_overdue,
        });
    }
    (wake_ups, gauges)
}

#[cfg(test)]
mod tests {
    use tocsin_core::alert::AlertId;
    use tocsin_core::health::Observation;
    use tocsin_core::outbox::{DueKey, Priority};
    use tocsin_core::outcome::{Failure, FailureKind};

    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T01:00:00Z".parse().unwrap()
    }

    /// An entry that is due this many seconds from now.
    fn entry(id: DestinationId, detection: &str, seconds: i64) -> DueEntry {
        let millis = now().unix_millis() + seconds * 1_000;
        DueEntry {
            alert_id: AlertId::new("a").unwrap(),
            destination_id: id,
            detection_id: detection.to_owned(),
            due: DueKey {
                priority: Priority::Normal,
                at: Timestamp::from_unix_millis(millis).unwrap(),
            },
        }
    }

    fn planned(
        entries: Vec<DueEntry>,
        healths: &HashMap<DestinationId, VersionedHealth>,
    ) -> (Vec<WakeUp>, Vec<SweepGauge>) {
        let mut waiting = Waiting::default();
        waiting.add(entries);
        plan(&waiting, healths, now())
    }

    #[test]
    fn what_is_due_before_the_next_sweep_gets_a_wake_up() {
        for (due, delay, overdue) in [
            (-90, Some(0), 90),
            (0, Some(0), 0),
            (45, Some(45), 0),
            (61, None, 0),
        ] {
            let id = DestinationId::generate();
            let later = entry(id, "other", 3_600);
            let (wake_ups, gauges) = planned(vec![later, entry(id, "d", due)], &HashMap::new());
            let delay = delay.map(|delay| (id, Duration::from_secs(delay)));
            assert_eq!(wake_ups, Vec::from_iter(delay), "{due}");
            let gauge = SweepGauge {
                destination_id: id,
                waiting: 2,
                oldest_overdue: Duration::from_secs(overdue),
            };
            assert_eq!(gauges, [gauge], "{due}");
        }
    }

    #[test]
    fn what_a_breaker_holds_is_not_overdue_and_is_woken_up_when_it_may_probe() {
        let id = DestinationId::generate();
        let fault = Observation::Fault {
            failure: Failure::new(FailureKind::Unreachable, ""),
            retry_after: None,
        };
        let observed = [(DetectionKey::of("d"), fault)];
        let health = Health::default().record(&observed, now(), 0.5);
        let until = health.held_until(now()).unwrap();
        let healths = HashMap::from([(id, VersionedHealth { health, version: 1 })]);
        let (wake_ups, gauges) = planned(vec![entry(id, "d", -90)], &healths);
        assert_eq!(wake_ups, [(id, until.since(now()))]);
        assert_eq!(gauges[0].oldest_overdue, Duration::ZERO);
        assert_eq!(gauges[0].waiting, 1);
    }

    #[test]
    fn an_empty_outbox_needs_nothing() {
        let (wake_ups, gauges) = planned(Vec::new(), &HashMap::new());
        assert!(wake_ups.is_empty() && gauges.is_empty());
    }
}
