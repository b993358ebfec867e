//! The deliveries of one batch to one destination.
//!
//! ```text
//! tasks ─ admitted? ─┬─ yes ─► claim ─► attempt ─► decide ─► queue the retry ─► settle
//!                    └─ no ──► schedule ─► retry queue ─► recorded as waiting
//! ```

use tocsin_core::Timestamp;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::{Admission, MAX_CONCURRENCY, Priority};
use tocsin_core::retry::RetryPolicy;

use super::attempts::Attempts;
use super::breakers::Breakers;
use super::claims::Claims;
use super::deadline::Deadline;
use super::decide::decide;
use super::defer::{Deferrals, window_over};
use super::report::Reports;
use super::settlements::Settlements;
use super::task::{Action, AttemptedTask, DeliveryTask};
use crate::transport::Transport;

/// The steps of an invocation, for all its destinations.
pub(super) struct Steps<'a, T> {
    pub(super) deadline: Deadline,
    pub(super) policy: RetryPolicy,
    pub(super) breakers: Breakers<'a>,
    pub(super) claims: Claims<'a>,
    pub(super) attempts: Attempts<'a, T>,
    pub(super) settlements: Settlements<'a>,
    pub(super) deferrals: Deferrals<'a>,
    pub(super) reports: Reports<'a>,
}

/// Which tasks may be attempted next.
enum Admitted<'t> {
    /// These, together.
    Batch(Vec<DeliveryTask<'t>>),
    /// This one, to find out whether the breaker can close.
    Probe(DeliveryTask<'t>),
    /// None of those that were looked at: they are deferred.
    Nothing,
}

impl<T: Transport> Steps<'_, T> {
    /// Delivers what the destination accepts, and defers the rest.
    pub(super) async fn deliver(&self, id: DestinationId, tasks: Vec<DeliveryTask<'_>>) {
        let (unrecorded, tasks): (Vec<_>, Vec<_>) = tasks
            .into_iter()
            .partition(|task| task.delivery.unrecorded.is_some());
        let (waiting, removed): (Vec<_>, Vec<_>) = tasks
            .into_iter()
            .partition(|task| task.action == Action::Attempt);
        self.settlements.record_unrecorded(unrecorded).await;
        self.process_batches(id, removed).await;

        let deferred = self.process_admitted(id, waiting).await;
        let now = Timestamp::now();
        let (expired, deferred): (Vec<_>, Vec<_>) = deferred
            .into_iter()
            .partition(|task| task.is_expired(self.policy, now));
        let failure = window_over(&self.breakers.health(id));
        let exhausted = expired
            .into_iter()
            .map(|task| task.exhausted(failure.clone()))
            .collect();
        self.process_batches(id, exhausted).await;
        self.deferrals.defer(id, &deferred).await;
    }

    /// Processes tasks as the destination's breaker and rate limiter admit them, and
    /// returns those that must be deferred.
    async fn process_admitted<'t>(
        &self,
        id: DestinationId,
        mut waiting: Vec<DeliveryTask<'t>>,
    ) -> Vec<DeliveryTask<'t>> {
        let mut deferred = Vec::new();
        // The first batch is processed even when there is little time: a time limit
        // that is too short would otherwise requeue deliveries for ever.
        let mut is_first = true;
        while !waiting.is_empty() {
            if !is_first && !self.deadline.allows_batch() {
                self.deferrals.requeue(&waiting).await;
                break;
            }
            match self.admit(id, &mut waiting, &mut deferred).await {
                Admitted::Nothing => continue,
                Admitted::Batch(tasks) => {
                    self.process_batch(id, tasks).await;
                }
                Admitted::Probe(task) => {
                    let observed = self.process_batch(id, vec![task]).await;
                    if !observed {
                        self.breakers.cancel_probe(id).await;
                    }
                }
            }
            is_first = false;
        }
        deferred
    }

    /// Takes the tasks that may be attempted next from `waiting`, and moves those
    /// that must be deferred from there to `deferred`.
    async fn admit<'t>(
        &self,
        id: DestinationId,
        waiting: &mut Vec<DeliveryTask<'t>>,
        deferred: &mut Vec<DeliveryTask<'t>>,
    ) -> Admitted<'t> {
        let now = Timestamp::now();
        let health = self.breakers.health(id);
        let admission = |task: &DeliveryTask<'_>| health.admission(task.priority(), now);
        let (mut admitted, rejected): (Vec<_>, Vec<_>) = waiting
            .drain(..)
            .partition(|task| admission(task) != Admission::Reject);
        deferred.extend(rejected);
        // High-severity alerts first. A delivery that has failed before may fail because
        // of its message, so it probes last.
        admitted.sort_by_key(|task| (task.priority() != Priority::High, task.delivery.attempt));
        let Some(first) = admitted.first() else {
            return Admitted::Nothing;
        };
        let priority = first.priority();
        match admission(first) {
            Admission::Allow => {
                waiting.extend(admitted.split_off(MAX_CONCURRENCY.min(admitted.len())));
                return Admitted::Batch(admitted);
            }
            Admission::RateLimited => {
                let max_wait = priority.max_slot_wait().min(self.deadline.slot_wait());
                let reserved = self.breakers.reserve(id, max_wait, admitted.len()).await;
                if let Some(count) = reserved {
                    waiting.extend(admitted.split_off(count.min(admitted.len())));
                    return Admitted::Batch(admitted);
                }
            }
            // One delivery of one sender probes; all others are deferred.
            Admission::Probe => {
                if self.breakers.begin_probe(id, priority).await {
                    let probe = admitted.remove(0);
                    waiting.append(&mut admitted);
                    return Admitted::Probe(probe);
                }
            }
            Admission::Reject => {}
        }
        deferred.append(&mut admitted);
        Admitted::Nothing
    }

    async fn process_batches(&self, id: DestinationId, tasks: Vec<DeliveryTask<'_>>) {
        for batch in tasks.chunks(MAX_CONCURRENCY) {
            self.process_batch(id, batch.to_vec()).await;
        }
    }

    /// Processes tasks together, from the claim to the settlement; returns whether
    /// they led to any observation of the destination.
    async fn process_batch(&self, id: DestinationId, tasks: Vec<DeliveryTask<'_>>) -> bool {
        let claimed = self.claims.claim(tasks).await;
        let attempted = self.attempts.attempt_all(claimed).await;

        // Attempts that met no fault are settled before anything else can go wrong.
        let observations: Vec<_> = attempted
            .iter()
            .filter_map(AttemptedTask::observation)
            .collect();
        let name = attempted
            .first()
            .map(|one| one.claimed.task.destination_name())
            .unwrap_or_default();
        let (faulty, clear): (Vec<_>, Vec<_>) =
            attempted.into_iter().partition(AttemptedTask::met_fault);
        let decided = decide(clear, Vec::new(), self.policy);
        let settled = self.settlements.settle(decided).await;
        self.reports.report(&settled).await;

        let slots = self.breakers.record(id, name, &observations).await;
        let decided = decide(faulty, slots, self.policy);
        let settled = self.settlements.settle(decided).await;
        self.reports.report(&settled).await;
        !observations.is_empty()
    }
}
