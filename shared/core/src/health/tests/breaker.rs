//! The circuit breakers of destinations and detections.

use super::*;

#[test]
fn failures_open_the_breaker_of_a_detection_or_of_the_destination() {
    use FailureKind::{Forbidden, Interrupted, Misconfigured, Throttled};
    use FailureKind::{TimedOut, Unauthorized, Unavailable, Unreachable};
    // The detections that fail, whether that holds everything, and whether it holds the
    // first of them.
    for (kind, detections, destination, first) in [
        (Throttled, "a", true, true),
        (Unreachable, "a", true, true),
        (Unauthorized, "a", true, true),
        (Misconfigured, "a", false, true),
        (Misconfigured, "aa", false, true),
        (Forbidden, "ab", true, true),
        (Unavailable, "a", false, false),
        (Unavailable, "aaaaaaaaa", false, false),
        (Unavailable, "aaaaaaaaaa", false, true),
        (Unavailable, "ab", false, false),
        (TimedOut, "abb", false, false),
        (Interrupted, "abc", true, true),
        // Only two detections raise alerts, and nothing got a response.
        (Unavailable, "ababababab", true, true),
        (Unavailable, "aaaaaaaaaab", true, true),
    ] {
        let health = detections.chars().fold(Health::default(), |health, one| {
            health.failed(&one.to_string(), kind, now())
        });
        let row = format!("{kind:?}, {detections}");
        assert_eq!(health.held_until(now()).is_some(), destination, "{row}");
        let held = |one| matches!(health.admits(&key(one), now()), Admission::Hold { .. });
        assert_eq!(held("a"), first, "{row}");
        let others_probe = destination && !kind.is_about_destination();
        let other = match health.admits(&key("other"), now()) {
            Admission::Allow => !destination,
            Admission::Probe => others_probe,
            Admission::Hold { .. } => destination && !others_probe,
        };
        assert!(other, "{row}: {:?}", health.admits(&key("other"), now()));
    }
}

#[test]
fn a_403_may_be_about_the_content_of_one_detection() {
    let answered = |health: &Health, detection, status, at| {
        let observed = Observation::of(&answer(status)).unwrap();
        health.record(&[(key(detection), observed)], at, NO_JITTER)
    };
    let refused = answered(&Health::default(), "a", 401, now());
    assert_eq!(refused.open_until(), 300);

    let blocked = answered(&Health::default(), "a", 403, now());
    let shown = blocked.last_failure.as_ref().map(|failure| failure.kind);
    assert_eq!(shown, Some(FailureKind::Unauthorized), "what people read");
    assert_eq!(blocked.breaker, None);
    assert_eq!(blocked.path(&key("b"), now()), Path::Fast);
    let held = blocked.admits(&key("a"), now());
    assert_eq!(held, Admission::Hold { until: later(30) });
    // A response between proves that it is the content.
    let other = answered(&blocked.accepted("b", now()), "c", 403, now());
    assert_eq!(other.breaker, None);
    // Two detections without one: the destination.
    let other = answered(&blocked, "b", 403, now());
    assert_eq!(other.open_until(), 30);
}

#[test]
fn a_response_between_failures_proves_that_content_is_to_blame() {
    let mut health = Health::default();
    for detection in ["a", "b", "c", "d"] {
        health = health
            .failed(detection, FailureKind::Unavailable, now())
            .accepted("works", now());
    }
    assert_eq!(health.breaker, None);
    assert!(health.failing_since.is_none());
    // Three failures are enough then, and hold for half a minute at most.
    health = health.failed("a", FailureKind::Unavailable, now());
    assert_eq!(health.admits(&key("a"), now()), Admission::Allow);
    health = health.failed("a", FailureKind::Unavailable, now());
    let mut at = now();
    let mut intervals = Vec::new();
    for _ in 0..6 {
        let Admission::Hold { until } = health.admits(&key("a"), at) else {
            panic!("{health:?}");
        };
        intervals.push(until.since(at).as_secs());
        assert_eq!(health.retry_at(&key("a"), at), None, "its own delay");
        assert_eq!(health.path(&key("works"), at), Path::Fast);
        at = until;
        assert_eq!(health.admits(&key("a"), at), Admission::Probe);
        health = health
            .begin_probe(&key("a"), at)
            .failed("a", FailureKind::Unavailable, at);
    }
    assert_eq!(intervals, [5, 5, 10, 20, 30, 30]);
    let free = health.begin_probe(&key("a"), at).accepted("a", at);
    assert_eq!(free.admits(&key("a"), at), Admission::Allow);
}

#[test]
fn failures_beside_a_response_in_one_group_do_not_open_the_breaker() {
    let mut group: Vec<_> = ["a", "b", "c"]
        .map(|one| (key(one), fails(FailureKind::Unavailable, 0)))
        .into();
    let record = |group: &[_]| Health::default().record(group, now(), NO_JITTER);
    assert!(record(&group).breaker.is_some());
    group.insert(0, (key("d"), Observation::Success));
    assert_eq!(record(&group).breaker, None);
    group.push((key("e"), fails(FailureKind::Throttled, 0)));
    assert!(record(&group).breaker.is_some());
}

#[test]
fn what_was_held_without_proof_may_probe_once_others_get_a_response() {
    let mut health = Health::default();
    for _ in 0..10 {
        health = health.failed("a", FailureKind::Unavailable, now());
    }
    assert_eq!(health.retry_at(&key("a"), now()), Some(later(5)));
    let health = health.accepted("b", later(1));
    assert_eq!(health.admits(&key("a"), later(1)), Admission::Probe);
}

