//! Storms, outages and content that a receiver cannot process, on a virtual clock: hours
//! pass without waiting. The tests print the rows of the tables of docs/delivery.md:
//! `cargo test --workspace --lib simulation -- --nocapture --test-threads 1`.

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

fn fails(kind: FailureKind) -> Outcome {
    Outcome::transient(Failure::new(kind, "away"))
}

/// Accepts this many deliveries a second from this time, without bursts.
fn slow<'a>(per_second: f64, from: Timestamp) -> Receiver<'a> {
    let mut free = from;
    Box::new(move |now, _| {
        if now < free {
            return (answer(429), LATENCY);
        }
        free = now.plus(Duration::from_secs_f64(1.0 / per_second));
        accepted()
    })
}

/// Fails until this time.
fn away<'a>(outcome: Outcome, until: Timestamp) -> Receiver<'a> {
    Box::new(move |now, _| {
        if now < until {
            (outcome.clone(), LATENCY)
        } else {
            accepted()
        }
    })
}

/// Cannot process the alerts of detections whose name begins with `poison`.
fn fails_at_poison<'a>(outcome: Outcome, takes: Duration) -> Receiver<'a> {
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

    /// When the last delivery was made, after this time.
    fn last_after(&self, from: Timestamp) -> Duration {
        self.last().since(from)
    }
}

/// 7654321 as 7,654,321.
fn number(number: usize) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let groups = digits.as_bytes()[first..].chunks(3);
    let groups = groups.map(|group| String::from_utf8_lossy(group).into_owned());
    let head = (first > 0).then(|| digits[..first].to_owned());
    let all: Vec<_> = head.into_iter().chain(groups).collect();
    all.join(",")
}

/// Whole seconds, except of less than one.
fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} s", number(duration.as_secs_f64().round() as usize))
    }
}

fn per_delivery(writes: usize, deliveries: u32) -> String {
    let writes = u32::try_from(writes).unwrap();
    format!("{:.1}", f64::from(writes) / f64::from(deliveries))
}

