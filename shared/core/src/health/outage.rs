//! Outages and storms on a virtual clock: hours pass without sleeping. Everything
//! that decides is the real thing — health, line, schedule, bounds; only the
//! queue, the clock and the destination are made up.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::*;
use crate::outcome::{Outcome, Receipt};
use crate::retry::{Decision, RetryPolicy};

/// What one invocation of a sender gets.
const BATCH: usize = 10;

/// SQS delays no longer.
const HOP: Duration = Duration::from_mins(15);

/// A delivery on the retry queue, or fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    due: Timestamp,
    id: usize,
    attempt: u32,
    began_at: Option<Timestamp>,
    /// Whether it has a turn, and waits for that in its sender.
    in_turn: bool,
    severity: Severity,
}

/// A destination: what it answers at a moment.
type Answers<'a> = Box<dyn FnMut(Timestamp) -> Outcome + 'a>;

struct World<'a> {
    answers: Answers<'a>,
    policy: RetryPolicy,
    health: Health,
    queue: BinaryHeap<Reverse<Waiting>>,
    random: Cell<u64>,
    undigestible: Option<fn(usize) -> bool>,
    delivered: Vec<Option<Timestamp>>,
    exhausted: Vec<Option<Timestamp>>,
    requests: usize,
    waits: usize,
    hops: usize,
    most_attempts: u32,
}

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn at(hours: f64) -> Timestamp {
    start().plus(Duration::from_secs_f64(hours * 3600.0))
}

fn arrived() -> Outcome {
    Outcome::Delivered(Receipt::default())
}

fn fails(kind: FailureKind, retry_after: Option<u64>) -> Outcome {
    Outcome::Transient {
        failure: Failure::new(kind, "away"),
        retry_after: retry_after.map(Duration::from_secs),
    }
}

/// Takes this many a second, and no more saved up.
fn slow<'a>(per_second: f64, retry_after: Option<u64>) -> Answers<'a> {
    let mut free = start();
    Box::new(move |now| {
        if now < free {
            return fails(FailureKind::Throttled, retry_after);
        }
        free = now.plus(Duration::from_secs_f64(1.0 / per_second));
        arrived()
    })
}

/// Cannot be reached until then.
fn away<'a>(kind: FailureKind, until: Timestamp) -> Answers<'a> {
    Box::new(move |now| {
        if now < until {
            fails(kind, None)
        } else {
            arrived()
        }
    })
}

