use super::*;
use crate::outcome::{Outcome, Receipt};

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn later(seconds: u64) -> Timestamp {
    now().plus(Duration::from_secs(seconds))
}

fn fault(kind: FailureKind, retry_after: Option<u64>) -> Observation {
    Observation::Fault {
        failure: Failure::new(kind, "away"),
        retry_after: retry_after.map(Duration::from_secs),
        attempt: AttemptKind::First,
    }
}

fn half() -> f64 {
    0.5
}

fn tripped(seconds: u64) -> Health {
    Health::default().record(&[fault(FailureKind::Throttled, Some(seconds))], now())
}

#[test]
fn which_outcomes_are_observations_of_the_destination() {
    let failure = |kind| Failure::new(kind, "");
    let transient = |kind| Observation::of(&Outcome::transient(failure(kind)), 1);
    let permanent = |kind| Observation::of(&Outcome::permanent(failure(kind)), 1);
    for kind in [
        FailureKind::Throttled,
        FailureKind::Unavailable,
        FailureKind::Unreachable,
        FailureKind::TimedOut,
        FailureKind::Interrupted,
    ] {
        assert!(
            matches!(transient(kind), Some(Observation::Fault { .. })),
            "{kind:?}"
        );
    }
    for kind in [
        FailureKind::Unauthorized,
        FailureKind::Misconfigured,
        FailureKind::Redirected,
        FailureKind::Forbidden,
    ] {
        assert!(
            matches!(permanent(kind), Some(Observation::Misconfigured(_))),
            "{kind:?}"
        );
    }
    // It responds, whatever it says about the message.
    assert_eq!(
        permanent(FailureKind::Refused),
        Some(Observation::Rejection)
    );
    assert_eq!(
        transient(FailureKind::NotUnderstood),
        Some(Observation::Rejection)
    );
    // Failures of Tocsin itself.
    assert_eq!(transient(FailureKind::Internal), None);
    assert_eq!(transient(FailureKind::Crashed), None);
    let delivered = Outcome::Delivered(Receipt::default());
    assert_eq!(Observation::of(&delivered, 3), Some(Observation::Success));
}

#[test]
fn throttling_trips_at_once_for_as_long_as_retry_after_asks() {
    let health = tripped(40);
    for priority in [Priority::Normal, Priority::Retry] {
        assert_eq!(health.admission(priority, now()), Admission::Reject);
        assert_eq!(health.admission(priority, later(39)), Admission::Reject);
        assert_eq!(health.admission(priority, later(40)), Admission::Probe);
    }
    assert_eq!(health.failing_since, Some(now()));
}

#[test]
fn three_server_errors_in_a_row_trip_and_fewer_do_not() {
    let error = fault(FailureKind::Unavailable, None);
    let mut health = Health::default();
    for _ in 1..FAILURE_THRESHOLD {
        health = health.record(std::slice::from_ref(&error), now());
        assert_eq!(health.admission(Priority::Normal, now()), Admission::Allow);
    }
    // A success in between resets the count.
    let healthy = health.record(&[Observation::Success], now());
    assert!(healthy.is_healthy());
    health = health.record(&[error], now());
    assert_eq!(health.admission(Priority::Normal, now()), Admission::Reject);
}

#[test]
fn one_delivery_probes_and_the_others_wait_for_its_result() {
    let half_open = tripped(10).begin_probe(later(10));
    assert_eq!(
        half_open.admission(Priority::Retry, later(11)),
        Admission::Reject
    );
    // A probe whose sender crashes has no result: after 30 s another delivery probes.
    assert_eq!(
        half_open.admission(Priority::Retry, later(40)),
        Admission::Probe
    );
    let healthy = half_open.record(&[Observation::Success], later(11));
    assert!(healthy.is_healthy(), "{healthy:?}");
    let again = half_open.record(&[fault(FailureKind::Throttled, None)], later(11));
    let breaker = again.breaker.unwrap();
    assert_eq!((breaker.trips, breaker.state), (2, BreakerState::Open));
    assert_eq!(breaker.until, later(21));
    assert_eq!(again.failing_since, Some(now()));
}

