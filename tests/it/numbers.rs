//! Numbers that stand in more than one place and must agree.

use std::time::Duration;

use tocsin_core::health::PARAMETERS;
use tocsin_core::outbox::{DRAIN_LEASE, FAST_PATH, LEASE_GRACE};
use tocsin_core::provider::{MAX_TIME_LIMIT, Provider, TIME_LIMIT};
use tocsin_core::retry;
use tocsin_sender::{LEASE, Limits, RECORDING_RESERVE, longest_attempt};
use tocsin_webhook::Webhook;

const TEMPLATE: &str = include_str!("../../template.yaml");

/// Every value of `key` in a block of the template (`Globals`, `Parameters`, …), or
/// in the block of that name inside it.
fn values(block: &str, key: &str) -> Vec<u64> {
    let start = TEMPLATE
        .find(&format!("\n{block}:\n"))
        .or_else(|| TEMPLATE.find(&format!("\n  {block}:\n")))
        .unwrap();
    let lines = TEMPLATE[start + 1..].lines();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(TEMPLATE[start + 1..].lines().next().unwrap());
    lines
        .skip(1)
        .take_while(|line| line.trim().is_empty() || indent(line) > own)
        .filter_map(|line| {
            let (before, value) = line.split_once(&format!("{key}: "))?;
            // Not the end of another key.
            if !(before.is_empty() || before.ends_with(' ')) {
                return None;
            }
            let digits = value.split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse().ok()
        })
        .collect()
}

fn value(block: &str, key: &str) -> u64 {
    let [value] = values(block, key)[..] else {
        panic!("template.yaml: {block} has not one {key}")
    };
    value
}

/// A sender that takes a delivery over must be sure that the previous one is gone; a
/// sender must have the time to attempt and to record; and an attempt outlasts the
/// requests it is made of.
#[test]
fn a_lease_outlasts_a_sender_and_a_sender_its_attempts() {
    let default = value("Globals", "Timeout");
    for timeout in values("Resources", "Timeout").into_iter().chain([default]) {
        assert!(Duration::from_secs(timeout) < LEASE, "{timeout} s");
    }
    for request in [TIME_LIMIT, default_of_webhooks(), MAX_TIME_LIMIT] {
        let attempt = longest_attempt(request);
        assert!(attempt + RECORDING_RESERVE < Duration::from_secs(default));
        // A lookup or the request of an access token comes before.
        assert!(TIME_LIMIT + request <= attempt);
        assert!(attempt < PARAMETERS.probe_timeout);
    }
    assert_eq!(Limits::default().request, TIME_LIMIT);
    assert!(TIME_LIMIT * 2 < longest_attempt(TIME_LIMIT));
}

fn default_of_webhooks() -> Duration {
    Webhook::time_limit(&tocsin_webhook::Settings::default())
}

/// A claim on the fast path leaves the due time as it is, so that must come after its
/// lease.
#[test]
fn the_outbox_leaves_the_fast_path_its_time() {
    assert!(LEASE + LEASE_GRACE < FAST_PATH);
}

/// While a drain's sender may run, no other drain of its destination may begin.
#[test]
fn a_drain_outlasts_its_invocation_and_its_sender() {
    let sender = Duration::from_secs(value("Globals", "Timeout"));
    let router = Duration::from_secs(value("RouterFunction", "Timeout"));
    assert!(sender + router < DRAIN_LEASE);
}

#[test]
fn the_ledger_remembers_an_alert_for_longer_than_it_is_retried() {
    let window = value("RetryWindowHours", "MaxValue");
    assert_eq!(window, u64::from(retry::MAX_WINDOW_HOURS));
    assert!(value("LedgerRetentionDays", "MinValue") * 24 > window);
    let most = value("RetryMostAttempts", "MaxValue");
    assert_eq!(most, u64::from(retry::MAX_ATTEMPTS));
    assert_eq!(most, value("RetryMostAttempts", "Default"));
}
