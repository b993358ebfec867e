use tocsin_core::health::Observation;
use tocsin_core::outcome::Failure;
use tocsin_core::outcome::FailureKind::{self, Throttled, Unavailable, Unreachable};

use super::*;

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn after(seconds: u64) -> Timestamp {
    now().plus(Duration::from_secs(seconds))
}

/// Deliveries of alerts of these detections.
fn waiting(detections: &[&str]) -> Vec<DetectionKey> {
    detections.iter().map(|one| DetectionKey::of(one)).collect()
}

fn fault(detection: &str, kind: FailureKind) -> (DetectionKey, Observation) {
    let fault = Observation::Fault {
        failure: Failure::new(kind, ""),
        retry_after: None,
    };
    (DetectionKey::of(detection), fault)
}

/// The health after an attempt of this detection failed.
fn failing(detection: &str, kind: FailureKind) -> Health {
    Health::default().record(&[fault(detection, kind)], now(), 0.5)
}

/// The health after failures of one detection while another one was accepted.
fn poisoned() -> Health {
    let mut health = Health::default();
    for _ in 0..PARAMETERS.failures_to_hold {
        let accepted = (DetectionKey::of("good"), Observation::Success);
        let observations = [fault("poison", Unavailable), accepted];
        health = health.record(&observations, now(), 0.5);
    }
    health
}

/// How many deliveries each group of a drain has, whose destination responds to all or
/// to none.
fn groups(count: usize, responds: bool) -> Vec<usize> {
    let health = Health::default();
    let mut left = waiting(&vec!["a"; count]);
    let mut plan = Plan::drain();
    let mut groups = Vec::new();
    while !left.is_empty() {
        let Next::Group {
            tasks,
            wait,
            spacing,
        } = plan.next(&left, &health, now())
        else {
            panic!("{plan:?}")
        };
        assert_eq!((wait, spacing), (Duration::ZERO, Duration::ZERO));
        left.truncate(left.len() - tasks.len());
        groups.push(tasks.len());
        let responses = if responds { tasks.len() } else { 0 };
        plan = plan.after(tasks.len(), responses, spacing, now());
    }
    groups
}

#[test]
fn a_drain_starts_slowly() {
    assert_eq!(groups(100, true), [1, 2, 4, 8, 16, 25, 25, 19]);
    assert_eq!(groups(3, false), [1, 1, 1]);
}

#[test]
fn a_drain_keeps_its_order() {
    let plan = Plan::Drain {
        concurrency: 2,
        next_at: None,
    };
    let next = plan.next(&waiting(&["a", "b", "c"]), &Health::default(), now());
    assert!(matches!(next, Next::Group { tasks, .. } if tasks == [0, 1]));
}

#[test]
fn the_fast_path_attempts_all_at_once() {
    let next = Plan::Fast.next(&waiting(&["a"; 30]), &Health::default(), now());
    assert!(matches!(next, Next::Group { tasks, .. } if tasks.len() == MAX_GROUP));
}

#[test]
fn an_open_breaker_ends_both() {
    let health = failing("a", Unreachable);
    let until = health.held_until(now()).unwrap();
    let nothing = Next::Nothing { until };
    for plan in [Plan::Fast, Plan::drain()] {
        assert_eq!(plan.next(&waiting(&["a", "b"]), &health, now()), nothing);
    }
}

#[test]
fn only_a_drain_probes_and_prefers_another_detection() {
    let health = failing("a", Unreachable).begin_probe(&DetectionKey::of("a"), after(60));
    // The probe got no result.
    let health = health.cancel_probe(after(61), Duration::ZERO);
    let (next, now) = (
        |plan: Plan, of| plan.next(&waiting(of), &health, after(62)),
        after(62),
    );
    assert_eq!(next(Plan::Fast, &["a", "b"]), Next::Nothing { until: now });
    assert_eq!(next(Plan::drain(), &["a", "a", "b"]), Next::Probe(2));
    assert_eq!(next(Plan::drain(), &["a", "a"]), Next::Probe(0));
}

#[test]
fn a_detection_that_is_held_holds_no_other() {
    let health = poisoned();
    for plan in [Plan::Fast, Plan::drain()] {
        let next = plan.next(&waiting(&["poison", "good", "poison"]), &health, now());
        assert!(matches!(next, Next::Group { tasks, .. } if tasks == [1]));
        let next = plan.next(&waiting(&["poison"]), &health, now());
        assert!(matches!(next, Next::Nothing { until } if until > now()));
    }
    // Later one of them probes, after all others.
    let next = |of| Plan::drain().next(&waiting(of), &health, after(3_600));
    assert!(matches!(next(&["poison", "good"]), Next::Group { tasks, .. } if tasks == [1]));
    assert_eq!(next(&["poison", "poison"]), Next::Probe(0));
}

#[test]
fn a_rate_limiter_spaces_the_attempts_of_a_drain() {
    let throttled = failing("a", Throttled);
    let accepted = [(DetectionKey::of("a"), Observation::Success)];
    let health = throttled.record(&accepted, after(60), 0.5);
    let interval = health.pace().interval;
    assert!(interval > GROUP_TIME, "{interval:?}");
    let two = waiting(&["a", "b"]);

    let first = Plan::drain().next(&two, &health, after(60));
    let wait = health.pace().wait(after(60));
    let group = |wait| Next::Group {
        tasks: vec![0],
        wait,
        spacing: interval,
    };
    assert_eq!(first, group(wait));
    // The next one waits for the rest of the interval.
    let plan = Plan::drain().after(1, 1, interval, after(70));
    assert_eq!(plan.next(&two, &health, after(70)), group(interval));
    assert_eq!(plan.next(&two, &health, after(80)), group(Duration::ZERO));
    // The fast path leaves all to the drain.
    let nothing = Next::Nothing { until: after(80) };
    assert_eq!(Plan::Fast.next(&two, &health, after(80)), nothing);
}

#[test]
fn short_intervals_share_a_group() {
    for (millis, size) in [(1, 25), (20, 25), (100, 5), (300, 1), (60_000, 1)] {
        assert_eq!(group_size(Duration::from_millis(millis)), size, "{millis}");
    }
}
