//! Storms, outages and undigestible content on a virtual clock: hours pass without
//! waiting. `cargo test -p tocsin-core simulation -- --nocapture` prints the figures.

mod sender;
mod world;

use std::time::Duration;

use self::world::{Item, Receiver, World, at, start};
use super::tests::answer;
use crate::Timestamp;
use crate::alert::Severity;
use crate::outcome::{Failure, FailureKind, Outcome, Receipt};

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
fn digests<'a>(outcome: Outcome, takes: Duration) -> Receiver<'a> {
    Box::new(move |_, item| {
        if item.detection.starts_with("poison") {
            (outcome.clone(), takes)
        } else {
            accepted()
        }
    })
}

/// A thousand alerts of twenty detections at once, every tenth of them HIGH.
fn storm(receiver: Receiver<'_>) -> World<'_> {
    let mut world = World::new(receiver);
    for number in 0..1_000 {
        let severity = if number % 10 == 9 {
            Severity::High
        } else {
            Severity::Low
        };
        world.alert(severity, &format!("detection-{}", number % 20), start());
    }
    world
}

impl World<'_> {
    /// Everything was delivered; the time of the last delivery.
    fn last(&self) -> Timestamp {
        assert!(
            self.items.iter().all(|one| one.delivered_at.is_some()),
            "lost"
        );
        assert!(self.items.iter().all(|one| !one.exhausted), "exhausted");
        self.items
            .iter()
            .filter_map(|one| one.delivered_at)
            .max()
            .unwrap()
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
        let last = self
            .items
            .iter()
            .filter(high)
            .filter_map(|one| one.delivered_at)
            .max();
        let others = self.items.iter().filter(|one| !high(one));
        others
            .filter(|one| one.delivered_at > Some(at(5.0)) && one.delivered_at < last)
            .count()
    }

    fn print(&self, row: &str) {
        println!(
            "{row}: last after {:.1} s, {} requests, {} ledger writes, {} health writes, {} wake-ups",
            self.items
                .iter()
                .filter_map(|one| one.delivered_at)
                .max()
                .unwrap()
                .since(start())
                .as_secs_f64(),
            self.requests,
            self.writes,
            self.health_writes,
            self.wake_ups
        );
    }
}

#[test]
fn a_storm_goes_out_at_the_receivers_own_pace_and_high_alerts_first() {
    for (row, receiver, pace) in [
        ("storm at 1/s", slow(1.0, start()), 1_000.0),
        ("storm at 10/s", slow(10.0, start()), 100.0),
        (
            "storm, 429 for a minute, then 10/s",
            slow(10.0, at(60.0)),
            160.0,
        ),
    ] {
        let world = storm(receiver).run();
        world.print(row);
        println!("  {} others before the last HIGH", world.before_high());
        let took = world.last().since(start()).as_secs_f64();
        assert!(took <= 1.2 * pace, "{row}: {took} s");
        assert!(world.before_high() <= 10, "{row}: {}", world.before_high());
    }
}

#[test]
fn a_day_of_outage_costs_few_probes_and_few_writes() {
    let end = at(24.0 * 3_600.0);
    for (kind, detections) in [
        (FailureKind::Unreachable, 20),
        (FailureKind::Unavailable, 1),
        (FailureKind::Unavailable, 2),
        (FailureKind::Unavailable, 20),
        (FailureKind::Misconfigured, 20),
        (FailureKind::Throttled, 20),
    ] {
        let mut world = World::new(away(kind, end));
        world.policy.window = Duration::from_hours(48);
        for number in 0..10_000 {
            let detection = format!("detection-{}", number % detections);
            world.alert(Severity::Low, &detection, at(f64::from(number) * 8.64));
        }
        let world = world.run();
        let row = format!("outage of 24 h, {kind:?}, {detections} detections");
        world.print(&row);
        let probes = world.requests - 10_000;
        let recovered = world.last().since(end);
        println!("  {probes} probes, the last {recovered:?} after the recovery");
        assert!(probes <= 300, "{row}: {probes} probes");
        // Recorded, claimed, settled; and the probes, claimed and settled.
        assert!(
            world.writes - 2 * probes <= 3 * 10_000 + 30,
            "{row}: {}",
            world.writes
        );
        // The longest interval, and then a hundred a second.
        assert!(recovered <= Duration::from_mins(9), "{row}: {recovered:?}");
    }
}

