//! Destinations as tables.

use comfy_table::Cell;
use serde_json::Value;
use tocsin_api_types::DestinationReport;
use tocsin_core::destination::{Destination, Enabled};
use tocsin_core::health::Health;

use crate::print::{Style, list, table, time};

/// All destinations, one row each.
pub(super) fn all(all: &[DestinationReport]) -> String {
    if all.is_empty() {
        return "there are no destinations yet; add one with `tocsin destinations add PROVIDER`"
            .to_owned();
    }
    let mut rows = table(&[
        "name",
        "provider",
        "enabled",
        "health",
        "severities",
        "alert types",
        "log types",
    ]);
    for report in all {
        let one = &report.destination;
        let style = match one.enabled {
            Enabled::Yes => Style::Plain,
            Enabled::No => Style::Muted,
        };
        rows.add_row([
            style.cell(&one.display_name),
            style.cell(&one.provider),
            enabled(one),
            health(report.health.as_ref()),
            style.cell(list(&one.severities, "only by list")),
            style.cell(list(&one.alert_types, "all")),
            style.cell(list(&one.log_types, "all")),
        ]);
    }
    rows.to_string()
}

fn enabled(one: &Destination) -> Cell {
    match one.enabled {
        Enabled::Yes => Style::Success.cell("yes"),
        Enabled::No => Style::Error.cell("no"),
    }
}

/// The state of the circuit breaker, or since when deliveries fail.
fn health(health: Option<&Health>) -> Cell {
    let failing = health.and_then(|health| health.failing_since);
    let breaker = health.and_then(|health| health.breaker);
    match (breaker, failing) {
        (Some(breaker), _) => Style::Pending.cell(format!(
            "circuit breaker open until {}",
            time(breaker.until)
        )),
        (None, Some(since)) => Style::Error.cell(format!("failing since {}", time(since))),
        (None, None) => Style::Success.cell("healthy"),
    }
}

/// One destination, one row for each field.
pub(super) fn one(report: &DestinationReport) -> String {
    let one = &report.destination;
    let mut rows = table(&["field", "value"]);
    let mut add = |field: &str, value: String| {
        rows.add_row([Style::Muted.cell(field), Style::Plain.cell(value)]);
    };
    add("name", one.display_name.clone());
    add("id", one.destination_id.to_string());
    add("provider", one.provider.to_string());
    add("severities", list(&one.severities, "only by list"));
    add(
        "alert types",
        list(&one.alert_types, "all but SYSTEM_ERROR"),
    );
    add("log types", list(&one.log_types, "all"));
    for (key, value) in &one.settings {
        add(&format!("settings.{key}"), text(value));
    }
    add(
        "secret",
        one.secret_name.clone().unwrap_or_else(|| "none".to_owned()),
    );
    add(
        "fallback",
        report
            .fallback_name
            .clone()
            .unwrap_or_else(|| "none".to_owned()),
    );
    if let Some(limits) = &one.retry {
        let hours = limits.window_hours.map(|hours| format!("{hours} h"));
        let attempts = limits.most_attempts.map(|most| format!("{most} attempts"));
        let limits: Vec<_> = hours.into_iter().chain(attempts).collect();
        add("retried at most", limits.join(", "));
    }
    add(
        "added",
        format!("{} by {}", time(one.created_at), one.created_by),
    );
    add(
        "changed",
        format!("{} by {}", time(one.updated_at), one.updated_by),
    );
    add("revision", one.revision.to_string());
    rows.add_row([Style::Muted.cell("enabled"), enabled(one)]);
    rows.add_row([Style::Muted.cell("health"), health(report.health.as_ref())]);
    if let Some(failure) = report
        .health
        .as_ref()
        .and_then(|one| one.last_failure.as_ref())
    {
        rows.add_row([
            Style::Muted.cell("last failure"),
            Style::Plain.cell(failure),
        ]);
    }
    rows.to_string()
}

/// Texts as they are, everything else as JSON.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