#[test]
fn a_rejection_closes_the_breaker_and_a_probe_without_a_result_is_cancelled() {
    let half_open = tripped(10).begin_probe(later(10));
    for observation in [
        Observation::Rejection,
        Observation::Misconfigured(Failure::new(FailureKind::Unauthorized, "no")),
    ] {
        let after = half_open.record(&[observation], later(11));
        assert_eq!(after.breaker, None);
        assert!(after.failing_since.is_some(), "nothing was accepted");
    }
    let cancelled = half_open.cancel_probe(later(11));
    assert_eq!(
        cancelled.admission(Priority::Retry, later(11)),
        Admission::Probe
    );
    assert_eq!(tripped(10).cancel_probe(later(1)), tripped(10));
}

#[test]
fn repeated_failures_of_one_message_do_not_trip() {
    let repeat = Observation::Fault {
        failure: Failure::new(FailureKind::Interrupted, "reset"),
        retry_after: None,
        attempt: AttemptKind::Repeat,
    };
    let mut health = Health::default();
    for _ in 0..20 {
        health = health.record(std::slice::from_ref(&repeat), now());
    }
    assert_eq!(health.admission(Priority::Normal, now()), Admission::Allow);
    // As a probe it does not lengthen the backoff beyond 40 s.
    let mut at = now();
    let mut health = Health::default().record(&vec![fault(FailureKind::Interrupted, None); 3], at);
    for _ in 0..20 {
        at = health.breaker.unwrap().until;
        health = health
            .begin_probe(at)
            .record(std::slice::from_ref(&repeat), at);
    }
    assert_eq!(health.breaker.unwrap().until.since(at).as_secs(), 40);
}

#[test]
fn attempts_from_before_the_trip_neither_lengthen_nor_close() {
    let health = tripped(10);
    let same = health.record(&[fault(FailureKind::Throttled, Some(3))], later(1));
    assert_eq!(same.breaker, health.breaker);
    assert_eq!(same.limiter, health.limiter);
    let longer = health.record(&[fault(FailureKind::Throttled, Some(60))], later(1));
    assert_eq!(longer.breaker.unwrap().until, later(61));
    assert_eq!(longer.breaker.unwrap().trips, 1);
    let late = health.record(&[Observation::Success], later(1));
    assert_eq!(late.breaker, health.breaker);
}

