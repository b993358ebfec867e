//! The model: a virtual clock, the ledger with its index, a router, senders, wake-ups
//! and the sweep, around the real health, the real retry policy and the real choice of
//! what a drain takes. One destination; whatever the model's functions do at one moment
//! is atomic, as a compare-and-swap makes it.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::time::Duration;

use crate::Timestamp;
use crate::alert::{AlertId, Severity};
use crate::destination::DestinationId;
use crate::health::{Admission, DetectionKey, Health, Observation, Path};
use crate::outbox::{DueEntry, DueKey, FAST_PATH, LEASE_GRACE, Priority, next};
use crate::outcome::Outcome;
use crate::retry::{Decision, RetryPolicy};

pub(super) const LEASE: Duration = Duration::from_secs(65);
/// One step between two functions: an invoke, or a message without a delay.
const STEP: Duration = Duration::from_millis(100);
/// Deliveries of one SQS batch.
const BATCH: usize = 10;
/// Senders that run at the same time.
const SENDERS: usize = 40;
/// How long one drain sends.
const DRAIN: Duration = Duration::from_secs(30);

/// One delivery.
pub(super) struct Item {
    pub(super) severity: Severity,
    pub(super) detection: String,
    pub(super) began_at: Timestamp,
    due: Option<DueKey>,
    lease_until: Timestamp,
    attempts: u32,
    pub(super) delivered_at: Option<Timestamp>,
    pub(super) exhausted: bool,
}

/// Deliveries that a sender works off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Work {
    waiting: VecDeque<(usize, u32)>,
    size: usize,
    /// When a drain stops; `None` in the fast path.
    drain_until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrive(Vec<usize>),
    Sender(Work),
    /// A group of attempts is over: item, attempt, and where its outcome is.
    Over(Work, Vec<(usize, u32, usize)>, Timestamp),
    WakeUp,
    Sweep,
    Reset,
}

/// What a destination does with a request at this time: the outcome, and how long it
/// takes.
pub(super) type Receiver<'a> = Box<dyn FnMut(Timestamp, &Item) -> (Outcome, Duration) + 'a>;

/// What goes wrong between the functions.
#[derive(Default)]
pub(super) struct Faults {
    /// No wake-up arrives and no sweep runs before this time.
    pub(super) silent_until: Option<Timestamp>,
    /// Clocks differ by this much in either direction.
    pub(super) skew: Duration,
}

pub(super) struct World<'a> {
    receiver: Receiver<'a>,
    pub(super) policy: RetryPolicy,
    pub(super) faults: Faults,
    pub(super) health: Health,
    cached: (Timestamp, Health),
    drain_until: Option<Timestamp>,
    pub(super) items: Vec<Item>,
    index: BTreeSet<(DueKey, usize)>,
    events: BinaryHeap<Reverse<(Timestamp, usize, Event)>>,
    queued: VecDeque<Work>,
    running: usize,
    outcomes: Vec<Outcome>,
    random: u64,
    now: Timestamp,
    pub(super) requests: usize,
    pub(super) writes: usize,
    pub(super) health_writes: usize,
    pub(super) wake_ups: usize,
}

pub(super) fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

pub(super) fn at(seconds: f64) -> Timestamp {
    start().plus(Duration::from_secs_f64(seconds))
}

impl<'a> World<'a> {
    pub(super) fn new(receiver: Receiver<'a>) -> Self {
        let mut world = Self {
            receiver,
            policy: RetryPolicy::default(),
            faults: Faults::default(),
            health: Health::default(),
            cached: (start().minus(STEP), Health::default()),
            drain_until: None,
            items: Vec::new(),
            index: BTreeSet::new(),
            events: BinaryHeap::new(),
            queued: VecDeque::new(),
            running: 0,
            outcomes: Vec::new(),
            random: 1,
            now: start(),
            requests: 0,
            writes: 0,
            health_writes: 0,
            wake_ups: 0,
        };
        world.push(at(30.0), Event::Sweep);
        world
    }

    /// Adds an alert that is not settled yet; [`World::arrive`] lets it arrive.
    pub(super) fn alert(&mut self, severity: Severity, detection: &str, began_at: Timestamp) {
        self.items.push(Item {
            severity,
            detection: detection.to_owned(),
            began_at,
            due: None,
            lease_until: start().minus(LEASE),
            attempts: 0,
            delivered_at: None,
            exhausted: false,
        });
    }

    /// The destination is edited at this time.
    pub(super) fn edited(&mut self, when: Timestamp) {
        self.push(when, Event::Reset);
    }

