//! The circuit breakers and rate limiters of destinations, as this sender uses them.

use std::collections::BTreeSet;
use std::time::Duration;

use tocsin_core::Timestamp;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::{Admission, Backlog, DetectionKey, FailureReport, Health, Observation};

use super::health_cache::HealthCache;
use super::invocation::Invocation;

#[derive(Clone, Copy)]
pub(super) struct Breakers<'a> {
    pub(super) invocation: &'a Invocation,
    pub(super) cache: &'a HealthCache,
}

impl Breakers<'_> {
    /// The destination's health, as far as it is known here.
    pub(super) fn health(&self, id: DestinationId) -> Health {
        self.cache.get(id)
    }

    /// The destination's health, read again if it is too old.
    pub(super) async fn current(&self, id: DestinationId) -> Health {
        self.cache.refresh(&[id]).await;
        self.health(id)
    }

    /// Begins a probe by an alert of this detection; false when another sender probes
    /// already.
    pub(super) async fn begin_probe(&self, id: DestinationId, detection: DetectionKey) -> bool {
        let begin = |health: &Health| {
            let now = Timestamp::now();
            match health.admits(&detection, now) {
                Admission::Probe => Some((health.begin_probe(&detection, now), ())),
                Admission::Allow => Some((health.clone(), ())),
                Admission::Hold { .. } => None,
            }
        };
        self.change(id, begin).await.is_some()
    }

    /// Lets the next delivery probe after this delay, where this one had no result.
    pub(super) async fn cancel_probe(&self, id: DestinationId, delay: Duration) {
        let cancel = |health: &Health| Some((health.cancel_probe(Timestamp::now(), delay), ()));
        // If this fails, the probe times out.
        let _ = self.change(id, cancel).await;
    }

    /// Records observations, by detection, of attempts with settings that were read at
    /// this time: failures from before an edit are left out. Returns the health afterwards.
    pub(super) async fn record(
        &self,
        id: DestinationId,
        name: &str,
        observations: &[(DetectionKey, Observation)],
        settings_read_at: Timestamp,
    ) -> Health {
        let before = open_breakers(&self.health(id));
        if !observations.is_empty() {
            let record = |health: &Health| {
                let counted: Vec<_> = observations
                    .iter()
                    .filter(|(_, one)| health.counts(one, settings_read_at))
                    .cloned()
                    .collect();
                let next = health.record(&counted, Timestamp::now(), fastrand::f64());
                Some((next, ()))
            };
            let _ = self.change(id, record).await;
        }
        let health = self.health(id);
        if !open_breakers(&health).is_subset(&before) {
            log_open(id, name, &health);
        }
        health
    }

    /// Records that deliveries wait in the outbox.
    pub(super) async fn record_backlog(&self, id: DestinationId) {
        if self.health(id).backlog == Backlog::Waiting {
            return;
        }
        // If this fails, some fresh deliveries overtake those that wait.
        let _ = self
            .change(id, |health| Some((health.with_backlog(), ())))
            .await;
    }

    /// Records that a report is made; `None` when it was made within the hour, which
    /// costs no call. Returns the destination's health.
    pub(super) async fn begin_report(
        &self,
        id: DestinationId,
        report: FailureReport,
    ) -> Option<Health> {
        let begin = |health: &Health| {
            let next = health.report(report, Timestamp::now())?;
            Some((next.clone(), next))
        };
        self.change(id, begin).await
    }

    /// Changes the health within the time for calls whose result is optional.
    async fn change<T>(
        &self,
        id: DestinationId,
        change: impl Fn(&Health) -> Option<(Health, T)> + Send,
    ) -> Option<T> {
        let limit = self.invocation.deadline.best_effort();
        let changed = tokio::time::timeout(limit, self.cache.change(id, change)).await;
        changed.ok().flatten()
    }
}

/// The breakers that are not closed: the destination's, which has no detection, and
/// those of detections.
fn open_breakers(health: &Health) -> BTreeSet<Option<DetectionKey>> {
    let own = health.breaker.map(|_| None);
    let held = health.suspects.iter().filter(|one| one.breaker.is_some());
    own.into_iter()
        .chain(held.map(|one| Some(one.detection)))
        .collect()
}

fn log_open(id: DestinationId, name: &str, health: &Health) {
    let failure = health.last_failure.as_ref().map(ToString::to_string);
    let failure = failure.unwrap_or_default();
    if let Some(breaker) = health.breaker {
        let until = breaker.until.to_string();
        tracing::warn!(
            destination.name = name,
            destination.id = %id,
            until,
            failure,
            "the circuit breaker of destination {name} is open until {until}: {failure}"
        );
    } else {
        tracing::warn!(
            destination.name = name,
            destination.id = %id,
            failure,
            "destination {name} fails for the alerts of one detection, which wait; it accepts others: {failure}"
        );
    }
}
