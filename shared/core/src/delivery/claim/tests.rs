use super::*;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_refusal_says_what_the_record_says() {
    let now = time("2026-01-01T00:00:00Z");
    let lease_end = time("2026-01-01T00:00:30Z");
    let settled = |state| Ok(Refusal::Final(Claim::AlreadySettled(state)));
    let in_progress = |until| Ok(Refusal::Final(Claim::InProgress { until }));
    let stale = || Ok(Refusal::Final(Claim::Stale));
    let sending = |attempt, lease_until| CurrentRecord {
        state: State::Sending,
        attempt,
        lease_until,
    };
    let other = |state, attempt| CurrentRecord {
        state,
        attempt,
        lease_until: None,
    };
    // (asked for, recorded, expected)
    let cases = [
        (1, None, in_progress(now)),
        (2, None, Err(RecordExpired)),
        (
            1,
            Some(other(State::Delivered, 1)),
            settled(State::Delivered),
        ),
        (4, Some(other(State::Failed, 3)), settled(State::Failed)),
        (
            4,
            Some(other(State::Exhausted, 9)),
            settled(State::Exhausted),
        ),
        (
            1,
            Some(other(State::Retrying, 0)),
            Ok(Refusal::NeverAttempted),
        ),
        (
            3,
            Some(other(State::Retrying, 0)),
            Ok(Refusal::NeverAttempted),
        ),
        (2, Some(other(State::Retrying, 2)), stale()),
        (2, Some(other(State::Retrying, 3)), stale()),
        (3, Some(other(State::Retrying, 2)), in_progress(now)),
        (2, Some(sending(3, Some(lease_end))), stale()),
        (3, Some(sending(3, Some(lease_end))), in_progress(lease_end)),
        (4, Some(sending(3, Some(lease_end))), in_progress(lease_end)),
        (3, Some(sending(3, None)), in_progress(now)),
    ];
    for (attempt, recorded, expected) in cases {
        assert_eq!(
            refusal(attempt, recorded, now),
            expected,
            "attempt {attempt} of {recorded:?}"
        );
    }
}

fn request(attempt: u32, origin: Origin) -> ClaimRequest {
    ClaimRequest {
        alert_id: AlertId::new("a").unwrap(),
        destination_id: DestinationId::generate(),
        display_name: "d".to_owned(),
        provider: ProviderName::new("slack").unwrap(),
        attempt,
        began_at: None,
        origin,
        fallback_for: None,
        lease: Duration::from_secs(65),
    }
}

#[test]
fn only_a_first_fresh_attempt_expects_no_record() {
    assert!(request(1, Origin::Fresh).expects_no_record());
    assert!(!request(1, Origin::Retry).expects_no_record());
    assert!(!request(2, Origin::Fresh).expects_no_record());
}

#[test]
fn a_lease_ends_on_a_whole_millisecond_and_keeps_the_beginning() {
    let now = time("2026-01-01T00:00:00.123456789Z");
    let lease = request(1, Origin::Fresh).lease_at(now);
    assert_eq!(lease.until, time("2026-01-01T00:01:05.123Z"));
    assert_eq!(lease.began_at, now);
    let began_at = time("2025-12-31T23:00:00Z");
    let later = ClaimRequest {
        began_at: Some(began_at),
        ..request(2, Origin::Retry)
    };
    assert_eq!(later.lease_at(now).began_at, began_at);
}
