//! The deliveries of one batch to one destination.
//!
//! ```text
//! tasks ─► which are next? ─┬─► claim ─► attempt ─► observe ─► decide ─► settle ─► report
//!            ▲              │                                              │
//!            │              └─ none: leave them to the outbox              │
//!            └───────────────────────────── until all are attempted ───────┘
//! ```

use std::time::Duration;

use tocsin_core::Timestamp;
use tocsin_core::delivery::Drain;
use tocsin_core::destination::DestinationId;
use tocsin_core::health::{Observation, PARAMETERS, PROBE_TIMEOUT};
use tocsin_core::retry::RetryPolicy;

use super::attempts::Attempts;
use super::breakers::Breakers;
use super::claims::Claims;
use super::decide::{DecidedTask, decide};
use super::deferrals::{Deferrals, expired};
use super::drains::Drains;
use super::invocation::Invocation;
use super::plan::{MAX_GROUP, Next, Plan};
use super::report::Reports;
use super::retry_queue::{RetryQueue, WakeUps};
use super::settlements::Settlements;
use super::task::{Action, AttemptedTask, DeliveryTask};
use crate::transport::Transport;

/// The steps of an invocation, for all its destinations.
pub(super) struct Steps<'a, T> {
    pub(super) invocation: &'a Invocation,
    pub(super) policy: RetryPolicy,
    pub(super) breakers: Breakers<'a>,
    pub(super) claims: Claims<'a>,
    pub(super) attempts: Attempts<'a, T>,
    pub(super) settlements: Settlements<'a>,
    pub(super) deferrals: Deferrals<'a>,
    pub(super) drains: Drains<'a>,
    pub(super) reports: Reports<'a>,
    pub(super) retry_queue: RetryQueue<'a>,
}

/// What was done for a destination.
struct Progress {
    /// When the settings of the destination were read, at the earliest.
    settings_read_at: Timestamp,
    /// Deliveries that were claimed.
    claimed: usize,
    /// When its outbox must be looked at again.
    wake_ups: WakeUps,
}

impl Progress {
    fn begin(plan: Plan) -> Self {
        Self {
            settings_read_at: plan.settings_read_at(Timestamp::now()),
            claimed: 0,
            wake_ups: WakeUps::default(),
        }
    }
}

/// What a group came to.
#[derive(Default)]
struct GroupResult {
    claimed: usize,
    /// Attempts that say something about the destination.
    observed: usize,
    /// Attempts to which the destination responded.
    responses: usize,
}

impl GroupResult {
    /// When the next delivery may probe after a probe that says nothing about the
    /// destination: at once if it was not claimed, otherwise the attempt failed inside
    /// Tocsin, and those that wait must not fail one after the other.
    const fn probe_delay(&self) -> Duration {
        if self.claimed == 0 {
            Duration::ZERO
        } else {
            PARAMETERS.first_interval
        }
    }
}

