//! The circuit breakers and rate limiters of destinations, as this sender uses them.

use std::time::Duration;

use tocsin_core::Timestamp;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::{
    Admission, FailureReport, Health, MAX_SCHEDULE_AHEAD, Observation, Priority,
};

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

    /// Begins a probe; false when another sender probes already.
    pub(super) async fn begin_probe(&self, id: DestinationId, priority: Priority) -> bool {
        let begin = |health: &Health| {
            let now = Timestamp::now();
            match health.admission(priority, now) {
                Admission::Probe => Some((health.begin_probe(now), ())),
                Admission::Allow | Admission::RateLimited | Admission::Reject => None,
            }
        };
        self.cache.change(id, begin).await.is_some()
    }

    /// Lets the next delivery probe, where this one had no result.
    pub(super) async fn cancel_probe(&self, id: DestinationId) {
        let cancel = |health: &Health| Some((health.cancel_probe(Timestamp::now()), ()));
        // If this fails, the probe times out.
        let _ = self.cache.change(id, cancel).await;
    }

    /// Reserves the next slot for up to `count` deliveries and waits for it; returns
    /// how many may be attempted. `None` when the slot is more than `max_wait` away,
    /// or the breaker is open by then.
    pub(super) async fn reserve(
        &self,
        id: DestinationId,
        max_wait: Duration,
        count: usize,
    ) -> Option<usize> {
        let reserve = |health: &Health| {
            let now = Timestamp::now();
            let (next, slot, reserved) = health.reserve(count, now);
            let wait = slot.since(now);
            (wait <= max_wait).then_some((next, (wait, reserved)))
        };
        let (wait, reserved) = self.cache.change(id, reserve).await?;
        tokio::time::sleep(wait).await;
        self.cache.refresh(&[id]).await;
        let admission = self
            .cache
            .get(id)
            .admission(Priority::Retry, Timestamp::now());
        matches!(admission, Admission::Allow | Admission::RateLimited).then_some(reserved)
    }

    /// Records observations. Where the breaker is open afterwards, returns a slot for
    /// each delivery that met a fault.
    pub(super) async fn record(
        &self,
        id: DestinationId,
        name: &str,
        observations: &[Observation],
    ) -> Vec<Timestamp> {
        if observations.is_empty() {
            return Vec::new();
        }
        let record = |health: &Health| {
            Some(health.record_and_schedule(observations, Timestamp::now(), fastrand::f64))
        };
        let before = self.cache.get(id).breaker;
        let change = self.cache.change(id, record);
        let limit = self.invocation.deadline.best_effort();
        let slots = tokio::time::timeout(limit, change).await;
        let slots = slots.ok().flatten().unwrap_or_default();
        if before.is_none() && !slots.is_empty() {
            log_open(id, name, &self.cache.get(id));
        }
        slots
    }

    /// Schedules `count` deliveries. Where the schedule cannot be read, they come
    /// back at random times within [`MAX_SCHEDULE_AHEAD`].
    pub(super) async fn schedule(&self, id: DestinationId, count: usize) -> Vec<Timestamp> {
        let schedule =
            |health: &Health| Some(health.schedule(count, Timestamp::now(), fastrand::f64));
        let change = self.cache.change(id, schedule);
        let slots = tokio::time::timeout(self.invocation.deadline.best_effort(), change).await;
        slots.ok().flatten().unwrap_or_else(|| {
            let now = Timestamp::now();
            let random = || now.plus(MAX_SCHEDULE_AHEAD.mul_f64(fastrand::f64()));
            std::iter::repeat_with(random).take(count).collect()
        })
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
        let change = self.cache.change(id, begin);
        tokio::time::timeout(self.invocation.deadline.best_effort(), change)
            .await
            .ok()
            .flatten()
    }
}

fn log_open(id: DestinationId, name: &str, health: &Health) {
    let until = health.breaker.map(|breaker| breaker.until.to_string());
    let failure = health.last_failure.as_ref().map(ToString::to_string);
    let (until, failure) = (until.unwrap_or_default(), failure.unwrap_or_default());
    tracing::warn!(
        destination.name = name,
        destination.id = %id,
        until,
        failure,
        "the circuit breaker of destination {name} is open until {until}: {failure}"
    );
}
