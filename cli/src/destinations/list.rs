//! Destinations as tables.

use serde_json::Value;
use tocsin_api_types::DestinationReport;
use tocsin_core::Timestamp;
use tocsin_core::destination::{Destination, Enabled};
use tocsin_core::health::{Backlog, BreakerState, Health};

use crate::print::{Cell, Column, Style, Table, Text, count, duration, list, text, when};

const HEALTHY: &str = "healthy";

const COLUMNS: [Column; 7] = [
    Column::whole("name", 0),
    Column::whole("provider", 0),
    Column::whole("enabled", 2),
    Column::wrapped("health", 1),
    Column::wrapped("severities", 0),
    Column::wrapped("alert types", 3),
    Column::wrapped("log types", 4),
];

const FIELDS: [Column; 2] = [Column::whole("field", 0), Column::wrapped("value", 0)];

/// All destinations, one row each.
pub(super) fn all(all: &[DestinationReport]) -> Text {
    if all.is_empty() {
        return text!(
            "there are no destinations yet; add one with `tocsin destinations add PROVIDER`"
        );
    }
    let mut rows = Table::new(&COLUMNS);
    let now = Timestamp::now();
    for report in all {
        let one = &report.destination;
        let style = match one.enabled {
            Enabled::Yes => Style::Plain,
            Enabled::No => Style::Muted,
        };
        rows.row([
            style.cell(&one.display_name),
            style.cell(&one.provider),
            enabled(one),
            health(report.health.as_ref(), now),
            style.cell(list(&one.severities, "only by list")),
            style.cell(list(&one.alert_types, "all")),
            style.cell(list(&one.log_types, "all")),
        ]);
    }
    rows.draw()
}

fn enabled(one: &Destination) -> Cell {
    match one.enabled {
        Enabled::Yes => Style::Success.cell("yes"),
        Enabled::No => Style::Error.cell("no"),
    }
}

fn health(health: Option<&Health>, now: Timestamp) -> Cell {
    let (style, text) = health.map_or((Style::Success, HEALTHY.to_owned()), |health| {
        describe(health, now)
    });
    style.cell(text)
}

/// What keeps deliveries waiting, or since when they fail.
fn describe(health: &Health, now: Timestamp) -> (Style, String) {
    if let Some(breaker) = health.breaker {
        let state = match breaker.state(now) {
            BreakerState::Open => format!("open, probed {}", when(breaker.until)),
            BreakerState::MayProbe => "open, the next delivery probes".to_owned(),
            BreakerState::HalfOpen => "half-open, a delivery probes".to_owned(),
        };
        let text = format!("waiting: circuit breaker {state} ({})", breaker.cause);
        return (Style::Pending, text);
    }
    if let Some(since) = health.failing_since {
        return (Style::Error, format!("failing since {}", when(since)));
    }
    let held: Vec<_> = health
        .suspects
        .iter()
        .filter_map(|one| one.breaker)
        // One whose time is over holds nothing any more.
        .filter(|breaker| breaker.until > now)
        .collect();
    if let Some(until) = held.iter().map(|breaker| breaker.until).max() {
        let detections = count(held.len(), "detection", "detections");
        let text = format!("healthy; {detections} held until {}", when(until));
        return (Style::Pending, text);
    }
    if let Some(limiter) = health.limiter {
        let interval = duration(limiter.interval());
        let text = format!("rate-limited: one delivery each {interval}");
        return (Style::Pending, text);
    }
    match health.backlog {
        Backlog::Waiting => (Style::Success, "healthy; deliveries wait".to_owned()),
        Backlog::None => (Style::Success, HEALTHY.to_owned()),
    }
}

/// The fallback by its name, and when it takes over.
fn fallback(report: &DestinationReport) -> String {
    let Some(fallback) = report.destination.fallback else {
        return "none".to_owned();
    };
    let id = fallback.destination_id.to_string();
    let name = report.fallback_name.as_ref().unwrap_or(&id);
    match fallback.after_minutes {
        Some(minutes) => format!("{name}, after {minutes} min"),
        None => name.clone(),
    }
}

