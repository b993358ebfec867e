//! The deliveries of fresh alerts: each is recorded in the outbox. Where the
//! destination works and nothing waits for it, the delivery is dispatched at once (the
//! fast path); elsewhere the drain takes it in its priority.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use tocsin_aws::{Added, Begun, Ledger, LedgerError};
use tocsin_core::Timestamp;
use tocsin_core::delivery::{AlertDeliveries, Delivery, FallbackTarget, NewDelivery};
use tocsin_core::destination::{DestinationId, Destinations, ProviderName};
use tocsin_core::health::{Admission, DetectionKey, Health, Path};
use tocsin_core::outbox::FAST_PATH;
use tocsin_core::routing::Target;

use crate::alerts::RoutedAlert;
use crate::dispatch::{Entry, FailedDispatch, Senders, SharedAlert};
use crate::health::HealthCache;
use crate::invocation::Invocation;

/// The delay of the wake-up for fresh deliveries that wait: those of other batches of
/// the same moment are drained with them.
const WAKE_UP_DELAY: Duration = Duration::from_secs(1);

/// A hold that lasts longer needs no wake-up from here: the sender that met the trouble has sent
/// one for its end, and the sweep looks every minute. Otherwise each alert of an outage
/// would cost a look at the outbox.
const SOON: Duration = Duration::from_secs(15);

/// The delay of the wake-up after a failed invoke.
const AFTER_FAILED_INVOKE: Duration = Duration::from_secs(5);

/// Records the deliveries of alerts, and dispatches them.
pub(crate) struct Outbox<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) healths: &'a HealthCache,
    pub(crate) senders: &'a Senders,
}

/// A delivery to record, and what follows if it is new.
#[derive(Debug, PartialEq)]
struct Plan {
    /// The position of its alert in the batch.
    alert: usize,
    new: NewDelivery,
    next: Next,
}

/// What follows when a delivery was recorded.
#[derive(Debug, PartialEq)]
enum Next {
    /// It is dispatched at once.
    Dispatch {
        provider: ProviderName,
        delivery: Box<Delivery>,
    },
    /// It is due: the drain takes it.
    WakeUp,
    /// It is due and held by a circuit breaker: the drain takes it later.
    Hold,
    /// Nothing: it is a fallback, which is due later.
    Wait,
}

impl Next {
    /// What follows for a delivery that does not take the fast path.
    fn in_outbox(health: Option<&Health>, detection: DetectionKey, now: Timestamp) -> Self {
        match health.map(|health| health.admits(&detection, now)) {
            Some(Admission::Hold { until }) if until.since(now) > SOON => Self::Hold,
            _ => Self::WakeUp,
        }
    }
}

