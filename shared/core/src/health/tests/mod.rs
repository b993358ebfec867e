mod breaker;

use std::time::Duration;

use super::*;
use crate::alert::AlertId;
use crate::destination::DestinationId;
use crate::outbox::DueKey;
use crate::outcome::{Outcome, Receipt};
use crate::provider::Response;

/// Intervals without jitter.
const NO_JITTER: f64 = 0.0;

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn later(seconds: u64) -> Timestamp {
    now().plus(Duration::from_secs(seconds))
}

fn key(detection: &str) -> DetectionKey {
    DetectionKey::of(detection)
}

fn fails(kind: FailureKind, retry_after: u64) -> Observation {
    let failure = Failure::new(kind, "away");
    let outcome = if kind.is_curable() {
        Outcome::Misconfigured { failure }
    } else {
        Outcome::Transient {
            failure,
            retry_after: Some(Duration::from_secs(retry_after)),
        }
    };
    Observation::of(&outcome).unwrap()
}

/// The outcome of a response with this status.
pub(super) fn answer(status: u16) -> Outcome {
    Outcome::from_status(&Response {
        status,
        headers: Vec::new(),
        body: b"away".to_vec(),
        extent: crate::provider::Extent::Whole,
        received_at: now(),
    })
}

impl Health {
    fn failed(&self, detection: &str, kind: FailureKind, at: Timestamp) -> Self {
        self.record(&[(key(detection), fails(kind, 0))], at, NO_JITTER)
    }

    fn accepted(&self, detection: &str, at: Timestamp) -> Self {
        self.record(&[(key(detection), Observation::Success)], at, NO_JITTER)
    }

    fn open_until(&self) -> u64 {
        self.breaker.unwrap().until.since(now()).as_secs()
    }
}

/// A destination that fails for alerts of three detections.
fn down() -> Health {
    ["a", "b", "c"]
        .iter()
        .fold(Health::default(), |health, one| {
            health.failed(one, FailureKind::Unavailable, now())
        })
}

fn throttled() -> Health {
    Health::default().failed("a", FailureKind::Throttled, now())
}

#[test]
fn which_outcomes_are_observations_of_the_destination() {
    let of =
        |kind, outcome: fn(Failure) -> Outcome| Observation::of(&outcome(Failure::new(kind, "")));
    for kind in [
        FailureKind::Throttled,
        FailureKind::Unavailable,
        FailureKind::Unreachable,
        FailureKind::TimedOut,
        FailureKind::Interrupted,
    ] {
        let observed = of(kind, Outcome::transient);
        assert!(
            matches!(observed, Some(Observation::Fault { .. })),
            "{kind:?}"
        );
    }
    for kind in [
        FailureKind::Unauthorized,
        FailureKind::Misconfigured,
        FailureKind::Redirected,
        FailureKind::Forbidden,
    ] {
        let observed = of(kind, |failure| Outcome::Misconfigured { failure });
        let expected = matches!(observed, Some(Observation::Misconfigured { .. }));
        assert!(expected, "{kind:?}");
    }
    // It responds, whatever it says about the message.
    let refused = of(FailureKind::Refused, |failure| Outcome::Refused { failure });
    assert_eq!(refused, Some(Observation::Rejection));
    let other = of(FailureKind::NotUnderstood, Outcome::transient);
    assert_eq!(other, Some(Observation::Rejection));
    // Failures of Tocsin itself.
    assert_eq!(of(FailureKind::Internal, Outcome::transient), None);
    assert_eq!(of(FailureKind::Crashed, Outcome::transient), None);
    let delivered = Outcome::Delivered(Receipt::default());
    assert_eq!(Observation::of(&delivered), Some(Observation::Success));
}