impl<T: Transport> Steps<'_, T> {
    /// The fast path: attempts fresh deliveries, and leaves to the outbox what the
    /// destination does not accept now or there is no time for.
    pub(super) async fn deliver(&self, id: DestinationId, tasks: Vec<DeliveryTask<'_>>) {
        let tasks = self.settlements.forward_accepted(tasks).await;
        let mut tasks = self.deferrals.adopt(tasks).await;
        tasks.sort_by_key(DeliveryTask::priority);

        let mut progress = Progress::begin(Plan::Fast);
        let tasks = self.record_final(id, tasks, &mut progress).await;
        let left = self.attempt(id, tasks, Plan::Fast, &mut progress).await;
        self.deferrals.defer(id, &left).await;
        self.retry_queue.wake_up(id, &progress.wake_ups).await;
    }

    /// Processes due deliveries in their order. What is not attempted needs no write:
    /// it stays due. A drain that arrives when its lease is almost over leaves all to
    /// the next one.
    pub(super) async fn drain(&self, drain: Drain, tasks: Vec<DeliveryTask<'_>>) {
        let id = drain.destination_id;
        let request = self.time_limit(&tasks);
        if !self
            .invocation
            .deadline
            .allows_group_after(Duration::ZERO, request)
        {
            tracing::warn!(
                destination.id = %id,
                "the drain of destination {id} was dispatched too late and attempts nothing"
            );
            return;
        }
        let mut progress = Progress::begin(Plan::drain());
        let tasks = self.record_final(id, tasks, &mut progress).await;
        self.attempt(id, tasks, Plan::drain(), &mut progress).await;

        self.drains.release(drain).await;
        let now = Timestamp::now();
        // More may be due. When nothing was done, the index was behind the table, or the
        // ledger failed: the sweep looks again.
        if progress.claimed > 0 && self.breakers.health(id).held_until(now).is_none() {
            progress.wake_ups.add(now);
        }
        self.retry_queue.wake_up(id, &progress.wake_ups).await;
    }

    /// How long a request of these deliveries may take: they are to one destination, of
    /// which some may have older settings.
    fn time_limit(&self, tasks: &[DeliveryTask<'_>]) -> Duration {
        let limits = tasks
            .iter()
            .map(|task| self.attempts.transport.time_limit(&task.delivery.settings));
        limits.max().unwrap_or_default()
    }

    /// Records deliveries that get no further attempt: their destination was removed,
    /// their window is over, or their attempts are used up. Returns the others.
    async fn record_final<'t>(
        &self,
        id: DestinationId,
        tasks: Vec<DeliveryTask<'t>>,
        progress: &mut Progress,
    ) -> Vec<DeliveryTask<'t>> {
        let now = Timestamp::now();
        let health = self.breakers.health(id);
        let (waiting, ended): (Vec<_>, Vec<_>) = tasks
            .into_iter()
            .map(|task| match task.expiry(self.policy, now) {
                Some(expiry) if task.action == Action::Attempt => {
                    task.exhausted(expired(expiry, &health))
                }
                _ => task,
            })
            .partition(|task| task.action == Action::Attempt);
        for group in ended.chunks(MAX_GROUP) {
            self.process(id, group.to_vec(), Duration::ZERO, progress)
                .await;
        }
        waiting
    }

    /// Attempts deliveries group by group as the plan says, and returns those that were
    /// not attempted.
    async fn attempt<'t>(
        &self,
        id: DestinationId,
        mut waiting: Vec<DeliveryTask<'t>>,
        mut plan: Plan,
        progress: &mut Progress,
    ) -> Vec<DeliveryTask<'t>> {
        let request = self.time_limit(&waiting);
        while !waiting.is_empty() {
            let permit = self
                .invocation
                .connections(MAX_GROUP.min(waiting.len()))
                .await;
            let health = self.breakers.current(id).await;
            let detections: Vec<_> = waiting.iter().map(|task| task.detection).collect();
            let now = Timestamp::now();
            match plan.next(&detections, &health, now) {
                Next::Nothing { until } => {
                    progress.wake_ups.add(until);
                    break;
                }
                next if !self
                    .invocation
                    .deadline
                    .allows_group_after(next.wait(), request) =>
                {
                    // A rate limiter may let nothing through for longer than this
                    // invocation lasts: a wake-up for now would find the same.
                    progress.wake_ups.add(now.plus(next.wait()));
                    break;
                }
                Next::Probe(at) => {
                    if !self.breakers.begin_probe(id, detections[at]).await {
                        progress.wake_ups.add(now.plus(PROBE_TIMEOUT));
                        break;
                    }
                    let probe = vec![waiting.remove(at)];
                    let result = self.process(id, probe, Duration::ZERO, progress).await;
                    if result.observed == 0 {
                        self.breakers.cancel_probe(id, result.probe_delay()).await;
                    }
                    plan = plan.after(1, result.responses, Duration::ZERO, now);
                }
                Next::Group {
                    tasks,
                    wait,
                    spacing,
                } => {
                    tokio::time::sleep(wait).await;
                    let started_at = Timestamp::now();
                    let group = take(&mut waiting, &tasks);
                    let result = self.process(id, group, spacing, progress).await;
                    plan = plan.after(result.claimed, result.responses, spacing, started_at);
                }
            }
            drop(permit);
        }
        waiting
    }

    /// Processes tasks together, from the claim to the settlement; the attempts start
    /// `spacing` apart.
    async fn process(
        &self,
        id: DestinationId,
        tasks: Vec<DeliveryTask<'_>>,
        spacing: Duration,
        progress: &mut Progress,
    ) -> GroupResult {
        let claimed = self.claims.claim(tasks).await;
        let attempted = self.attempts.attempt_all(claimed, spacing).await;
        let observations: Vec<_> = attempted
            .iter()
            .filter_map(AttemptedTask::observation)
            .collect();
        let result = GroupResult {
            claimed: attempted.len(),
            observed: observations.len(),
            responses: observations
                .iter()
                .filter(|(_, one)| matches!(one, Observation::Success | Observation::Rejection))
                .count(),
        };
        let name = attempted
            .first()
            .map(|one| one.claimed.task.destination_name())
            .unwrap_or_default();

        // What ends here is settled before anything else can go wrong. When the others
        // are due depends on the health after this group.
        let (ended, retried): (Vec<_>, Vec<_>) =
            attempted.into_iter().partition(AttemptedTask::is_final);
        let before = self.breakers.health(id);
        let decided = decide(ended, &before, self.policy);
        let mut settled = self.settlements.settle(decided).await;
        let read_at = progress.settings_read_at;
        let recorded = self.breakers.record(id, name, &observations, read_at);
        let health = recorded.await;
        if before.breaker.is_some() && health.breaker.is_none() {
            // What waited for the breaker need not wait for the sweep.
            progress.wake_ups.add(Timestamp::now());
        }
        let decided = decide(retried, &health, self.policy);
        settled.extend(self.settlements.settle(decided).await);
        self.reports.report(&settled).await;

        progress.claimed += result.claimed;
        for due in settled.iter().filter_map(DecidedTask::retry_due) {
            progress.wake_ups.add(due);
        }
        result
    }
}

/// Takes the tasks at these positions.
fn take<'t>(waiting: &mut Vec<DeliveryTask<'t>>, positions: &[usize]) -> Vec<DeliveryTask<'t>> {
    let (taken, left): (Vec<_>, Vec<_>) = waiting
        .drain(..)
        .enumerate()
        .partition(|(at, _)| positions.contains(at));
    waiting.extend(left.into_iter().map(|(_, task)| task));
    taken.into_iter().map(|(_, task)| task).collect()
}
