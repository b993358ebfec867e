use super::*;
use crate::outcome::{Failure, FailureKind, Receipt};
use proptest::prelude::*;

fn transient(retry_after: Option<u64>) -> Outcome {
    Outcome::Transient {
        failure: Failure::new(FailureKind::Unavailable, "down"),
        retry_after: retry_after.map(Duration::from_secs),
    }
}

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// Runs a delivery to a destination that never recovers; the times of its attempts in seconds.
fn outage(policy: RetryPolicy, outcome: &Outcome, mut random: impl FnMut() -> f64) -> Vec<u64> {
    let mut now = start();
    let mut times = vec![0];
    for attempt in 1.. {
        match policy.decide(outcome, attempt, start(), None, now, random()) {
            Decision::Retry { due } => {
                now = due;
                times.push(now.since(start()).as_secs());
            }
            Decision::Exhausted => break,
            Decision::Done => unreachable!("a transient outcome is never done"),
        }
    }
    times
}

#[test]
fn a_day_long_outage_in_figures() {
    let times = outage(RetryPolicy::default(), &transient(None), || 0.5);
    let minute = 60;
    assert_eq!(
        times,
        [
            0,
            5,
            35,
            155,
            455,
            1055,
            1955,
            3755,
            7355,
            14_555,
            28_955,
            43_355,
            57_755,
            72_155,
            24 * 60 * minute
        ]
    );
}

#[test]
fn success_and_refusal_are_never_repeated() {
    let policy = RetryPolicy::default();
    let done = Outcome::Delivered(Receipt::default());
    let refused = Outcome::rejected(Failure::new(FailureKind::Refused, "no"));
    for outcome in [done, refused] {
        assert_eq!(
            policy.decide(&outcome, 1, start(), None, start(), 0.5),
            Decision::Done
        );
    }
}

#[test]
fn a_providers_wish_is_a_lower_bound() {
    let policy = RetryPolicy::default();
    let wait = |retry_after| match policy.decide(
        &transient(retry_after),
        1,
        start(),
        None,
        start(),
        0.5,
    ) {
        Decision::Retry { due } => due.since(start()).as_secs(),
        other => panic!("{other:?}"),
    };
    assert_eq!(wait(Some(100)), 100);
    assert_eq!(wait(Some(1)), 5);
    assert_eq!(wait(None), 5);
}

#[test]
fn a_wish_beyond_the_window_leaves_an_attempt_at_its_end() {
    let policy = RetryPolicy {
        window: Duration::from_hours(1),
        ..RetryPolicy::default()
    };
    let now = start().plus(Duration::from_mins(10));
    let decided = policy.decide(&transient(Some(3600)), 1, start(), None, now, 0.5);
    let end = start().plus(Duration::from_hours(1));
    assert_eq!(decided, Decision::Retry { due: end });
    let decided = policy.decide(&transient(None), 2, start(), None, end, 0.5);
    assert_eq!(decided, Decision::Exhausted);
}

#[test]
fn behind_an_open_breaker_all_wait_for_the_same_moment() {
    let policy = RetryPolicy::default();
    let held = start().plus(Duration::from_mins(3));
    let due = |outcome: &Outcome| match policy.decide(outcome, 7, start(), Some(held), start(), 0.5)
    {
        Decision::Retry { due } => due.since(start()).as_secs(),
        other => panic!("{other:?}"),
    };
    assert_eq!(due(&transient(None)), 180);
    assert_eq!(due(&transient(Some(200))), 200);
    let misconfigured = Outcome::rejected(Failure::new(FailureKind::Unauthorized, "no"));
    assert_eq!(due(&misconfigured), 180);
}

#[test]
fn a_misconfigured_destination_holds_its_deliveries() {
    let misconfigured = Outcome::rejected(Failure::new(FailureKind::Misconfigured, "gone"));
    let times = outage(RetryPolicy::default(), &misconfigured, || 0.5);
    assert_eq!(times[..3], [0, 300, 600]);
    assert_eq!(times.last(), Some(&(24 * 3600)));
}

#[test]
fn a_destinations_own_bounds_take_the_place_of_the_stacks() {
    let read = |json: &str| serde_json::from_str::<RetryLimits>(json);
    let own = read(r#"{"mostAttempts": 1}"#).unwrap();
    let policy = RetryPolicy::default().within(own);
    assert_eq!(policy.window, Duration::from_hours(24));
    assert_eq!(
        policy.decide(&transient(None), 1, start(), None, start(), 0.5),
        Decision::Exhausted
    );
    let own = read(r#"{"windowHours": 2}"#).unwrap();
    let times = outage(RetryPolicy::default().within(own), &transient(None), || 0.5);
    assert_eq!(times.last(), Some(&7200));
    for (json, field) in [
        (r#"{"windowHours": 0}"#, "windowHours"),
        (r#"{"windowHours": 169}"#, "windowHours"),
        (r#"{"mostAttempts": 0}"#, "mostAttempts"),
        (r#"{"mostAttempts": 65}"#, "mostAttempts"),
        (r#"{"most": 3}"#, "most"),
    ] {
        let error = read(json).unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
    }
}

proptest! {
    #[test]
    fn every_outage_ends_within_its_bounds(
        hours in 1u64..100, most in 1u32..30, randoms in prop::collection::vec(0.0f64..1.0, 1..8),
        retry_after in prop::option::of(0u64..3600),
    ) {
        let policy = RetryPolicy { window: Duration::from_secs(hours * 3600), most_attempts: most };
        let mut turn = randoms.iter().cycle().copied();
        let times = outage(policy, &transient(retry_after), || turn.next().unwrap());
        prop_assert!(times.len() <= most as usize);
        prop_assert!(*times.last().unwrap() <= hours * 3600);
        for pair in times.windows(2) {
            // Only the end of the window comes before the provider's wish.
            let wish = pair[0] + retry_after.unwrap_or(0);
            prop_assert!(pair[1] >= wish.min(hours * 3600));
        }
    }

    #[test]
    fn jitter_stays_within_a_fifth(attempt in 0u32..40, random in 0.0f64..=1.0) {
        let base = delay_after(attempt, 0.5).as_secs_f64();
        let delay = delay_after(attempt, random).as_secs_f64();
        prop_assert!((delay / base - 1.0).abs() <= 0.2 + 1e-9);
    }
}
