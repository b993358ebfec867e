use super::*;
use crate::outcome::Receipt;

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn later(seconds: u64) -> Timestamp {
    now().plus(Duration::from_secs(seconds))
}

fn trouble(kind: FailureKind, retry_after: Option<u64>) -> Sign {
    Sign::Trouble {
        failure: Failure::new(kind, "away"),
        retry_after: retry_after.map(Duration::from_secs),
    }
}

fn paused(seconds: u64) -> Health {
    Health::default().after(&[trouble(FailureKind::Throttled, Some(seconds))], now())
}

#[test]
fn which_outcomes_speak_of_the_destination() {
    let failure = |kind| Failure::new(kind, "");
    let transient = |kind| Sign::of(&Outcome::transient(failure(kind)));
    let permanent = |kind| Sign::of(&Outcome::permanent(failure(kind)));
    for kind in [
        FailureKind::Throttled,
        FailureKind::Unavailable,
        FailureKind::Unreachable,
        FailureKind::TimedOut,
        FailureKind::Interrupted,
    ] {
        assert!(
            matches!(transient(kind), Some(Sign::Trouble { .. })),
            "{kind:?}"
        );
    }
    for kind in [
        FailureKind::Unauthorized,
        FailureKind::Misconfigured,
        FailureKind::Redirected,
        FailureKind::Forbidden,
    ] {
        assert!(matches!(permanent(kind), Some(Sign::Broken(_))), "{kind:?}");
    }
    // A refused message, an answer that is not understood, Tocsin's own trouble.
    assert_eq!(permanent(FailureKind::Refused), None);
    assert_eq!(transient(FailureKind::NotUnderstood), None);
    assert_eq!(transient(FailureKind::Internal), None);
    let delivered = Outcome::Delivered(Receipt::default());
    assert_eq!(Sign::of(&delivered), Some(Sign::Well));
}

#[test]
fn throttling_pauses_at_once_for_as_long_as_is_asked() {
    let health = paused(40);
    for arrival in [Arrival::Fresh, Arrival::Returned] {
        assert_eq!(health.admission(arrival, now()), Admission::Closed);
        assert_eq!(health.admission(arrival, later(39)), Admission::Closed);
        assert_eq!(health.admission(arrival, later(40)), Admission::Probe);
    }
    assert_eq!(health.failing_since, Some(now()));
}

#[test]
fn one_error_of_its_own_is_no_pause_and_three_are() {
    let error = trouble(FailureKind::Unavailable, None);
    let mut health = Health::default();
    for _ in 1..PATIENCE {
        health = health.after(std::slice::from_ref(&error), now());
        assert_eq!(
            health.admission(Arrival::Fresh, now()),
            Admission::Open(TOGETHER)
        );
    }
    // What arrives in between starts the count anew.
    let well = health.after(&[Sign::Well], now());
    assert!(well.is_well());
    health = health.after(&[error], now());
    assert_eq!(health.admission(Arrival::Fresh, now()), Admission::Closed);
}

#[test]
fn one_probes_and_the_others_wait_for_what_it_finds() {
    let probing = paused(10).probing(later(10));
    assert_eq!(
        probing.admission(Arrival::Returned, later(11)),
        Admission::Closed
    );
    // Who probes may vanish: then another does.
    assert_eq!(
        probing.admission(Arrival::Returned, later(40)),
        Admission::Probe
    );
    let well = probing.after(&[Sign::Well], later(11));
    assert!(well.is_well(), "{well:?}");
    let again = probing.after(&[trouble(FailureKind::Throttled, None)], later(11));
    let pause = again.pause.unwrap();
    assert_eq!((pause.number, pause.stage), (2, Stage::Waiting));
    assert_eq!(pause.until, later(21));
    assert_eq!(again.failing_since, Some(now()));
}

#[test]
fn stragglers_neither_lengthen_nor_end_a_pause() {
    let health = paused(10);
    let same = health.after(&[trouble(FailureKind::Throttled, Some(3))], later(1));
    assert_eq!(same.pause, health.pause);
    assert_eq!(same.line, health.line);
    let longer = health.after(&[trouble(FailureKind::Throttled, Some(60))], later(1));
    assert_eq!(longer.pause.unwrap().until, later(61));
    assert_eq!(longer.pause.unwrap().number, 1);
    let well = health.after(&[Sign::Well], later(1));
    assert_eq!(well.pause, health.pause);
}

#[test]
fn pauses_grow_to_their_limit() {
    let mut health = Health::default();
    let mut at = now();
    let mut lengths = Vec::new();
    for _ in 0..9 {
        health = health.after(&[trouble(FailureKind::Unreachable, None)], at);
        let until = health.pause.unwrap().until;
        lengths.push(until.since(at).as_secs());
        at = until;
        health = health.probing(at);
    }
    assert_eq!(lengths, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
}

#[test]
fn places_in_line_are_one_interval_apart_and_begin_after_the_pause() {
    let (health, places) = paused(10).queue(3, now());
    assert_eq!(places, [later(10), later(11), later(12)]);
    let (health, places) = health.queue(1, later(5));
    assert_eq!(places, [later(13)]);
    // The line is for those who come fresh; whose turn it is goes.
    let open = health.probing(later(10)).after(&[Sign::Well], later(10));
    assert_eq!(open.admission(Arrival::Fresh, later(11)), Admission::Closed);
    assert_eq!(
        open.admission(Arrival::Returned, later(11)),
        Admission::Open(1)
    );
    assert_eq!(
        open.admission(Arrival::Fresh, later(14)),
        Admission::Open(1)
    );
}

#[test]
fn a_destination_somebody_must_mend_is_noted_and_not_paused() {
    let failure = Failure::new(FailureKind::Unauthorized, "no");
    let health = Health::default().after(&[Sign::Broken(failure.clone())], now());
    assert_eq!(health.last_failure, Some(failure));
    assert_eq!(health.failing_since, Some(now()));
    assert_eq!(
        health.admission(Arrival::Fresh, now()),
        Admission::Open(TOGETHER)
    );
}

#[test]
fn bad_ends_are_reported_once_an_hour() {
    let first = Health::default().report(now()).unwrap();
    assert_eq!(first.report(later(3599)), None);
    assert!(first.report(later(3600)).is_some());
}

#[test]
fn what_is_kept_reads_back_and_may_grow() {
    let (health, _) = paused(10).queue(2, now());
    let json = serde_json::to_string(&health).unwrap();
    assert_eq!(serde_json::from_str::<Health>(&json).unwrap(), health);
    let other: Health = serde_json::from_str(r#"{"failures": 1, "new": true}"#).unwrap();
    assert_eq!(other.failures, 1);
}