#[test]
fn undigestible_content_of_some_detections_delays_no_others() {
    let second = Duration::from_secs(1);
    let silent = || Outcome::transient(Failure::new(FailureKind::TimedOut, "silent"));
    for (answers, outcome, takes, detections) in [
        ("500", answer(500), LATENCY, 1),
        ("500", answer(500), LATENCY, 2),
        ("500", answer(500), LATENCY, 5),
        ("nothing for 10 s", silent(), second * 10, 1),
        ("nothing for 10 s", silent(), second * 10, 3),
        ("404", answer(404), LATENCY, 1),
        ("404", answer(404), LATENCY, 2),
        ("404", answer(404), LATENCY, 5),
        ("403", answer(403), LATENCY, 1),
        ("403", answer(403), LATENCY, 2),
        ("403", answer(403), LATENCY, 5),
    ] {
        let mut world = World::new(digests(outcome, takes));
        world.policy.window = Duration::from_hours(1);
        for number in 0..600 {
            let detection = format!("poison-{}", number % detections);
            world.alert(Severity::Critical, &detection, at(f64::from(number)));
            if number % 10 == 5 {
                world.alert(Severity::Critical, "real", at(f64::from(number)));
                world.alert(Severity::Low, "other", at(f64::from(number)));
            }
        }
        let world = world.run();
        let row = format!("poison at 1/s of {detections} detections, answered {answers}");
        world.print(&row);
        let waited = world.longest(|one| !one.detection.starts_with("poison"));
        println!("  the others at most {waited:?}");
        assert!(waited <= second * 10, "{row}: {waited:?}");
    }
}

#[test]
fn a_refused_credential_holds_everything_until_it_is_replaced() {
    let fixed = at(3_600.0);
    let mut world = World::new(away(FailureKind::Unauthorized, fixed));
    for number in 0..3_600 {
        let detection = format!("detection-{}", number % 20);
        world.alert(Severity::Low, &detection, at(f64::from(number)));
    }
    world.edited(fixed);
    let world = world.run();
    world.print("401 for an hour, then a new secret");
    let recovered = world.last().since(fixed);
    let refused = world.requests - 3_600;
    println!("  {refused} refused, the last {recovered:?} after the edit");
    assert!(recovered <= Duration::from_mins(1), "{recovered:?}");
    assert!(refused <= 20, "{refused}");
}

#[test]
fn lost_wake_ups_and_a_missing_sweep_lose_nothing() {
    let silent = at(600.0);
    let mut world = storm(slow(10.0, start()));
    world.faults.silent_until = Some(silent);
    let world = world.run();
    world.print("no wake-up and no sweep for ten minutes");
    let took = world.last().since(silent);
    assert!(took <= Duration::from_mins(4), "{took:?}");
}

#[test]
fn clocks_that_differ_by_five_seconds_change_little() {
    let mut world = storm(slow(10.0, start()));
    world.faults.skew = Duration::from_secs(5);
    let world = world.run();
    world.print("storm at 10/s, clocks differ by up to 5 s");
    let took = world.last().since(start());
    assert!(took <= Duration::from_mins(5), "{took:?}");

    let mut world = World::new(away(FailureKind::Unavailable, at(3_600.0)));
    world.faults.skew = Duration::from_secs(5);
    for number in 0..3_600 {
        let detection = format!("detection-{}", number % 20);
        world.alert(Severity::Low, &detection, at(f64::from(number)));
    }
    let world = world.run();
    world.print("outage of an hour, clocks differ by up to 5 s");
    let took = world.last().since(at(3_600.0));
    assert!(took <= Duration::from_mins(7), "{took:?}");
}