#[test]
fn fresh_deliveries_take_the_fast_path_unless_something_waits() {
    let healthy = Health::default();
    let limited = throttled().accepted("a", later(2));
    let held = healthy.failed("a", FailureKind::Forbidden, now());
    for (row, health, expected) in [
        ("healthy", healthy.clone(), Path::Fast),
        ("backlog", healthy.with_backlog(), Path::Outbox),
        ("drained", healthy.with_backlog().drained(now()), Path::Fast),
        ("rate-limited", limited.clone(), Path::Outbox),
        ("limit is old", limited.drained(later(601)), Path::Fast),
        (
            "limit is not old",
            limited.drained(later(599)),
            Path::Outbox,
        ),
        // What waits may be of the detection that is held.
        ("another is held", held.with_backlog(), Path::Fast),
        ("edited", held.reset(later(1)), Path::Fast),
    ] {
        assert_eq!(health.path(&key("b"), later(2)), expected, "{row}");
    }
    // The detection that was held raises no further alerts: others wait.
    let waiting = held.with_backlog();
    assert_eq!(waiting.path(&key("b"), later(149)), Path::Fast);
    assert_eq!(waiting.path(&key("b"), later(150)), Path::Outbox);
}

#[test]
fn attempts_with_settings_from_before_an_edit_do_not_count() {
    let edited = down().reset(later(10));
    assert_eq!(edited.breaker, None);
    let failed = fails(FailureKind::Unreachable, 0);
    assert!(!edited.counts(&failed, later(9)));
    assert!(edited.counts(&failed, later(10)));
    assert!(Health::default().counts(&failed, now()));
    // Whatever the settings are.
    assert!(edited.counts(&fails(FailureKind::Throttled, 0), later(9)));
    assert!(edited.counts(&Observation::Success, later(9)));
}

#[test]
fn what_is_late_is_explained_as_long_as_a_breaker_or_the_limiter_holds_it() {
    let held = Health::default().failed("a", FailureKind::Forbidden, now());
    let limited = throttled().accepted("a", later(2));
    // The second at which it explains nothing any longer: an interval or a lifetime,
    // and for breakers two minutes in which a drain may probe.
    for (row, health, end) in [
        ("one detection is held", held.clone(), 30 + 120),
        ("the destination is down", down(), 5 + 120),
        ("probing", down().begin_probe(&key("a"), later(5)), 50 + 120),
        ("rate-limited", limited, 600),
    ] {
        assert!(health.delays_deliveries(later(end - 1)), "{row}");
        assert!(!health.delays_deliveries(later(end)), "{row}");
    }
    assert!(!Health::default().delays_deliveries(now()));
}

#[test]
fn the_pace_slows_when_throttled_and_quickens_with_each_success() {
    let mut health = throttled();
    assert_eq!(health.pace().interval, PARAMETERS.first_pace);
    assert_eq!(Health::default().pace().interval, Duration::ZERO);
    let mut at = later(2);
    for _ in 0..10 {
        health = health.accepted("a", at);
        at = at.plus(health.pace().interval);
    }
    let fast = health.pace();
    assert!(fast.interval < Duration::from_millis(250), "{fast:?}");
    assert_eq!(fast.next_at, Some(at));
    assert_eq!(fast.wait(at.minus(fast.interval / 2)), fast.interval / 2);
    assert_eq!(fast.wait(now()), fast.interval, "clocks differ");
    assert_eq!(
        health.drain_size(at),
        8_000 / fast.interval.as_millis() as usize
    );

    let health = health.failed("a", FailureKind::Throttled, at);
    let slow = health.pace().interval;
    assert_eq!(slow.as_millis(), fast.interval.as_millis() * 3 / 2);
    let mut health = health
        .begin_probe(&key("a"), later(20))
        .accepted("a", later(20));
    for _ in 0..50 {
        health = health.accepted("a", later(20));
    }
    // What was proved too short is remembered, and forgotten after a while.
    let kept = health.pace().interval;
    assert!(kept > fast.interval && kept < slow, "{kept:?}");
    for _ in 0..100 {
        health = health.accepted("a", later(7_200));
    }
    assert_eq!(health.pace().interval, PARAMETERS.fastest_pace);
    assert_eq!(health.drain_size(later(7_200)), PARAMETERS.drain_limit);
}