#[test]
fn an_outage_releases_the_detections_that_were_blamed() {
    let mut health = Health::default();
    for _ in 0..10 {
        health = health.failed("a", FailureKind::Unavailable, now());
    }
    health = health.failed("b", FailureKind::Unavailable, now());
    assert!(health.breaker.is_some());
    let health = health
        .begin_probe(&key("b"), later(5))
        .accepted("b", later(6));
    assert_eq!(health.admits(&key("a"), later(6)), Admission::Allow);
}

#[test]
fn intervals_grow_to_five_minutes_and_respect_retry_after() {
    for (kind, expected) in [
        (
            FailureKind::Unreachable,
            [5, 5, 10, 20, 40, 80, 160, 300, 300],
        ),
        (FailureKind::Throttled, [2, 2, 2, 2, 2, 2, 3, 3, 4]),
        (FailureKind::Unauthorized, [300; 9]),
    ] {
        let mut at = now();
        let mut health = Health::default();
        let lengths = expected.map(|_| {
            health = health.failed("a", kind, at);
            let until = health.breaker.unwrap().until;
            let length = until.since(at).as_secs();
            at = until;
            health = health.begin_probe(&key("a"), at);
            length
        });
        assert_eq!(lengths, expected, "{kind:?}");
    }
    let asked = [(key("a"), fails(FailureKind::Throttled, 240))];
    let health = Health::default().record(&asked, now(), 1.0);
    assert_eq!(health.open_until(), 240);
    let jittered = [(key("a"), fails(FailureKind::Unreachable, 0))];
    let health = Health::default().record(&jittered, now(), 1.0);
    assert_eq!(health.open_until(), 6);
}

#[test]
fn one_delivery_probes_and_the_others_wait_for_its_result() {
    let open = Health::default().failed("a", FailureKind::Unreachable, now());
    let health = open.begin_probe(&key("a"), later(5));
    let until = later(5).plus(PROBE_TIMEOUT);
    assert_eq!(health.held_until(later(6)), Some(until));
    assert_eq!(
        health.admits(&key("b"), later(6)),
        Admission::Hold { until }
    );
    assert_eq!(health.drain_size(later(6)), 0);
    // A probe whose sender vanishes has no result.
    assert_eq!(health.admits(&key("b"), until), Admission::Probe);
    assert_eq!(health.drain_size(until), 1);
    let cancelled = health.cancel_probe(later(6), Duration::ZERO);
    assert_eq!(cancelled.admits(&key("b"), later(6)), Admission::Probe);
    let cancelled = health.cancel_probe(later(6), PARAMETERS.first_interval);
    assert_eq!(cancelled.open_until(), 11);
    // Any response closes the breaker, but only success is an accepted delivery.
    let accepted = health.accepted("a", later(6));
    assert_eq!((accepted.breaker, accepted.failing_since), (None, None));
    let rejected = [(key("a"), Observation::Rejection)];
    let rejected = health.record(&rejected, later(6), NO_JITTER);
    assert_eq!(
        (rejected.breaker, rejected.failing_since),
        (None, Some(now()))
    );
}

#[test]
fn attempts_from_before_neither_lengthen_nor_close() {
    let health = throttled();
    assert_eq!(
        health.failed("b", FailureKind::Throttled, later(1)).breaker,
        health.breaker
    );
    assert_eq!(health.accepted("b", later(1)).breaker, health.breaker);
    let asked = [(key("b"), fails(FailureKind::Throttled, 60))];
    assert_eq!(health.record(&asked, later(1), NO_JITTER).open_until(), 61);
    // The result of another attempt is not the probe's.
    let probing = health.begin_probe(&key("a"), later(2));
    let late = probing.failed("b", FailureKind::Throttled, later(3));
    assert_eq!(late.held_until(later(3)), probing.held_until(later(3)));
}

#[test]
fn alerts_of_detections_that_did_not_fail_probe_an_open_breaker_early() {
    let health = down();
    assert_eq!(health.path(&key("a"), later(1)), Path::Outbox);
    assert_eq!(health.path(&key("new"), later(1)), Path::Fast);
    // One at a time, but not behind the probe of a suspect.
    let probing = health.begin_probe(&key("new"), later(1));
    assert_eq!(probing.path(&key("newer"), later(2)), Path::Outbox);
    let suspect = health.begin_probe(&key("a"), later(5));
    assert_eq!(suspect.path(&key("new"), later(6)), Path::Fast);
    assert_eq!(probing.accepted("new", later(2)).breaker, None);
    // It fails: nothing changes for those that wait.
    let mut health = probing.failed("new", FailureKind::Unavailable, later(2));
    assert_eq!(health.open_until(), 5);
    for number in 0..4 {
        let detection = number.to_string();
        assert_eq!(health.path(&key(&detection), later(3)), Path::Fast);
        health = health.begin_probe(&key(&detection), later(3)).failed(
            &detection,
            FailureKind::Unavailable,
            later(3),
        );
    }
    assert_eq!(health.path(&key("ninth"), later(3)), Path::Outbox);
    let remembered = health.suspects.iter().count();
    assert_eq!(remembered, PARAMETERS.remembered_detections);
    // A destination that throttles does so for every message.
    assert_eq!(throttled().path(&key("new"), later(1)), Path::Outbox);
}
