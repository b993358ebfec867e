//! All scenarios.

mod aws;
mod breakers;
mod changes;
mod kills;
mod outbox;
mod repeats;
mod storm;
mod traffic;
mod vendors;

use std::time::Duration;

use serde_json::{Value, json};

use crate::scenario::{Extent, Injection, Scenario};

/// The scenarios of this extent, in the order of the table.
pub(crate) fn all(extent: Extent) -> Vec<Scenario> {
    let all = [
        vendors::all(),
        changes::all(),
        traffic::all(),
        breakers::all(),
        outbox::all(),
        kills::all(),
        repeats::all(),
        aws::all(),
        storm::all(extent),
    ];
    all.into_iter()
        .flatten()
        .filter(|one| one.extent <= extent)
        .collect()
}

const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// A fault of AWS in calls that hold all of these texts.
fn aws(
    service: &str,
    operation: &str,
    about: &[&str],
    action: &str,
    span: (&str, f64),
) -> Injection {
    let (kind, length) = span;
    let mut injection = json!({
        "service": service, "operation": operation, "about": about, "action": action,
    });
    injection[kind] = match kind {
        "times" => Value::from(length as u64),
        _ => Value::from(length),
    };
    Injection::Aws(injection)
}

/// In the sender's claims of first attempts.
const CLAIM: &str = "SENDING";

/// In the sender's settlements: the name of what they add.
const SETTLEMENT: &str = "attempt#";

/// In the router's records of alerts.
const RECORD: &str = "\"ALERT\"";