impl Outbox<'_> {
    /// Records and dispatches the deliveries of these alerts.
    pub(crate) async fn deliver(
        &self,
        mut alerts: Vec<RoutedAlert>,
        destinations: &Destinations,
        invocation: &mut Invocation,
    ) {
        let targets = alerts.iter().flat_map(|one| &one.routing.targets);
        let ids: BTreeSet<_> = targets.map(|target| target.destination_id).collect();
        let healths = self.healths.get(&Vec::from_iter(ids)).await;
        let now = Timestamp::now();
        let plans: Vec<_> = (0..)
            .zip(&alerts)
            .flat_map(|(at, one)| plan(at, one, destinations, &healths, now))
            .collect();
        let next = self.record(plans, &alerts, now, invocation).await;
        let mut waiting = BTreeSet::new();
        let mut dispatched = Vec::new();
        // From the last alert on, each is serialized and then dropped.
        for (at, next) in next.into_iter().rev() {
            alerts.truncate(at + 1);
            let Some(one) = alerts.pop() else { continue };
            for id in next.wake_ups {
                invocation.wake_ups.add(id, WAKE_UP_DELAY);
            }
            waiting.extend(next.waiting);
            match entries(&one, next.dispatches) {
                Ok(entries) => dispatched.extend(entries),
                Err(error) => one.fail(&error, &mut invocation.failed),
            }
        }
        let waiting = Vec::from_iter(waiting);
        let (failed, ()) = futures::join!(
            self.senders.dispatch(dispatched),
            self.healths.record_backlog(&waiting)
        );
        self.defer(failed, invocation).await;
    }

    /// Records deliveries, and returns what follows for each alert. A delivery that
    /// exists already is left to whatever began it, with one exception: one that stands
    /// by as that of a fallback begins when the alert is repeated with it as a target.
    async fn record(
        &self,
        plans: Vec<Plan>,
        alerts: &[RoutedAlert],
        now: Timestamp,
        invocation: &mut Invocation,
    ) -> BTreeMap<usize, Recorded> {
        let (new, rest): (Vec<_>, Vec<_>) = plans
            .into_iter()
            .map(|plan| (plan.new, (plan.alert, plan.next)))
            .unzip();
        let added = self.ledger.add_deliveries(&new, now).await;
        let mut recorded: BTreeMap<usize, Recorded> = BTreeMap::new();
        let mut known_targets = Vec::new();
        for ((added, new), (at, next)) in added.into_iter().zip(new).zip(rest) {
            match (added, next) {
                (Ok(Added::New), Next::Dispatch { provider, delivery }) => {
                    let dispatches = &mut recorded.entry(at).or_default().dispatches;
                    dispatches.entry(provider).or_default().push(*delivery);
                }
                (Ok(Added::New), Next::WakeUp) => {
                    let recorded = recorded.entry(at).or_default();
                    recorded.waiting.insert(new.destination_id);
                    recorded.wake_ups.insert(new.destination_id);
                }
                (Ok(Added::New), Next::Hold) => {
                    let waiting = &mut recorded.entry(at).or_default().waiting;
                    waiting.insert(new.destination_id);
                }
                (Ok(Added::Exists), _) if new.fallback_for.is_none() => {
                    known_targets.push((at, new));
                }
                (Ok(Added::New), Next::Wait) | (Ok(Added::Exists), _) => {}
                (Err(error), _) => fail(alerts.get(at), &error, invocation),
            }
        }
        let (positions, targets): (Vec<_>, Vec<_>) = known_targets.into_iter().unzip();
        let begun = self.ledger.begin_fallbacks(&targets, now).await;
        for ((begun, new), at) in begun.into_iter().zip(targets).zip(positions) {
            match begun {
                Ok(Begun::Now) => {
                    let recorded = recorded.entry(at).or_default();
                    recorded.waiting.insert(new.destination_id);
                    recorded.wake_ups.insert(new.destination_id);
                }
                Ok(Begun::Before) => {}
                Err(error) => fail(alerts.get(at), &error, invocation),
            }
        }
        recorded
    }

    /// Leaves deliveries that did not reach their sender to the drain. If that cannot
    /// be recorded they are due all the same, when the time of the fast path is over.
    async fn defer(&self, failed: Vec<FailedDispatch>, invocation: &mut Invocation) {
        for dispatch in failed {
            let error = &dispatch.error;
            tracing::error!(
                %error,
                "deliveries could not be dispatched and wait in the outbox: {error}"
            );
            let now = Timestamp::now();
            let deferrals = dispatch.deferrals(now);
            for result in self.ledger.defer(&deferrals, now).await {
                if let Err(error) = result {
                    tracing::warn!(%error, "a delivery waits for longer: {error}");
                }
            }
            for deferral in deferrals {
                let id = deferral.destination_id;
                invocation.wake_ups.add(id, AFTER_FAILED_INVOKE);
            }
        }
    }
}

/// Has SQS deliver an alert again whose deliveries could not be recorded.
fn fail(alert: Option<&RoutedAlert>, error: &LedgerError, invocation: &mut Invocation) {
    if let Some(one) = alert {
        one.fail(error, &mut invocation.failed);
    }
}

