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
use crate::health::{Admission, DetectionKey, Health, Path};
use crate::outbox::{DueEntry, DueKey, FAST_PATH, Priority, next};
use crate::outcome::Outcome;
use crate::retry::RetryPolicy;

pub(super) const LEASE: Duration = Duration::from_secs(65);
/// One step between two functions: an invoke, or a message without a delay.
const STEP: Duration = Duration::from_millis(100);
/// Deliveries of one SQS batch.
pub(super) const BATCH: usize = 10;
/// Senders that run at the same time.
const SENDERS: usize = 40;
/// What is held for no longer than this gets its wake-up at once.
const SOON: Duration = Duration::from_secs(15);
/// How long one drain sends.
const DRAIN: Duration = Duration::from_secs(30);

/// One delivery.
pub(super) struct Item {
    alert_id: AlertId,
    pub(super) key: DetectionKey,
    pub(super) severity: Severity,
    pub(super) detection: String,
    pub(super) began_at: Timestamp,
    pub(super) due: Option<DueKey>,
    pub(super) lease_until: Timestamp,
    pub(super) attempts: u32,
    pub(super) delivered_at: Option<Timestamp>,
    pub(super) exhausted: bool,
}

/// Deliveries that a sender processes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Work {
    pub(super) waiting: VecDeque<(usize, u32)>,
    pub(super) size: usize,
    /// When a drain stops; `None` in the fast path.
    pub(super) drain_until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
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
    destination: DestinationId,
    pub(super) receiver: Receiver<'a>,
    pub(super) policy: RetryPolicy,
    pub(super) faults: Faults,
    pub(super) health: Health,
    cached: (Timestamp, Health),
    pub(super) drain_until: Option<Timestamp>,
    pub(super) items: Vec<Item>,
    index: BTreeSet<(DueKey, usize)>,
    events: BinaryHeap<Reverse<(Timestamp, usize, Event)>>,
    pub(super) queued: VecDeque<Work>,
    pub(super) running: usize,
    pub(super) outcomes: Vec<Outcome>,
    random: u64,
    pub(super) now: Timestamp,
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
        let destination = DestinationId::parse("7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11");
        let mut world = Self {
            destination: destination.unwrap(),
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
        let number = self.items.len().to_string();
        self.items.push(Item {
            alert_id: AlertId::new(&number).unwrap(),
            key: DetectionKey::of(detection),
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

    pub(super) fn push(&mut self, when: Timestamp, event: Event) {
        let at = self.events.len() + self.outcomes.len() + self.wake_ups;
        self.events.push(Reverse((when, at, event)));
    }

    /// From 0 to 1; the same sequence in every run.
    pub(super) fn random(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        f64::from((self.random % 1_000) as u16) / 1_000.0
    }

    /// The clock of the function that runs now.
    pub(super) fn clock(&mut self) -> Timestamp {
        let skew = self.faults.skew.mul_f64(2.0 * self.random());
        self.now.plus(skew).minus(self.faults.skew)
    }

    pub(super) fn change(&mut self, health: Health) {
        self.health_writes += usize::from(health != self.health);
        self.health = health;
    }

    pub(super) fn set_due(&mut self, id: usize, due: Option<Timestamp>) {
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
    pub(super) fn send_wake_up(&mut self, wait: Duration) {
        self.wake_ups += 1;
        let silent = self
            .faults
            .silent_until
            .is_some_and(|until| self.now < until);
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
            let key = self.items[*id].key;
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
            // What is held for longer gets its wake-up from the sender that holds it.
            let until = outbox.iter().map(|id| self.held(*id, now)).min();
            let wait = until.map(|until| until.since(now)).unwrap_or_default();
            self.change(self.health.with_backlog());
            if wait <= SOON {
                self.send_wake_up(wait.max(Duration::from_secs(1)));
            }
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

    pub(super) fn dispatch(&mut self, work: Work) {
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
            if wait <= SOON {
                self.send_wake_up(wait);
            }
            return;
        }
        if self.drain_until.is_some_and(|until| until > now) {
            return;
        }
        let mut due = Vec::new();
        let mut taken = Vec::new();
        for most in [300, usize::MAX] {
            let index = self.index.iter().filter(|(due, _)| due.at <= now);
            due = index
                .take(most)
                .map(|(due, id)| self.entry(*due, *id))
                .collect();
            let drainable = self.health.drainable(due.clone(), now);
            taken = next(drainable, self.health.drain_size(now));
            if due.len() < most || !taken.is_empty() {
                break;
            }
        }
        if due.is_empty() {
            return self.change(self.health.drained(now));
        }
        if taken.is_empty() {
            let until = due.iter().map(|one| self.held(number(one), now)).min();
            let wait = until.map(|until| until.since(now)).unwrap_or_default();
            if wait <= SOON {
                self.send_wake_up(wait);
            }
            return;
        }
        self.drain_until = Some(now.plus(Duration::from_secs(100)));
        let number = |entry: &DueEntry| entry.alert_id.as_str().parse::<usize>().unwrap();
        self.dispatch(Work {
            waiting: taken
                .iter()
                .map(|one| (number(one), self.items[number(one)].attempts))
                .collect(),
            size: 0,
            drain_until: Some(self.now.plus(DRAIN)),
        });
    }

    /// Until when this delivery is held.
    pub(super) fn held(&self, id: usize, now: Timestamp) -> Timestamp {
        let key = self.items[id].key;
        match self.health.admits(&key, now) {
            Admission::Hold { until } => until,
            Admission::Allow | Admission::Probe => now,
        }
    }

    fn entry(&self, due: DueKey, id: usize) -> DueEntry {
        DueEntry {
            alert_id: self.items[id].alert_id.clone(),
            destination_id: self.destination,
            detection_id: self.items[id].detection.clone(),
            due,
        }
    }

    fn sweep(&mut self) {
        self.push(self.now.plus(Duration::from_mins(1)), Event::Sweep);
        let now = self.clock();
        let first = Priority::ALL.map(|priority| {
            let from = DueKey {
                priority,
                at: start().minus(LEASE),
            };
            let next = self.index.range((from, 0)..).next();
            next.map(|(due, _)| due.at)
        });
        let first = first.into_iter().flatten().min();
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

/// The position of an entry's item.
fn number(entry: &DueEntry) -> usize {
    entry.alert_id.as_str().parse().unwrap()
}