#[test]
fn a_drain_takes_what_is_admitted_and_probes_with_the_least_suspected() {
    let destination = DestinationId::parse("7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11").unwrap();
    let entry = |(alert, due): (&str, &str)| DueEntry {
        alert_id: AlertId::new(alert).unwrap(),
        destination_id: destination,
        detection_id: alert[..1].to_owned(),
        due: DueKey::parse(due).unwrap(),
    };
    let due: Vec<_> = [
        ("a1", "0#2026-01-01T00:00:01Z"),
        ("a2", "0#2026-01-01T00:00:02Z"),
        ("b1", "0#2026-01-01T00:00:03Z"),
        ("d1", "2#2026-01-01T00:00:04Z"),
        ("d2", "2#2026-01-01T00:00:05Z"),
    ]
    .map(entry)
    .into();
    let drainable = |health: &Health, at| {
        let taken = health.drainable(due.clone(), at);
        let ids: Vec<_> = taken.iter().map(|one| one.alert_id.to_string()).collect();
        ids.join(" ")
    };
    assert_eq!(drainable(&Health::default(), now()), "a1 a2 b1 d1 d2");
    let held = Health::default().failed("a", FailureKind::Forbidden, now());
    assert_eq!(drainable(&held, later(1)), "b1 d1 d2");
    assert_eq!(drainable(&held, later(30)), "a1 b1 d1 d2");
    assert_eq!(drainable(&down(), later(5)), "d1");
    let failed = down()
        .begin_probe(&key("d"), later(5))
        .failed("d", FailureKind::Unavailable, later(5))
        .begin_probe(&key("a"), later(10))
        .failed("a", FailureKind::Unavailable, later(10));
    assert_eq!(drainable(&failed, later(60)), "b1 d1");
}

#[test]
fn a_healthy_destination_stays_as_it_is() {
    let health = Health::default().accepted("a", now());
    assert_eq!(health, Health::default());
    let rejected = [(key("a"), Observation::Rejection)];
    assert_eq!(health.record(&rejected, now(), NO_JITTER), health);
    // Nor does a suspect of the past cost a write for each success of others.
    let once = health.failed("a", FailureKind::TimedOut, now());
    let answered = once.accepted("b", now());
    assert_eq!(answered.accepted("b", later(9)), answered);
}

#[test]
fn each_report_is_made_once_an_hour() {
    let report = |health: &Health, report, at| health.report(report, later(at));
    let rejected = report(&Health::default(), FailureReport::Message, 0).unwrap();
    assert_eq!(report(&rejected, FailureReport::Message, 3_599), None);
    // A rejected message does not suppress the other report.
    let first = report(&rejected, FailureReport::Destination, 1).unwrap();
    assert_eq!(report(&first, FailureReport::Destination, 3_600), None);
    assert!(report(&first, FailureReport::Destination, 3_601).is_some());
}

#[test]
fn a_destination_that_fails_for_a_quarter_of_an_hour_is_long_failing() {
    assert!(!throttled().is_long_failing(later(899)));
    assert!(throttled().is_long_failing(later(900)));
    assert!(!Health::default().is_long_failing(later(900)));
}

#[test]
fn stored_health_reads_back_and_that_of_version_0_1_0_is_read() {
    let limited = throttled().accepted("a", later(2));
    let held = limited.failed("a", FailureKind::Forbidden, later(3));
    for health in [
        Health::default(),
        throttled(),
        down(),
        held.with_backlog(),
        down().reset(now()),
    ] {
        let json = serde_json::to_string(&health).unwrap();
        assert_eq!(serde_json::from_str::<Health>(&json).unwrap(), health);
    }
    let before = r#"{
        "failingSince": "2026-01-01T00:00:00Z", "failures": 4, "inARow": 3,
        "lastFailure": {"kind": "unavailable", "detail": "down"},
        "pause": {"until": "2026-01-01T00:01:00Z", "number": 1, "stage": "waiting",
            "cause": "unavailable", "triedAt": "2026-01-01T00:00:00Z"},
        "line": {"end": "2026-01-01T00:01:00Z", "intervalMs": 100, "step": "groups"},
        "reportedAt": "2026-01-01T00:00:00Z"
    }"#;
    let read: Health = serde_json::from_str(before).unwrap();
    assert_eq!(read.failing_since, Some(now()));
    assert_eq!((read.failures, read.reported_at), (4, Some(now())));
    assert_eq!((read.breaker, read.limiter), (None, None));
    assert_eq!(read.reset_at, None);
}