/// What follows for the new deliveries of one alert.
#[derive(Debug, Default)]
struct Recorded {
    dispatches: BTreeMap<ProviderName, Vec<Delivery>>,
    /// Destinations with a backlog now.
    waiting: BTreeSet<DestinationId>,
    /// Those of them that are to be drained soon.
    wake_ups: BTreeSet<DestinationId>,
}

/// The deliveries of one alert: to its targets, and to their fallbacks in case that
/// they wait for too long.
fn plan(
    at: usize,
    one: &RoutedAlert,
    destinations: &Destinations,
    healths: &HashMap<DestinationId, Health>,
    now: Timestamp,
) -> Vec<Plan> {
    let detection = DetectionKey::of(&one.alert.detection_id);
    let targets = &one.routing.targets;
    let to_target = |target: &Target| {
        let health = healths.get(&target.destination_id);
        let path = health.map_or(Path::Fast, |health| health.path(&detection, now));
        let (due, next) = match path {
            Path::Outbox => (now, Next::in_outbox(health, detection, now)),
            Path::Fast => {
                let due = now.plus(FAST_PATH);
                let next = Next::Dispatch {
                    provider: target.provider.clone(),
                    delivery: Box::new(Delivery::first(target, targets, destinations, now, due)),
                };
                (due, next)
            }
        };
        Plan {
            alert: at,
            new: one.new_delivery(target, due),
            next,
        }
    };
    let mut plans: Vec<_> = targets.iter().map(to_target).collect();
    for new in fallbacks(one, destinations, now) {
        if plans
            .iter()
            .all(|plan| plan.new.destination_id != new.destination_id)
        {
            plans.push(Plan {
                alert: at,
                new,
                next: Next::Wait,
            });
        }
    }
    plans
}

/// The deliveries to the fallbacks of an alert's targets, the earliest first.
fn fallbacks(one: &RoutedAlert, destinations: &Destinations, now: Timestamp) -> Vec<NewDelivery> {
    let targets = &one.routing.targets;
    let of_target = |target: &Target| {
        let destination = destinations.get(target.destination_id)?;
        let fallback = FallbackTarget::of(destination, targets, destinations)?;
        let after = destination.fallback?.after(one.routing.severity);
        Some(NewDelivery {
            alert_id: one.alert.alert_id.clone(),
            destination_id: fallback.destination_id,
            display_name: fallback.display_name,
            provider: fallback.provider,
            detection_id: one.alert.detection_id.clone(),
            severity: one.routing.severity,
            due: now.plus(after),
            fallback_for: Some(target.destination_id),
        })
    };
    let mut fallbacks: Vec<_> = targets.iter().filter_map(of_target).collect();
    fallbacks.sort_by_key(|new| new.due);
    fallbacks
}

/// The entries of an alert's deliveries, one for each provider. The alert is
/// serialized once.
fn entries(
    one: &RoutedAlert,
    dispatches: BTreeMap<ProviderName, Vec<Delivery>>,
) -> Result<Vec<(ProviderName, Entry)>, serde_json::Error> {
    if dispatches.is_empty() {
        return Ok(Vec::new());
    }
    let alert = SharedAlert::of(&one.alert)?;
    let entry = |(provider, deliveries)| {
        let entry = AlertDeliveries {
            alert: alert.clone(),
            severity: one.routing.severity,
            deliveries,
        };
        (provider, entry)
    };
    Ok(dispatches.into_iter().map(entry).collect())
}

impl RoutedAlert {
    fn new_delivery(&self, target: &Target, due: Timestamp) -> NewDelivery {
        NewDelivery {
            alert_id: self.alert.alert_id.clone(),
            destination_id: target.destination_id,
            display_name: target.display_name.clone(),
            provider: target.provider.clone(),
            detection_id: self.alert.detection_id.clone(),
            severity: self.routing.severity,
            due,
            fallback_for: None,
        }
    }
}

#[cfg(test)]
mod tests;
