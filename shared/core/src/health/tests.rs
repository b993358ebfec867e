use super::*;
use crate::outcome::{Outcome, Receipt};

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
        evidence: Evidence::First,
    }
}

fn half() -> f64 {
    0.5
}

fn paused(seconds: u64) -> Health {
    Health::default().after(&[trouble(FailureKind::Throttled, Some(seconds))], now())
}

#[test]
fn which_outcomes_speak_of_the_destination() {
    let failure = |kind| Failure::new(kind, "");
    let transient = |kind| Sign::of(&Outcome::transient(failure(kind)), 1);
    let permanent = |kind| Sign::of(&Outcome::permanent(failure(kind)), 1);
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
    // It answers, whatever it thinks of the message.
    assert_eq!(permanent(FailureKind::Refused), Some(Sign::Answering));
    assert_eq!(transient(FailureKind::NotUnderstood), Some(Sign::Answering));
    // Tocsin's own trouble.
    assert_eq!(transient(FailureKind::Internal), None);
    assert_eq!(transient(FailureKind::Crashed), None);
    let delivered = Outcome::Delivered(Receipt::default());
    assert_eq!(Sign::of(&delivered, 3), Some(Sign::Well));
}

#[test]
fn throttling_pauses_at_once_for_as_long_as_is_asked() {
    let health = paused(40);
    for origin in [Rank::Fresh, Rank::Returned] {
        assert_eq!(health.admission(origin, now()), Admission::Closed);
        assert_eq!(health.admission(origin, later(39)), Admission::Closed);
        assert_eq!(health.admission(origin, later(40)), Admission::Probe);
    }
    assert_eq!(health.failing_since, Some(now()));
}

#[test]
fn one_error_of_its_own_is_no_pause_and_three_are() {
    let error = trouble(FailureKind::Unavailable, None);
    let mut health = Health::default();
    for _ in 1..PATIENCE {
        health = health.after(std::slice::from_ref(&error), now());
        assert_eq!(health.admission(Rank::Fresh, now()), Admission::Open);
    }
    // What arrives in between starts the count anew.
    let well = health.after(&[Sign::Well], now());
    assert!(well.is_well());
    health = health.after(&[error], now());
    assert_eq!(health.admission(Rank::Fresh, now()), Admission::Closed);
}