    pub(super) fn run(mut self) -> Self {
        let ids: Vec<_> = (0..self.items.len()).collect();
        let same = |a: &usize, b: &usize| self.items[*a].began_at == self.items[*b].began_at;
        let moments: Vec<_> = ids.chunk_by(same).map(<[usize]>::to_vec).collect();
        for moment in moments {
            for batch in moment.chunks(BATCH) {
                self.push(self.items[batch[0]].began_at, Event::Arrive(batch.to_vec()));
            }
        }
        while let Some(Reverse((now, _, event))) = self.events.pop() {
            self.now = now;
            let settled = |one: &Item| one.delivered_at.is_some() || one.exhausted;
            match event {
                Event::Sweep if self.items.iter().all(settled) => break,
                Event::Sweep => self.sweep(),
                Event::Arrive(batch) => self.arrive(&batch),
                Event::WakeUp => self.wake(),
                Event::Sender(work) => self.send(work),
                Event::Over(work, group, next_at) => self.over(work, &group, next_at),
                Event::Reset => self.reset(),
            }
        }
        self
    }

    fn push(&mut self, when: Timestamp, event: Event) {
        let at = self.events.len() + self.outcomes.len() + self.wake_ups;
        self.events.push(Reverse((when, at, event)));
    }

    /// From 0 to 1; the same sequence in every run.
    fn random(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        f64::from((self.random % 1_000) as u16) / 1_000.0
    }

    /// The clock of the function that runs now.
    fn clock(&mut self) -> Timestamp {
        let skew = self.faults.skew.mul_f64(2.0 * self.random());
        self.now.plus(skew).minus(self.faults.skew)
    }

    fn change(&mut self, health: Health) {
        self.health_writes += usize::from(health != self.health);
        self.health = health;
    }

    fn set_due(&mut self, id: usize, due: Option<Timestamp>) {
        self.writes += 1;
        let item = &mut self.items[id];
        let priority = Priority::of(item.severity);
        let due = due.map(|at| DueKey { priority, at });
        if let Some(before) = std::mem::replace(&mut item.due, due) {
            self.index.remove(&(before, id));
        }
        self.index.extend(due.map(|due| (due, id)));
    }

    /// A wake-up on its queue, which delays by whole seconds.
    fn send_wake_up(&mut self, wait: Duration) {
        self.wake_ups += 1;
        let silent = self.faults.silent_until.is_some_and(|until| self.now < until);
        if !silent {
            let delay = Duration::from_secs_f64(wait.as_secs_f64().ceil());
            self.push(self.now.plus(delay + STEP), Event::WakeUp);
        }
    }

    fn arrive(&mut self, batch: &[usize]) {
        let now = self.clock();
        if self.now.since(self.cached.0) >= Duration::from_secs(1) {
            self.cached = (self.now, self.health.clone());
        }
        let path = |id: &usize| {
            let key = DetectionKey::of(&self.items[*id].detection);
            self.cached.1.path(&key, now)
        };
        let (fast, outbox): (Vec<usize>, Vec<usize>) =
            batch.iter().partition(|id| path(id) == Path::Fast);
        for id in &fast {
            self.set_due(*id, Some(now.plus(FAST_PATH)));
        }
        for id in &outbox {
            self.set_due(*id, Some(now));
        }
        if !outbox.is_empty() {
            self.change(self.health.with_backlog());
            self.send_wake_up(Duration::from_secs(1));
        }
        if !fast.is_empty() {
            let waiting = fast.into_iter().map(|id| (id, 0)).collect();
            self.dispatch(Work {
                waiting,
                size: BATCH,
                drain_until: None,
            });
        }
    }

    fn dispatch(&mut self, work: Work) {
        if self.running == SENDERS {
            self.queued.push_back(work);
        } else {
            self.running += 1;
            self.push(self.now.plus(STEP), Event::Sender(work));
        }
    }

    fn wake(&mut self) {
        let now = self.clock();
        if let Some(until) = self.health.held_until(now) {
            let wait = until.since(now);
            if wait <= Duration::from_secs(15) {
                self.send_wake_up(wait);
            }
            return;
        }
        if self.drain_until.is_some_and(|until| until > now) {
            return;
        }
        let most = if self.health.suspects.is_empty() { 300 } else { usize::MAX };
        let due = self.index.iter().filter(|(due, _)| due.at <= now).take(most);
        let due: Vec<_> = due.map(|(due, id)| self.entry(*due, *id)).collect();
        let drainable = self.health.drainable(due, now);
        let taken = next(drainable, self.health.drain_size(now));
        if taken.is_empty() {
            return self.change(self.health.drained(now));
        }
        self.drain_until = Some(now.plus(Duration::from_secs(100)));
        let number = |entry: &DueEntry| entry.alert_id.as_str().parse().unwrap();
        self.dispatch(Work {
            waiting: taken.iter().map(|one| (number(one), one.attempts)).collect(),
            size: 0,
            drain_until: Some(self.now.plus(DRAIN)),
        });
    }

    fn entry(&self, due: DueKey, id: usize) -> DueEntry {
        DueEntry {
            alert_id: AlertId::new(&id.to_string()).unwrap(),
            destination_id: DestinationId::parse("7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11").unwrap(),
            detection_id: self.items[id].detection.clone(),
            due,
            attempts: self.items[id].attempts,
        }
    }

