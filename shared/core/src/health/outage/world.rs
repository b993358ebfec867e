//! The virtual clock, and the retry queue and the senders on it.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::Timestamp;
use crate::alert::Severity;
use crate::delivery::Origin;
use crate::health::{Admission, Health, MAX_CONCURRENCY, Observation, Priority};
use crate::outcome::{Failure, FailureKind, Outcome, Receipt};
use crate::retry::{Decision, RetryPolicy};

/// Deliveries in one invocation of a sender.
const BATCH: usize = 10;

/// The longest delay of SQS.
const HOP: Duration = Duration::from_mins(15);

/// A delivery on the retry queue, or fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    due: Timestamp,
    id: usize,
    attempt: u32,
    began_at: Option<Timestamp>,
    /// Whether it has a slot, and waits for it in its sender.
    reserved: bool,
    severity: Severity,
}

/// A destination: its response at a given time.
pub(super) type Responses<'a> = Box<dyn FnMut(Timestamp) -> Outcome + 'a>;

pub(super) struct World<'a> {
    responses: Responses<'a>,
    policy: RetryPolicy,
    health: Health,
    queue: BinaryHeap<Reverse<Waiting>>,
    random: Cell<u64>,
    pub(super) undigestible: Option<fn(usize) -> bool>,
    delivered: Vec<Option<Timestamp>>,
    pub(super) exhausted: Vec<Option<Timestamp>>,
    pub(super) requests: usize,
    pub(super) waits: usize,
    hops: usize,
    pub(super) most_attempts: u32,
}

pub(super) fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

pub(super) fn at(hours: f64) -> Timestamp {
    start().plus(Duration::from_secs_f64(hours * 3600.0))
}

pub(super) fn accepted() -> Outcome {
    Outcome::Delivered(Receipt::default())
}

pub(super) fn fails(kind: FailureKind, retry_after: Option<u64>) -> Outcome {
    Outcome::Transient {
        failure: Failure::new(kind, "away"),
        retry_after: retry_after.map(Duration::from_secs),
    }
}

/// Accepts this many deliveries a second, without bursts.
pub(super) fn slow<'a>(per_second: f64, retry_after: Option<u64>) -> Responses<'a> {
    let mut free = start();
    Box::new(move |now| {
        if now < free {
            return fails(FailureKind::Throttled, retry_after);
        }
        free = now.plus(Duration::from_secs_f64(1.0 / per_second));
        accepted()
    })
}

/// Fails until this time.
pub(super) fn away<'a>(kind: FailureKind, until: Timestamp) -> Responses<'a> {
    Box::new(move |now| {
        if now < until {
            fails(kind, None)
        } else {
            accepted()
        }
    })
}

impl<'a> World<'a> {
    pub(super) fn new(responses: Responses<'a>) -> Self {
        Self {
            responses,
            policy: RetryPolicy::default(),
            health: Health::default(),
            queue: BinaryHeap::new(),
            random: Cell::new(1),
            undigestible: None,
            delivered: Vec::new(),
            exhausted: Vec::new(),
            requests: 0,
            waits: 0,
            hops: 0,
            most_attempts: 0,
        }
    }

    /// Adds this many LOW alerts that arrive at this time.
    pub(super) fn alerts(self, count: usize, when: Timestamp) -> Self {
        self.alerts_of(Severity::Low, count, when)
    }

    pub(super) fn alerts_of(mut self, severity: Severity, count: usize, when: Timestamp) -> Self {
        for _ in 0..count {
            self.queue.push(Reverse(Waiting {
                due: when,
                id: self.delivered.len(),
                attempt: 1,
                began_at: None,
                reserved: false,
                severity,
            }));
            self.delivered.push(None);
            self.exhausted.push(None);
        }
        self
    }

    pub(super) fn run(mut self) -> Self {
        while let Some(Reverse(first)) = self.queue.pop() {
            let mut batch = vec![first];
            while batch.len() < BATCH
                && let Some(Reverse(next)) = self.queue.peek()
                && next.due == first.due
                && next.reserved == first.reserved
            {
                batch.extend(self.queue.pop().map(|Reverse(next)| next));
            }
            self.deliver(batch, first.due);
        }
        self
    }