#[test]
fn backoffs_double_to_their_limit() {
    let mut health = Health::default();
    let mut at = now();
    let mut lengths = Vec::new();
    for _ in 0..9 {
        health = health.record(&[fault(FailureKind::Unreachable, None)], at);
        let until = health.breaker.unwrap().until;
        lengths.push(until.since(at).as_secs());
        at = until;
        health = health.begin_probe(at);
    }
    assert_eq!(lengths, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
}

#[test]
fn slots_are_one_interval_apart_and_begin_when_the_backoff_is_over() {
    let (health, slots) = tripped(10).schedule(3, now(), half);
    assert_eq!(slots, [later(10), later(11), later(12)]);
    let (health, slots) = health.schedule(1, later(5), half);
    assert_eq!(slots, [later(13)]);
    // A retry always reserves a slot; a fresh delivery while there are free ones
    // within reach.
    let closed = health
        .begin_probe(later(10))
        .record(&[Observation::Success], later(10));
    assert_eq!(
        closed.admission(Priority::Retry, later(11)),
        Admission::RateLimited
    );
    assert_eq!(
        closed.admission(Priority::Normal, later(11)),
        Admission::RateLimited
    );
    let reserved = (0..3).fold(closed, |closed, _| closed.reserve(1, later(11)).0);
    assert_eq!(
        reserved.admission(Priority::Normal, later(11)),
        Admission::Reject
    );
    assert_eq!(
        reserved.admission(Priority::High, later(11)),
        Admission::RateLimited
    );
    assert_eq!(
        reserved.admission(Priority::Normal, later(12)),
        Admission::RateLimited
    );
}

#[test]
fn fresh_alerts_probe_an_open_breaker_that_may_be_about_messages() {
    let timeout = fault(FailureKind::TimedOut, None);
    let mut health = Health::default().record(&vec![timeout.clone(); 3], now());
    for _ in 0..8 {
        let until = health.breaker.unwrap().until;
        health = health
            .begin_probe(until)
            .record(std::slice::from_ref(&timeout), until);
    }
    let since = health.last_failure_at.unwrap();
    let at = |seconds| since.plus(Duration::from_secs(seconds));
    assert_eq!(
        health.admission(Priority::Normal, at(29)),
        Admission::Reject
    );
    assert_eq!(health.admission(Priority::Normal, at(30)), Admission::Probe);
    assert_eq!(health.admission(Priority::High, at(30)), Admission::Probe);
    assert_eq!(health.admission(Priority::Retry, at(30)), Admission::Reject);
    let half_open = health.begin_probe(at(30));
    assert_eq!(
        half_open.admission(Priority::Normal, at(31)),
        Admission::Reject
    );
    assert_eq!(
        half_open.record(&[Observation::Success], at(31)).breaker,
        None
    );
    // A destination that throttles or is unreachable does so for every message.
    assert_eq!(
        tripped(300).admission(Priority::Normal, later(60)),
        Admission::Reject
    );
}

#[test]
fn reserved_slots_are_one_interval_apart() {
    let (health, _) = tripped(1).schedule(9, now(), half);
    let closed = health
        .begin_probe(later(1))
        .record(&[Observation::Success], later(1));
    let interval = Duration::from_millis(closed.limiter.unwrap().interval_ms);
    let (closed, first, count) = closed.reserve(3, later(2));
    assert_eq!((first, count), (later(2), 1), "one at a time");
    let (closed, second, _) = closed.reserve(3, later(2));
    assert_eq!(second, first.plus(interval));
    let (_, third, _) = closed.reserve(1, later(20));
    assert_eq!(third, later(20), "slots that nobody reserved have expired");
    // Without a rate limiter all are sent at once.
    assert_eq!(Health::default().reserve(7, now()).2, 7);
}

#[test]
fn a_misconfigured_destination_is_recorded_and_does_not_trip() {
    let failure = Failure::new(FailureKind::Unauthorized, "no");
    let health = Health::default().record(&[Observation::Misconfigured(failure.clone())], now());
    assert_eq!(health.last_failure, Some(failure));
    assert_eq!(health.failing_since, Some(now()));
    assert_eq!(health.admission(Priority::Normal, now()), Admission::Allow);
}

#[test]
fn each_report_is_made_once_an_hour() {
    let rejected = Health::default()
        .report(FailureReport::Message, now())
        .unwrap();
    assert_eq!(rejected.report(FailureReport::Message, later(3599)), None);
    // A rejected message does not suppress the other report.
    let first = rejected
        .report(FailureReport::Destination, later(1))
        .unwrap();
    assert_eq!(first.report(FailureReport::Destination, later(3600)), None);
    assert!(
        first
            .report(FailureReport::Destination, later(3601))
            .is_some()
    );
}

#[test]
fn a_destination_that_fails_for_a_quarter_of_an_hour_is_long_failing() {
    assert!(!tripped(10).is_long_failing(later(899)));
    assert!(tripped(10).is_long_failing(later(900)));
    assert!(!Health::default().is_long_failing(later(900)));
}

#[test]
fn stored_health_reads_back_and_may_have_unknown_fields() {
    let (health, _) = tripped(10).schedule(2, now(), half);
    let json = serde_json::to_string(&health).unwrap();
    assert_eq!(serde_json::from_str::<Health>(&json).unwrap(), health);
    let other: Health = serde_json::from_str(r#"{"failures": 1, "new": true}"#).unwrap();
    assert_eq!(other.failures, 1);
}