impl<'a> World<'a> {
    fn new(answers: Answers<'a>) -> Self {
        Self {
            answers,
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

    /// So many alerts arrive then.
    fn alerts(self, count: usize, when: Timestamp) -> Self {
        self.alerts_of(Severity::Low, count, when)
    }

    fn alerts_of(mut self, severity: Severity, count: usize, when: Timestamp) -> Self {
        for _ in 0..count {
            self.queue.push(Reverse(Waiting {
                due: when,
                id: self.delivered.len(),
                attempt: 1,
                began_at: None,
                in_turn: false,
                severity,
            }));
            self.delivered.push(None);
            self.exhausted.push(None);
        }
        self
    }

    fn run(mut self) -> Self {
        while let Some(Reverse(first)) = self.queue.pop() {
            let mut batch = vec![first];
            while batch.len() < BATCH
                && let Some(Reverse(next)) = self.queue.peek()
                && next.due == first.due
                && next.in_turn == first.in_turn
            {
                batch.extend(self.queue.pop().map(|Reverse(next)| next));
            }
            self.lane(batch, first.due);
        }
        self
    }

    /// What a sender does with its orders for one destination.
    fn lane(&mut self, mut waiting: Vec<Waiting>, now: Timestamp) {
        let mut barred = Vec::new();
        loop {
            let health = self.health.clone();
            let admission = |one: &Waiting| health.admission(one.rank(), now);
            let (mut may, must): (Vec<_>, Vec<_>) = waiting
                .drain(..)
                .partition(|one| admission(one) != Admission::Closed);
            barred.extend(must);
            may.sort_by_key(|one| one.attempt);
            let Some(first) = may.first() else { break };
            let together = match admission(first) {
                Admission::Open => TOGETHER,
                Admission::InTurn if first.in_turn => may.len(),
                Admission::InTurn => {
                    let (health, start, count) = self.health.take_turns(may.len(), now);
                    if start.since(now) > first.rank().longest_wait() {
                        barred.append(&mut may);
                        continue;
                    }
                    self.health = health;
                    waiting = may.split_off(count.min(may.len()));
                    for one in may {
                        self.queue.push(Reverse(Waiting {
                            due: start,
                            in_turn: true,
                            ..one
                        }));
                    }
                    continue;
                }
                Admission::Probe => {
                    self.health = self.health.probing(now);
                    1
                }
                Admission::Closed => 0,
            };
            waiting = may.split_off(together.min(may.len()));
            self.round(&may, now);
        }
        let (over, later): (Vec<_>, Vec<_>) = barred
            .into_iter()
            .partition(|one| self.policy.end(one.began_at.unwrap_or(now)) <= now);
        for one in over {
            self.end(one.id, now);
        }
        let random = || self.random();
        let (health, places) = self.health.queue(later.len(), now, random);
        self.health = health;
        self.waits += later.len();
        for (one, place) in later.into_iter().zip(places) {
            let began_at = one.began_at.unwrap_or(now);
            let due = self.policy.wait(began_at, place);
            self.requeue(one, due, began_at, now);
        }
    }

    fn round(&mut self, some: &[Waiting], now: Timestamp) {
        self.requests += some.len();
        let undigestible = self.undigestible.unwrap_or(|_| false);
        let outcomes: Vec<_> = some
            .iter()
            .map(|one| {
                if undigestible(one.id) {
                    fails(FailureKind::Interrupted, None)
                } else {
                    (self.answers)(now)
                }
            })
            .collect();
        let signs: Vec<_> = some
            .iter()
            .zip(&outcomes)
            .filter_map(|(one, outcome)| Sign::of(outcome, one.attempt))
            .collect();
        let random = || self.random();
        let (health, places) = self.health.observe(&signs, now, random);
        self.health = health;
        let mut places = places.into_iter();
        for (one, outcome) in some.iter().zip(outcomes) {
            let began_at = one.began_at.unwrap_or(now);
            let place = Sign::of(&outcome, one.attempt)
                .filter(Sign::is_trouble)
                .and_then(|_| places.next());
            let random = self.random();
            let decision = self
                .policy
                .decide(&outcome, one.attempt, began_at, now, random);
            self.most_attempts = self.most_attempts.max(one.attempt);
            match self.policy.decide_in_line(decision, began_at, place) {
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
                Decision::Exhausted => self.end(one.id, now),
            }
        }
    }

    fn end(&mut self, id: usize, now: Timestamp) {
        let before = self.exhausted[id].replace(now);
        assert_eq!(before, None, "ended twice");
    }

    /// Through the retry queue, which delays by whole seconds.
    fn requeue(&mut self, one: Waiting, due: Timestamp, began_at: Timestamp, now: Timestamp) {
        let wait = due.since(now).as_millis().div_ceil(1_000).max(1) as u64;
        self.hops += wait.div_ceil(HOP.as_secs()) as usize;
        self.queue.push(Reverse(Waiting {
            due: now.plus(Duration::from_secs(wait)),
            began_at: Some(began_at),
            in_turn: false,
            ..one
        }));
    }

    /// From 0 to 1, the same in every run.
    fn random(&self) -> f64 {
        let mut next = self.random.get();
        next ^= next << 13;
        next ^= next >> 7;
        next ^= next << 17;
        self.random.set(next);
        f64::from((next % 1_000) as u16) / 1_000.0
    }

    /// Every delivery ended one way, and one way only.
    fn count(&self) -> (usize, usize) {
        for (delivered, exhausted) in self.delivered.iter().zip(&self.exhausted) {
            assert!(
                delivered.is_some() != exhausted.is_some(),
                "lost, or ended twice"
            );
        }
        let delivered = self.delivered.iter().flatten().count();
        (delivered, self.delivered.len() - delivered)
    }

    fn figures(&self) -> String {
        format!(
            "last after {:?}, {} requests, {} waits, {} hops, {} attempts at most",
            self.last().since(start()),
            self.requests,
            self.waits,
            self.hops,
            self.most_attempts
        )
    }

    /// How long this one had to wait.
    fn waited(&self, id: usize, since: Timestamp) -> Duration {
        self.delivered[id].unwrap().since(since)
    }

    fn last(&self) -> Timestamp {
        self.delivered.iter().flatten().copied().max().unwrap()
    }
}

impl Waiting {
    fn rank(&self) -> Rank {
        let origin = match self.began_at {
            None => Origin::Fresh,
            Some(_) => Origin::Retry,
        };
        Rank::of(origin, self.severity)
    }
}

/// A thousand alerts at once and ten more every hour, to a destination that is
/// away for almost a day.
fn day_long_outage(kind: FailureKind, until: f64) -> World<'static> {
    let mut world = World::new(away(kind, at(until))).alerts(1_000, start());
    for hour in 1..24 {
        world = world.alerts(10, at(f64::from(hour)));
    }
    world.run()
}

#[test]
fn an_outage_shorter_than_the_window_loses_nothing() {
    for kind in [
        FailureKind::Unreachable,
        FailureKind::TimedOut,
        FailureKind::Unavailable,
    ] {
        let world = day_long_outage(kind, 23.5);
        assert_eq!(world.count(), (1_230, 0), "{kind:?}");
        // The longest pause, and everybody's turn.
        let recovered = world.last().since(at(23.5));
        assert!(recovered < Duration::from_mins(10), "{recovered:?}");
        assert!(world.most_attempts < 64, "{}", world.most_attempts);
        // While it was away: a probe for each pause, hardly more.
        let vain = world.requests - 1_230;
        println!("away for 23.5 h, {kind:?}: {}", world.figures());
        let bearable = if kind == FailureKind::Unreachable {
            400
        } else {
            1_400
        };
        assert!(vain < bearable, "{vain} requests in vain");
    }
}

#[test]
fn what_outlasts_the_window_ends_with_a_reason_and_not_later() {
    let world = day_long_outage(FailureKind::Unreachable, 60.0);
    assert_eq!(world.count(), (0, 1_230));
    for (id, ended) in world.exhausted.iter().enumerate() {
        let began = if id < 1_000 {
            start()
        } else {
            at(f64::from(1 + (id as u32 - 1_000) / 10))
        };
        let after = ended.unwrap().since(began);
        assert!(after <= Duration::from_mins(24 * 60 + 1), "{after:?}");
    }
}

#[test]
fn ten_thousand_at_once_arrive_one_a_second() {
    for retry_after in [Some(1), None, Some(30)] {
        let world = World::new(slow(1.0, retry_after))
            .alerts(10_000, start())
            .run();
        assert_eq!(world.count(), (10_000, 0));
        println!("one a second, {retry_after:?}: {}", world.figures());
        let took = world.last().since(start());
        assert!(took < Duration::from_mins(220), "{took:?}");
        // Nobody hammers: hardly a request in vain.
        assert!(world.requests < 12_000, "{} requests", world.requests);
        assert!(world.waits < 60_000, "{} waits", world.waits);
    }
}

#[test]
fn a_quicker_destination_is_used_to_the_full_after_the_horizon() {
    let world = World::new(slow(10.0, Some(1)))
        .alerts(10_000, start())
        .run();
    assert_eq!(world.count(), (10_000, 0));
    println!("ten a second: {}", world.figures());
    // At ten a second they take 17 minutes.
    let took = world.last().since(start());
    assert!(took < Duration::from_hours(1), "{took:?}");
    assert!(world.requests < 11_000, "{} requests", world.requests);
}

#[test]
fn a_destination_slower_than_expected_slows_the_line_down() {
    let world = World::new(slow(0.1, None)).alerts(1_000, start()).run();
    assert_eq!(world.count(), (1_000, 0));
    println!("one in ten seconds: {}", world.figures());
    let took = world.last().since(start());
    assert!(took < Duration::from_mins(330), "{took:?}");
    assert!(world.requests < 4_000, "{} requests", world.requests);
}

/// A storm, throttled for a while, and alerts ten minutes after that is over: they
/// wait while the line finds out that it may go faster.
#[test]
fn alerts_after_a_storm_wait_only_as_long_as_the_line_is_needed() {
    // A line of more than some seconds between two has no turn within reach.
    let (at_once, late) = (Duration::from_mins(1), HORIZON * 4);
    for (per_second, minutes, storm, grave_within) in [
        (1.0, 1, 10_000, at_once),
        (0.1, 60, 1_000, at_once),
        (1.0 / 60.0, 120, 1_000, late),
        (0.1, 60, 10_000, late),
    ] {
        let well = start().plus(Duration::from_mins(minutes));
        let mut throttling = slow(per_second, None);
        let answers = Box::new(move |now| {
            if now < well {
                throttling(now)
            } else {
                arrived()
            }
        });
        let when = well.plus(Duration::from_mins(10));
        let world = World::new(answers)
            .alerts(storm, start())
            .alerts(1, when)
            .alerts_of(Severity::Critical, 1, when)
            .run();
        assert_eq!(world.count(), (storm + 2, 0));
        let (waited, grave) = (world.waited(storm, when), world.waited(storm + 1, when));
        println!(
            "ten minutes after a storm of {storm}, {per_second:.3} a second for {minutes} min: \
             a LOW alert waits {waited:?}, a CRITICAL one {grave:?}"
        );
        assert!(waited < HORIZON * 4, "{waited:?}");
        assert!(grave < grave_within, "{grave:?}");
    }
}

/// The receiver breaks the connection whenever it sees certain content, as a
/// firewall before it may do: every other alert is one of these.
#[test]
fn alerts_that_a_receiver_cannot_digest_do_not_shut_out_the_others() {
    let mut world = World::new(Box::new(|_| arrived()));
    let moment = |id: usize| start().plus(Duration::from_mins(id as u64 / 2));
    for id in 0..2_880 {
        world = world.alerts(1, moment(id));
    }
    world.undigestible = Some(|id| id % 2 == 1);
    let world = world.run();
    let waits: Vec<_> = (0..2_880)
        .step_by(2)
        .map(|id| world.waited(id, moment(id)))
        .collect();
    let longest = waits.iter().max().unwrap();
    let late = waits.iter().filter(|wait| wait.as_secs() > 5).count();
    println!("beside undigestible ones: {late} of 1440 wait, {longest:?} at most");
    assert!(*longest < Duration::from_mins(2), "{longest:?}");
}

/// The same, a hundred at once among one a minute.
#[test]
fn a_burst_of_undigestible_alerts_is_overcome() {
    let mut world = World::new(Box::new(|_| arrived())).alerts(100, start());
    let moment = |id: usize| start().plus(Duration::from_mins(id as u64 - 100));
    for id in 100..200 {
        world = world.alerts(1, moment(id));
    }
    world.undigestible = Some(|id| id < 100);
    let world = world.run();
    let waits = (100..200).map(|id| world.waited(id, moment(id)));
    let longest = waits.max().unwrap();
    println!("after a burst of undigestible ones: {longest:?} at most");
    assert!(longest < Duration::from_mins(35), "{longest:?}");
}

#[test]
fn what_refuses_everything_after_a_pause_is_told_so_at_once() {
    let refusals = [FailureKind::Unauthorized, FailureKind::Refused];
    for kind in refusals {
        for before in [FailureKind::Throttled, FailureKind::Unreachable] {
            let until = start().plus(Duration::from_mins(1));
            let answers = Box::new(move |now| {
                if now < until {
                    fails(before, None)
                } else {
                    Outcome::permanent(Failure::new(kind, "revoked"))
                }
            });
            // Done, which is all that this world knows of an end without a retry.
            let world = World::new(answers).alerts(1_000, start()).run();
            assert_eq!(world.count(), (1_000, 0));
            let took = world.last().since(until);
            println!("{before:?}, then {kind:?}: the last one ended after {took:?}");
            assert!(took < Duration::from_mins(40), "{took:?}");
        }
    }
}

#[test]
fn what_an_outage_costs() {
    for count in [1, 100, 1_000, 10_000] {
        let world = World::new(away(FailureKind::Unreachable, at(23.5)))
            .alerts(count, start())
            .run();
        println!("away for 23.5 h, {count} alerts: {}", world.figures());
        assert_eq!(world.count(), (count, 0));
        assert!(world.waits < 320 * count, "{} waits", world.waits);
    }
}