    /// What a sender does with its deliveries to one destination.
    fn deliver(&mut self, mut waiting: Vec<Waiting>, now: Timestamp) {
        let mut deferred = Vec::new();
        loop {
            let health = self.health.clone();
            let admission = |one: &Waiting| health.admission(one.priority(), now);
            let (mut may, must): (Vec<_>, Vec<_>) = waiting
                .drain(..)
                .partition(|one| admission(one) != Admission::Reject);
            deferred.extend(must);
            may.sort_by_key(|one| one.attempt);
            let Some(first) = may.first() else { break };
            let concurrency = match admission(first) {
                Admission::Allow => MAX_CONCURRENCY,
                Admission::RateLimited if first.reserved => may.len(),
                Admission::RateLimited => {
                    let (health, start, count) = self.health.reserve(may.len(), now);
                    if start.since(now) > first.priority().max_slot_wait() {
                        deferred.append(&mut may);
                        continue;
                    }
                    self.health = health;
                    waiting = may.split_off(count.min(may.len()));
                    for one in may {
                        self.queue.push(Reverse(Waiting {
                            due: start,
                            reserved: true,
                            ..one
                        }));
                    }
                    continue;
                }
                Admission::Probe => {
                    self.health = self.health.begin_probe(now);
                    1
                }
                Admission::Reject => 0,
            };
            waiting = may.split_off(concurrency.min(may.len()));
            self.attempt(&may, now);
        }
        let (over, later): (Vec<_>, Vec<_>) = deferred
            .into_iter()
            .partition(|one| self.policy.end(one.began_at.unwrap_or(now)) <= now);
        for one in over {
            self.exhaust(one.id, now);
        }
        let random = || self.random();
        let (health, slots) = self.health.schedule(later.len(), now, random);
        self.health = health;
        self.waits += later.len();
        for (one, slot) in later.into_iter().zip(slots) {
            let began_at = one.began_at.unwrap_or(now);
            let due = self.policy.defer_until(began_at, slot);
            self.requeue(one, due, began_at, now);
        }
    }

    fn attempt(&mut self, some: &[Waiting], now: Timestamp) {
        self.requests += some.len();
        let undigestible = self.undigestible.unwrap_or(|_| false);
        let outcomes: Vec<_> = some
            .iter()
            .map(|one| {
                if undigestible(one.id) {
                    fails(FailureKind::Interrupted, None)
                } else {
                    (self.responses)(now)
                }
            })
            .collect();
        let observations: Vec<_> = some
            .iter()
            .zip(&outcomes)
            .filter_map(|(one, outcome)| Observation::of(outcome, one.attempt))
            .collect();
        let random = || self.random();
        let (health, slots) = self.health.record_and_schedule(&observations, now, random);
        self.health = health;
        let mut slots = slots.into_iter();
        for (one, outcome) in some.iter().zip(outcomes) {
            let began_at = one.began_at.unwrap_or(now);
            let slot = Observation::of(&outcome, one.attempt)
                .filter(Observation::is_fault)
                .and_then(|_| slots.next());
            let random = self.random();
            let decision = self
                .policy
                .decide(&outcome, one.attempt, began_at, now, random);
            self.most_attempts = self.most_attempts.max(one.attempt);
            match self.policy.not_before(decision, began_at, slot) {
                Decision::Done => {
                    let before = self.delivered[one.id].replace(now);
                    assert_eq!(before, None, "delivered twice");
                }
                Decision::Retry { due } => {
                    let next = Waiting {
                        attempt: one.attempt + 1,
                        ..*one
                    };
                    self.requeue(next, due, began_at, now);
                }
                Decision::Exhausted => self.exhaust(one.id, now),
            }
        }
    }

    fn exhaust(&mut self, id: usize, now: Timestamp) {
        let before = self.exhausted[id].replace(now);
        assert_eq!(before, None, "settled twice");
    }

    /// Through the retry queue, which delays by whole seconds.
    fn requeue(&mut self, one: Waiting, due: Timestamp, began_at: Timestamp, now: Timestamp) {
        let wait = due.since(now).as_millis().div_ceil(1_000).max(1) as u64;
        self.hops += wait.div_ceil(HOP.as_secs()) as usize;
        self.queue.push(Reverse(Waiting {
            due: now.plus(Duration::from_secs(wait)),
            began_at: Some(began_at),
            reserved: false,
            ..one
        }));
    }

    /// A value from 0 to 1; the same sequence in every run.
    fn random(&self) -> f64 {
        let mut next = self.random.get();
        next ^= next << 13;
        next ^= next >> 7;
        next ^= next << 17;
        self.random.set(next);
        f64::from((next % 1_000) as u16) / 1_000.0
    }

    /// How many were delivered and how many exhausted; every delivery is one of both.
    pub(super) fn count(&self) -> (usize, usize) {
        for (delivered, exhausted) in self.delivered.iter().zip(&self.exhausted) {
            assert!(
                delivered.is_some() != exhausted.is_some(),
                "lost, or settled twice"
            );
        }
        let delivered = self.delivered.iter().flatten().count();
        (delivered, self.delivered.len() - delivered)
    }

    pub(super) fn figures(&self) -> String {
        format!(
            "last after {:?}, {} requests, {} waits, {} hops, {} attempts at most",
            self.last().since(start()),
            self.requests,
            self.waits,
            self.hops,
            self.most_attempts
        )
    }

    /// How long this delivery took.
    pub(super) fn waited(&self, id: usize, since: Timestamp) -> Duration {
        self.delivered[id].unwrap().since(since)
    }

    pub(super) fn last(&self) -> Timestamp {
        self.delivered.iter().flatten().copied().max().unwrap()
    }
}

impl Waiting {
    fn priority(&self) -> Priority {
        let origin = match self.began_at {
            None => Origin::Fresh,
            Some(_) => Origin::Retry,
        };
        Priority::of(origin, self.severity)
    }
}