/// Prints a row of a table of docs/delivery.md.
fn print(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

#[test]
fn a_storm_goes_out_at_the_receivers_own_pace_and_high_alerts_first() {
    for (row, receiver, pace) in [
        ("one a second is accepted", slow(1.0, start()), 1_000.0),
        ("ten a second", slow(10.0, start()), 100.0),
        (
            "429 for a minute, then ten a second",
            slow(10.0, at(60.0)),
            160.0,
        ),
    ] {
        let world = storm(receiver).run();
        let took = world.last_after(start());
        print(&[
            row.to_owned(),
            seconds(took),
            number(world.before_high()),
            number(world.requests),
            per_delivery(world.writes, 1_000),
            number(world.health_writes),
            number(world.wake_ups),
        ]);
        assert!(took.as_secs_f64() <= 1.2 * pace, "{row}: {took:?}");
        assert!(world.before_high() <= 10, "{row}: {}", world.before_high());
    }
}

#[test]
fn a_day_of_outage_costs_few_probes_few_writes_and_few_wake_ups() {
    let end = at(24.0 * 3_600.0);
    for (cause, outcome, detections) in [
        ("unreachable", fails(FailureKind::Unreachable), 1),
        ("unreachable", fails(FailureKind::Unreachable), 20),
        ("5xx", answer(500), 1),
        ("5xx", answer(500), 2),
        ("5xx", answer(500), 20),
        ("404", answer(404), 1),
        ("404", answer(404), 20),
        ("429", answer(429), 1),
        ("429", answer(429), 20),
    ] {
        let mut world = World::new(away(outcome, end));
        world.policy.window = Duration::from_hours(48);
        for number in 0..10_000 {
            let detection = format!("detection-{}", number % detections);
            world.alert(Severity::Low, &detection, at(f64::from(number) * 8.64));
        }
        let world = world.run();
        let probes = world.requests - 10_000;
        let recovered = world.last_after(end);
        print(&[
            cause.to_owned(),
            detections.to_string(),
            number(probes),
            number(world.writes),
            number(world.wake_ups),
            seconds(recovered),
        ]);
        let row = format!("{cause}, {detections} detections");
        assert!(probes <= 300, "{row}: {probes} probes");
        // Recorded, claimed, settled; and the probes, claimed and settled.
        assert!(
            world.writes - 2 * probes <= 3 * 10_000 + 30,
            "{row}: {}",
            world.writes
        );
        // Ten for each probe, none for each delivery: a wake-up must never lead to two.
        assert!(
            world.wake_ups <= 10 * probes,
            "{row}: {} wake-ups",
            world.wake_ups
        );
        // The longest interval, and then a hundred a second.
        assert!(recovered <= Duration::from_mins(9), "{row}: {recovered:?}");
    }
}

#[test]
fn content_that_the_receiver_cannot_process_delays_no_other_alerts() {
    let silent = fails(FailureKind::TimedOut);
    let ten = Duration::from_secs(10);
    for (answers, outcome, takes, detections) in [
        ("answered with 500", answer(500), LATENCY, &[1, 2, 5][..]),
        ("not answered for 10 s", silent, ten, &[1, 3]),
        ("answered with 404", answer(404), LATENCY, &[1, 2, 5]),
        ("answered with 403", answer(403), LATENCY, &[1, 2, 5]),
    ] {
        let mut waits = Vec::new();
        for detections in detections {
            let mut world = World::new(fails_at_poison(outcome.clone(), takes));
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
            let waited = world.longest(|one| !one.detection.starts_with("poison"));
            let row = format!("{answers}, {detections} detections");
            assert!(waited <= ten, "{row}: {waited:?}");
            waits.push(seconds(waited));
        }
        print(&[answers.to_owned(), waits.join(", ")]);
    }
}

#[test]
fn a_refused_credential_holds_everything_until_it_is_replaced() {
    let fixed = at(3_600.0);
    let mut world = World::new(away(answer(401), fixed));
    for number in 0..3_600 {
        let detection = format!("detection-{}", number % 20);
        world.alert(Severity::Low, &detection, at(f64::from(number)));
    }
    world.edited(fixed);
    let world = world.run();
    let recovered = world.last_after(fixed);
    let refused = world.requests - 3_600;
    print(&[
        "401 for an hour, then a new secret".to_owned(),
        format!("{refused}; {}", seconds(recovered)),
    ]);
    assert!(recovered <= Duration::from_mins(1), "{recovered:?}");
    assert!(refused <= 20, "{refused}");
}

#[test]
fn lost_wake_ups_and_a_missing_sweep_lose_nothing() {
    let silent = at(600.0);
    let mut world = storm(slow(10.0, start()));
    world.faults.silent_until = Some(silent);
    let world = world.run();
    let took = world.last_after(silent);
    print(&["no wake-up, no sweep".to_owned(), seconds(took)]);
    assert!(took <= Duration::from_mins(4), "{took:?}");
}

#[test]
fn clocks_that_differ_by_five_seconds_change_little() {
    let mut world = storm(slow(10.0, start()));
    world.faults.skew = Duration::from_secs(5);
    let world = world.run();
    let took = world.last_after(start());
    print(&["storm, clocks differ".to_owned(), seconds(took)]);
    assert!(took <= Duration::from_mins(5), "{took:?}");

    let mut world = World::new(away(answer(500), at(3_600.0)));
    world.faults.skew = Duration::from_secs(5);
    for number in 0..3_600 {
        let detection = format!("detection-{}", number % 20);
        world.alert(Severity::Low, &detection, at(f64::from(number)));
    }
    let world = world.run();
    let took = world.last_after(at(3_600.0));
    print(&["outage, clocks differ".to_owned(), seconds(took)]);
    assert!(took <= Duration::from_mins(7), "{took:?}");
}
