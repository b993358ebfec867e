//! Storms, outages and undigestible content on a virtual clock: hours pass without
//! waiting. `cargo test -p tocsin-core simulation -- --nocapture` prints the figures.

mod world;

use std::time::Duration;

use self::world::{Faults, Item, Receiver, World, at, start};
use super::{DetectionKey, Health};
use crate::Timestamp;
use crate::alert::Severity;
use crate::outcome::{Failure, FailureKind, Outcome, Receipt};
use crate::retry::RetryPolicy;

const LATENCY: Duration = Duration::from_millis(100);

fn accepted() -> (Outcome, Duration) {
    (Outcome::Delivered(Receipt::default()), LATENCY)
}

fn fails(kind: FailureKind) -> (Outcome, Duration) {
    let failure = Failure::new(kind, "away");
    let outcome = if kind.is_curable() {
        Outcome::Misconfigured { failure }
    } else {
        Outcome::transient(failure)
    };
    (outcome, LATENCY)
}

/// Accepts this many deliveries a second from this time, without bursts.
fn slow<'a>(per_second: f64, from: Timestamp) -> Receiver<'a> {
    let mut free = from;
    Box::new(move |now, _| {
        if now < free {
            return fails(FailureKind::Throttled);
        }
        free = now.plus(Duration::from_secs_f64(1.0 / per_second));
        accepted()
    })
}

/// Fails until this time.
fn away<'a>(kind: FailureKind, until: Timestamp) -> Receiver<'a> {
    Box::new(move |now, _| if now < until { fails(kind) } else { accepted() })
}

/// Cannot digest the alerts of detections whose name begins with `poison`.
fn digests<'a>(kind: FailureKind, takes: Duration) -> Receiver<'a> {
    Box::new(move |_, item| {
        if item.detection.starts_with("poison") {
            (fails(kind).0, takes)
        } else {
            accepted()
        }
    })
}

/// A thousand alerts of twenty detections at once, every tenth of them HIGH.
fn storm(receiver: Receiver<'_>) -> World<'_> {
    let mut world = World::new(receiver);
    for number in 0..1_000 {
        let severity = if number % 10 == 9 { Severity::High } else { Severity::Low };
        world.alert(severity, &format!("detection-{}", number % 20), start());
    }
    world
}

impl World<'_> {
    /// Everything was delivered; the time of the last delivery.
    fn last(&self) -> Timestamp {
        assert!(self.items.iter().all(|one| one.delivered_at.is_some()), "lost");
        assert!(self.items.iter().all(|one| !one.exhausted), "exhausted");
        self.items.iter().filter_map(|one| one.delivered_at).max().unwrap()
    }

    /// The longest wait of an alert that this accepts.
    fn longest(&self, accepts: impl Fn(&Item) -> bool) -> Duration {
        let waits = self.items.iter().filter(|one| accepts(one));
        let waits = waits.map(|one| one.delivered_at.expect("lost").since(one.began_at));
        waits.max().unwrap()
    }

    /// The alerts of a lower priority that went before the last HIGH one, without
    /// those that were accepted before the storm was noticed.
    fn before_high(&self) -> usize {
        let high = |one: &&Item| one.severity == Severity::High;
        let last = self.items.iter().filter(high).filter_map(|one| one.delivered_at).max();
        let others = self.items.iter().filter(|one| !high(one));
        others.filter(|one| one.delivered_at > Some(at(5.0)) && one.delivered_at < last).count()
    }

    fn print(&self, row: &str) {
        println!(
            "{row}: last after {:.1} s, {} requests, {} ledger writes, {} health writes, {} wake-ups",
            self.items.iter().filter_map(|one| one.delivered_at).max().unwrap().since(start()).as_secs_f64(),
            self.requests, self.writes, self.health_writes, self.wake_ups
        );
    }
}

#[test]
fn a_storm_goes_out_at_the_receivers_own_pace_and_high_alerts_first() {
    for (row, receiver, pace) in [
        ("storm at 1/s", slow(1.0, start()), 1_000.0),
        ("storm at 10/s", slow(10.0, start()), 100.0),
        ("storm, 429 for a minute, then 10/s", slow(10.0, at(60.0)), 160.0),
    ] {
        let world = storm(receiver).run();
        world.print(row);
        println!("  {} others before the last HIGH", world.before_high());
        let took = world.last().since(start()).as_secs_f64();
        assert!(took <= 1.2 * pace, "{row}: {took} s");
        assert!(world.before_high() <= 10, "{row}: {}", world.before_high());
    }
}