#[test]
fn one_probes_and_the_others_wait_for_what_it_finds() {
    let probing = paused(10).probing(later(10));
    assert_eq!(
        probing.admission(Rank::Returned, later(11)),
        Admission::Closed
    );
    // Who probes may vanish: then another does.
    assert_eq!(
        probing.admission(Rank::Returned, later(40)),
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
fn a_refusal_ends_a_pause_and_a_probe_that_found_nothing_is_given_back() {
    let probing = paused(10).probing(later(10));
    for sign in [
        Sign::Answering,
        Sign::Broken(Failure::new(FailureKind::Unauthorized, "no")),
    ] {
        let after = probing.after(&[sign], later(11));
        assert_eq!(after.pause, None);
        assert!(after.failing_since.is_some(), "nothing has arrived");
    }
    let back = probing.unprobed(later(11));
    assert_eq!(back.admission(Rank::Returned, later(11)), Admission::Probe);
    assert_eq!(paused(10).unprobed(later(1)), paused(10));
}

#[test]
fn a_message_that_fails_again_and_again_proves_little() {
    let again = Sign::Trouble {
        failure: Failure::new(FailureKind::Interrupted, "reset"),
        retry_after: None,
        evidence: Evidence::Again,
    };
    let mut health = Health::default();
    for _ in 0..20 {
        health = health.after(std::slice::from_ref(&again), now());
    }
    assert_eq!(health.admission(Rank::Fresh, now()), Admission::Open);
    // As a probe it does not lengthen the pause beyond 40 s.
    let mut at = now();
    let mut health = Health::default().after(&vec![trouble(FailureKind::Interrupted, None); 3], at);
    for _ in 0..20 {
        at = health.pause.unwrap().until;
        health = health.probing(at).after(std::slice::from_ref(&again), at);
    }
    assert_eq!(health.pause.unwrap().until.since(at).as_secs(), 40);
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
    let (health, places) = paused(10).queue(3, now(), half);
    assert_eq!(places, [later(10), later(11), later(12)]);
    let (health, places) = health.queue(1, later(5), half);
    assert_eq!(places, [later(13)]);
    // Whoever has stood in line takes a turn; who comes fresh, as long as there are
    // turns to be had.
    let open = health.probing(later(10)).after(&[Sign::Well], later(10));
    assert_eq!(open.admission(Rank::Returned, later(11)), Admission::InTurn);
    assert_eq!(open.admission(Rank::Fresh, later(11)), Admission::InTurn);
    let taken = (0..3).fold(open, |open, _| open.take_turns(1, later(11)).0);
    assert_eq!(taken.admission(Rank::Fresh, later(11)), Admission::Closed);
    assert_eq!(taken.admission(Rank::Grave, later(11)), Admission::InTurn);
    assert_eq!(taken.admission(Rank::Fresh, later(12)), Admission::InTurn);
}

#[test]
fn fresh_alerts_probe_during_a_pause_that_may_be_about_messages() {
    let silent = trouble(FailureKind::TimedOut, None);
    let mut health = Health::default().after(&vec![silent.clone(); 3], now());
    for _ in 0..8 {
        let until = health.pause.unwrap().until;
        health = health
            .probing(until)
            .after(std::slice::from_ref(&silent), until);
    }
    let since = health.last_failure_at.unwrap();
    let at = |seconds| since.plus(Duration::from_secs(seconds));
    assert_eq!(health.admission(Rank::Fresh, at(29)), Admission::Closed);
    assert_eq!(health.admission(Rank::Fresh, at(30)), Admission::Probe);
    assert_eq!(health.admission(Rank::Grave, at(30)), Admission::Probe);
    assert_eq!(health.admission(Rank::Returned, at(30)), Admission::Closed);
    let probing = health.probing(at(30));
    assert_eq!(probing.admission(Rank::Fresh, at(31)), Admission::Closed);
    assert_eq!(probing.after(&[Sign::Well], at(31)).pause, None);
    // Whoever cannot be reached or throttles is so for every message.
    assert_eq!(
        paused(300).admission(Rank::Fresh, later(60)),
        Admission::Closed
    );
}

#[test]
fn turns_are_one_interval_apart_whoever_takes_them() {
    let (health, _) = paused(1).queue(9, now(), half);
    let open = health.probing(later(1)).after(&[Sign::Well], later(1));
    let interval = Duration::from_millis(open.line.unwrap().interval_ms);
    let (open, first, count) = open.take_turns(3, later(2));
    assert_eq!((first, count), (later(2), 1), "one at a time");
    let (open, second, _) = open.take_turns(3, later(2));
    assert_eq!(second, first.plus(interval));
    let (_, third, _) = open.take_turns(1, later(20));
    assert_eq!(third, later(20), "turns that nobody took are gone");
    // Without a line everybody goes at once.
    assert_eq!(Health::default().take_turns(7, now()).2, 7);
}

#[test]
fn a_destination_somebody_must_mend_is_noted_and_not_paused() {
    let failure = Failure::new(FailureKind::Unauthorized, "no");
    let health = Health::default().after(&[Sign::Broken(failure.clone())], now());
    assert_eq!(health.last_failure, Some(failure));
    assert_eq!(health.failing_since, Some(now()));
    assert_eq!(health.admission(Rank::Fresh, now()), Admission::Open);
}

#[test]
fn each_complaint_is_made_once_an_hour() {
    let refused = Health::default().report(Complaint::Message, now()).unwrap();
    assert_eq!(refused.report(Complaint::Message, later(3599)), None);
    // A refused message silences nothing else.
    let first = refused.report(Complaint::Destination, later(1)).unwrap();
    assert_eq!(first.report(Complaint::Destination, later(3600)), None);
    assert!(first.report(Complaint::Destination, later(3601)).is_some());
}

#[test]
fn what_fails_for_a_quarter_of_an_hour_is_long_failing() {
    assert!(!paused(10).is_long_failing(later(899)));
    assert!(paused(10).is_long_failing(later(900)));
    assert!(!Health::default().is_long_failing(later(900)));
}

#[test]
fn what_is_kept_reads_back_and_may_grow() {
    let (health, _) = paused(10).queue(2, now(), half);
    let json = serde_json::to_string(&health).unwrap();
    assert_eq!(serde_json::from_str::<Health>(&json).unwrap(), health);
    let other: Health = serde_json::from_str(r#"{"failures": 1, "new": true}"#).unwrap();
    assert_eq!(other.failures, 1);
}