    /// Claims and attempts the next group.
    fn send(&mut self, mut work: Work) {
        let now = self.clock();
        let pace = self.health.pace();
        let (wait, room) = match work.drain_until {
            None => (Duration::ZERO, work.size),
            Some(_) if pace.interval.is_zero() => {
                work.size = (work.size * 2).clamp(pace.start, pace.limit);
                (Duration::ZERO, work.size)
            }
            Some(_) => {
                let half = Duration::from_millis(500).as_secs_f64() / pace.interval.as_secs_f64();
                let first = if work.size == 0 { pace.wait(now) } else { Duration::ZERO };
                work.size = (half as usize).clamp(1, pace.limit);
                (first, work.size)
            }
        };
        let mut group = Vec::new();
        let mut end = self.now;
        while group.len() < room
            && let Some((id, attempts)) = work.waiting.pop_front()
        {
            let key = DetectionKey::of(&self.items[id].detection);
            match self.health.admits(&key, now) {
                Admission::Allow => {}
                Admission::Probe => self.change(self.health.begin_probe(&key, now)),
                Admission::Hold { until } => {
                    if work.drain_until.is_none() {
                        self.set_due(id, Some(now));
                        self.change(self.health.with_backlog());
                        self.send_wake_up(until.since(now));
                    }
                    continue;
                }
            }
            let item = &mut self.items[id];
            if item.attempts != attempts || item.lease_until >= now || item.due.is_none() {
                continue;
            }
            item.attempts += 1;
            item.lease_until = now.plus(LEASE);
            let lease_due = now.plus(LEASE + LEASE_GRACE);
            let due = item.due.map_or(lease_due, |due| due.at.max(lease_due));
            self.set_due(id, Some(due));
            let begins = self.now.plus(wait + pace.interval * group.len() as u32);
            let (outcome, takes) = (self.receiver)(begins, &self.items[id]);
            self.requests += 1;
            if matches!(outcome, Outcome::Delivered(_)) {
                let before = self.items[id].delivered_at.replace(begins);
                assert_eq!(before, None, "delivered twice");
            }
            end = end.max(begins.plus(takes));
            group.push((id, attempts + 1, self.outcomes.len()));
            self.outcomes.push(outcome);
        }
        let next_at = self.now.plus(wait + pace.interval * group.len() as u32);
        if group.is_empty() {
            self.finish(&work);
        } else {
            self.push(end, Event::Over(work, group, next_at));
        }
    }

    /// Records and settles a group.
    fn over(&mut self, work: Work, group: &[(usize, u32, usize)], next_at: Timestamp) {
        let now = self.clock();
        let observe = |(id, _, outcome): &(usize, u32, usize)| {
            let key = DetectionKey::of(&self.items[*id].detection);
            Some((key, Observation::of(&self.outcomes[*outcome])?))
        };
        let observations: Vec<_> = group.iter().filter_map(observe).collect();
        let random = self.random();
        self.change(self.health.record(&observations, now, random));
        for (id, attempt, outcome) in group {
            let outcome = self.outcomes[*outcome].clone();
            let random = self.random();
            let item = &self.items[*id];
            let key = DetectionKey::of(&item.detection);
            let held = self.health.retry_at(&key, now);
            let decision = self
                .policy
                .decide(&outcome, *attempt, item.began_at, held, now, random);
            self.items[*id].lease_until = now.minus(LEASE);
            match decision {
                Decision::Done => self.set_due(*id, None),
                Decision::Retry { due } => self.set_due(*id, Some(due)),
                Decision::Exhausted => {
                    self.items[*id].exhausted = true;
                    self.set_due(*id, None);
                }
            }
        }
        let trouble = self.health.held_until(now).is_some();
        let over = work.drain_until.is_some_and(|until| until <= self.now);
        if work.waiting.is_empty() || over || trouble && work.drain_until.is_some() {
            self.finish(&work);
        } else {
            self.push(self.now.max(next_at), Event::Sender(work));
        }
    }

    /// The sender ends: a drain gives its lease back and sends the next wake-up.
    fn finish(&mut self, work: &Work) {
        let now = self.clock();
        self.running -= 1;
        if let Some(next) = self.queued.pop_front() {
            self.dispatch(next);
        }
        let held = self.health.held_until(now).map(|until| until.since(now));
        if work.drain_until.is_some() {
            self.drain_until = None;
            self.send_wake_up(held.unwrap_or_default());
        } else if let Some(wait) = held {
            self.send_wake_up(wait);
        }
    }

    fn sweep(&mut self) {
        self.push(self.now.plus(Duration::from_mins(1)), Event::Sweep);
        let now = self.clock();
        let first = self.index.iter().map(|(due, _)| due.at).min();
        let Some(first) = first else { return };
        let held = self.health.held_until(now).unwrap_or(now);
        let wait = first.max(held).since(now);
        if wait < Duration::from_mins(1) {
            self.send_wake_up(wait);
        }
    }

    /// An edit: everything that waits is due now.
    fn reset(&mut self) {
        let now = self.clock();
        self.change(self.health.reset(now));
        let waiting: Vec<_> = self.index.iter().map(|(_, id)| *id).collect();
        for id in waiting {
            if self.items[id].lease_until < now {
                self.set_due(id, Some(now));
            }
        }
        self.send_wake_up(Duration::ZERO);
    }
}