/// One destination, one row for each field.
pub(super) fn one(report: &DestinationReport) -> Text {
    let one = &report.destination;
    let mut rows = Table::new(&FIELDS);
    let mut add = |field: &str, value: Text| {
        rows.row([Style::Muted.cell(field), Style::Plain.cell(value)]);
    };
    add("name", text!("{}", one.display_name));
    add("id", text!("{}", one.destination_id));
    add("provider", text!("{}", one.provider));
    add("severities", list(&one.severities, "only by list"));
    add(
        "alert types",
        list(&one.alert_types, "all but SYSTEM_ERROR"),
    );
    add("log types", list(&one.log_types, "all"));
    for (key, value) in &one.settings {
        add(&format!("settings.{key}"), setting(value));
    }
    let secret = one.secret_name.as_deref().unwrap_or("none");
    add("secret", text!("{}", secret));
    add("fallback", text!("{}", fallback(report)));
    if let Some(limits) = &one.retry {
        let hours = limits.window_hours.map(|hours| format!("{hours} h"));
        let attempts = limits.most_attempts.map(|most| format!("{most} attempts"));
        let limits: Vec<_> = hours.into_iter().chain(attempts).collect();
        add("retried at most", text!("{}", limits.join(", ")));
    }
    add(
        "added",
        text!("{} by {}", when(one.created_at), one.created_by),
    );
    add(
        "changed",
        text!("{} by {}", when(one.updated_at), one.updated_by),
    );
    add("revision", text!("{}", one.revision));
    rows.row([Style::Muted.cell("enabled"), enabled(one)]);
    rows.row([
        Style::Muted.cell("health"),
        health(report.health.as_ref(), Timestamp::now()),
    ]);
    if let Some(failure) = report
        .health
        .as_ref()
        .and_then(|one| one.last_failure.as_ref())
    {
        rows.row([
            Style::Muted.cell("last failure"),
            Style::Plain.cell(failure),
        ]);
    }
    rows.draw()
}

/// Texts as they are, everything else as JSON.
fn setting(value: &Value) -> Text {
    match value.as_str() {
        Some(value) => text!("{}", value),
        None => Text::json(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_health_says_what_deliveries_wait_for() {
        let now: Timestamp = "2026-01-01T00:01:00Z".parse().unwrap();
        let breaker = |until: &str, probe_until: Option<&str>| {
            json!({
                "openedAt": "2026-01-01T00:00:00Z", "until": until, "cause": "unauthorized",
                "probeUntil": probe_until,
            })
        };
        let earlier = "2026-01-01T00:00:30Z";
        let later = "2026-01-01T00:05:00.5Z";
        let cause = "(the credential was not accepted)";
        let waiting = |state: &str| format!("waiting: circuit breaker {state} {cause}");
        for (health, text) in [
            (json!({}), "healthy".to_owned()),
            (
                json!({"breaker": breaker(later, None), "failingSince": earlier}),
                waiting("open, probed 2026-01-01T00:05:00Z"),
            ),
            (
                json!({"breaker": breaker(earlier, Some(later))}),
                waiting("half-open, a delivery probes"),
            ),
            (
                json!({"breaker": breaker(earlier, None)}),
                waiting("open, the next delivery probes"),
            ),
            (
                json!({"failingSince": earlier}),
                format!("failing since {earlier}"),
            ),
            (
                json!({"suspects": [{
                    "detection": "00c0ffee", "failures": 10, "unanswered": 1,
                    "breaker": breaker(later, None),
                }]}),
                "healthy; 1 detection held until 2026-01-01T00:05:00Z".to_owned(),
            ),
            (
                json!({"limiter": {"intervalMs": 1_500, "throttledAt": earlier}}),
                "rate-limited: one delivery each 1.5 s".to_owned(),
            ),
            (
                json!({"backlog": "waiting"}),
                "healthy; deliveries wait".to_owned(),
            ),
            // Written by an earlier version.
            (
                json!({"pause": {"until": later}, "inARow": 3}),
                "healthy".to_owned(),
            ),
        ] {
            let health: Health = serde_json::from_value(health).unwrap();
            assert_eq!(describe(&health, now).1, text);
        }
    }
}
