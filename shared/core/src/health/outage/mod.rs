//! Outages and storms on a virtual clock: hours pass without sleeping. Every
//! decision is the real code: health, rate limiter, retry policy. Only the queue,
//! the clock and the destination are simulated.

mod world;

use std::time::Duration;

use self::world::{World, accepted, at, away, fails, slow, start};
use super::MAX_SCHEDULE_AHEAD;
use crate::alert::Severity;
use crate::outcome::{Failure, FailureKind, Outcome};

/// A thousand alerts at once and ten more every hour, to a destination that is
/// unavailable for almost a day.
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
        // The longest backoff, and a slot for each delivery.
        let recovered = world.last().since(at(23.5));
        assert!(recovered < Duration::from_mins(10), "{recovered:?}");
        assert!(world.most_attempts < 64, "{}", world.most_attempts);
        // During the outage: hardly more than a probe for each backoff.
        let failed = world.requests - 1_230;
        println!("away for 23.5 h, {kind:?}: {}", world.figures());
        let limit = if kind == FailureKind::Unreachable {
            400
        } else {
            1_400
        };
        assert!(failed < limit, "{failed} failed requests");
    }
}

#[test]
fn an_outage_longer_than_the_window_exhausts_deliveries_in_time() {
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
        // Hardly a request is throttled.
        assert!(world.requests < 12_000, "{} requests", world.requests);
        assert!(world.waits < 60_000, "{} waits", world.waits);
    }
}

#[test]
fn a_faster_destination_is_used_to_the_full_after_the_longest_schedule() {
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
fn a_destination_slower_than_expected_raises_the_interval() {
    let world = World::new(slow(0.1, None)).alerts(1_000, start()).run();
    assert_eq!(world.count(), (1_000, 0));
    println!("one in ten seconds: {}", world.figures());
    let took = world.last().since(start());
    assert!(took < Duration::from_mins(330), "{took:?}");
    assert!(world.requests < 4_000, "{} requests", world.requests);
}

/// A storm, throttled for a while, and alerts ten minutes after that is over: they
/// wait while the rate limiter finds out that it may go faster.
#[test]
fn alerts_after_a_storm_wait_only_as_long_as_the_rate_limiter_is_needed() {
    // With an interval of more than some seconds no slot is within reach.
    let (at_once, late) = (Duration::from_mins(1), MAX_SCHEDULE_AHEAD * 4);
    for (per_second, minutes, storm, high_within) in [
        (1.0, 1, 10_000, at_once),
        (0.1, 60, 1_000, at_once),
        (1.0 / 60.0, 120, 1_000, late),
        (0.1, 60, 10_000, late),
    ] {
        let recovered = start().plus(Duration::from_mins(minutes));
        let mut throttling = slow(per_second, None);
        let responses = Box::new(move |now| {
            if now < recovered {
                throttling(now)
            } else {
                accepted()
            }
        });
        let when = recovered.plus(Duration::from_mins(10));
        let world = World::new(responses)
            .alerts(storm, start())
            .alerts(1, when)
            .alerts_of(Severity::Critical, 1, when)
            .run();
        assert_eq!(world.count(), (storm + 2, 0));
        let (waited, critical) = (world.waited(storm, when), world.waited(storm + 1, when));
        println!(
            "ten minutes after a storm of {storm}, {per_second:.3} a second for {minutes} min: \
             a LOW alert waits {waited:?}, a CRITICAL one {critical:?}"
        );
        assert!(waited < MAX_SCHEDULE_AHEAD * 4, "{waited:?}");
        assert!(critical < high_within, "{critical:?}");
    }
}

/// The receiver breaks the connection whenever it sees certain content, as a
/// firewall before it may do: every other alert is one of these.
#[test]
fn alerts_that_a_receiver_cannot_digest_do_not_shut_out_the_others() {
    let mut world = World::new(Box::new(|_| accepted()));
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

/// The same with a hundred such alerts at once among one a minute.
#[test]
fn a_burst_of_undigestible_alerts_is_overcome() {
    let mut world = World::new(Box::new(|_| accepted())).alerts(100, start());
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
fn a_destination_that_rejects_everything_after_an_outage_settles_all_soon() {
    let refusals = [FailureKind::Unauthorized, FailureKind::Refused];
    for kind in refusals {
        for before in [FailureKind::Throttled, FailureKind::Unreachable] {
            let until = start().plus(Duration::from_mins(1));
            let responses = Box::new(move |now| {
                if now < until {
                    fails(before, None)
                } else {
                    Outcome::permanent(Failure::new(kind, "revoked"))
                }
            });
            // Rejected deliveries count as delivered here: settled without a retry.
            let world = World::new(responses).alerts(1_000, start()).run();
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
