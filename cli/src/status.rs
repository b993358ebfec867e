//! `tocsin status`: what is wrong now, and what to do about it.

use std::time::Duration;

use tocsin_api_types::{Condition, Coverage, DestinationStatus, GetStatus, Status};
use tocsin_core::Timestamp;

use crate::args::{Output, StatusArgs, Target};
use crate::exit::Exit;
use crate::print::{self, Cell, Column, Named, Style, Table, Text, count, text, when};
use crate::stack::Stack;
use crate::terminal;

impl Named for Status {
    /// The destinations that have a problem.
    fn names(&self) -> Option<Vec<String>> {
        let has_problem = |row: &&DestinationStatus| {
            let mut problems = self.problems.iter();
            problems.any(|problem| problem.destination_id == Some(row.destination_id))
        };
        let rows = self.destinations.iter().filter(has_problem);
        Some(rows.map(|row| row.display_name.clone()).collect())
    }
}

pub(crate) async fn run(args: StatusArgs, target: &Target, output: Output) -> anyhow::Result<Exit> {
    let stack = Stack::connect(target).await?;
    loop {
        let request = GetStatus {
            since: Some(args.since.moment(Timestamp::now())),
        };
        let progress = terminal::progress("looking", None);
        let status = stack.ask(request).await;
        progress.finish_and_clear();
        let status = status?;
        if args.watch {
            print::begin(output);
            print::clear()?;
        }
        print::show(output, &status, render)?;
        if !args.watch {
            return Ok(if status.problems.is_empty() {
                Exit::Success
            } else {
                Exit::Incomplete
            });
        }
        tokio::time::sleep(Duration::from_secs(args.interval)).await;
    }
}

fn render(status: &Status) -> Text {
    let mut parts = vec![verdict(status)];
    for problem in &status.problems {
        parts.push(text!(
            "{} {}\n  {}: {}",
            Style::Error.paint("✗"),
            problem.what,
            problem.advice,
            problem.command
        ));
    }
    if !status.destinations.is_empty() {
        parts.push(destinations(&status.destinations));
    }
    parts.push(stack(status));
    Text::lines(parts)
}

fn verdict(status: &Status) -> Text {
    let failed: u64 = status.destinations.iter().map(|row| row.failed).sum();
    let waiting: u64 = status.destinations.iter().map(|row| row.waiting).sum();
    let at_least = match status.coverage {
        Coverage::Whole => "",
        Coverage::Part => "at least ",
    };
    let counts = text!(
        "{}{} waiting, {}{} failed since {}",
        at_least,
        waiting,
        at_least,
        failed,
        when(status.since)
    );
    if status.problems.is_empty() {
        return text!("{}  {}", Style::Success.paint("ALL IS WELL"), counts);
    }
    let problems = count(status.problems.len(), "problem", "problems").to_uppercase();
    text!("{}  {}", Style::Error.paint(problems), counts)
}

const COLUMNS: [Column; 9] = [
    Column::whole("destination", 0),
    Column::whole("provider", 6),
    Column::whole("condition", 0),
    Column::whole("failing since", 3),
    Column::whole("waiting", 0),
    Column::whole("oldest", 2),
    Column::whole("next attempt", 1),
    Column::whole("failed", 0),
    Column::wrapped("last failure", 5),
];

fn destinations(all: &[DestinationStatus]) -> Text {
    let mut rows = Table::new(&COLUMNS);
    for one in all {
        rows.row(row(one));
    }
    rows.draw()
}

fn row(one: &DestinationStatus) -> [Cell; 9] {
    let style = match one.condition {
        Condition::Down | Condition::Failing => Style::Error,
        Condition::Throttled => Style::Pending,
        Condition::Healthy => Style::Success,
        Condition::Disabled => Style::Muted,
    };
    let time = |at: Option<Timestamp>| Style::Plain.cell(at.map(when).unwrap_or_default());
    let number = |style: Style, number: u64| match number {
        0 => Style::Muted.cell(0),
        _ => style.cell(number),
    };
    [
        Style::Plain.cell(&one.display_name),
        Style::Plain.cell(&one.provider),
        style.cell(word(one.condition)),
        time(one.failing_since),
        number(Style::Pending, one.waiting),
        time(one.oldest_since),
        time(one.next_attempt_at),
        number(Style::Error, one.failed),
        Style::Plain.cell(one.last_failure.as_deref().unwrap_or_default()),
    ]
}

const fn word(condition: Condition) -> &'static str {
    match condition {
        Condition::Down => "down",
        Condition::Failing => "failing",
        Condition::Throttled => "throttled",
        Condition::Healthy => "healthy",
        Condition::Disabled => "disabled",
    }
}

fn stack(status: &Status) -> Text {
    let queues = &status.queues;
    let never = || "never".to_owned();
    let mut parts = vec![
        text!(
            "dead letters: {} alerts, {} wake-ups and reports, {} failed dispatches",
            queues.dead_alerts,
            queues.dead_retries,
            queues.failed_dispatches
        ),
        text!(
            "unrouted alerts: {}, of which HIGH or CRITICAL: {}",
            status.unrouted.alerts,
            status.unrouted.urgent
        ),
        text!(
            "alerts queue: {} waiting; last sweep: {}",
            queues.alerts,
            status.last_sweep_at.map_or_else(never, when)
        ),
    ];
    if let Some(canary) = &status.canary {
        let state = canary.state.map_or_else(
            || "without a delivery".to_owned(),
            |state| state.to_string(),
        );
        parts.push(text!("last canary: {}, {}", when(canary.at), state));
    }
    Text::lines(parts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::print::{Layout, View, set};

    fn status() -> Status {
        let row = |name: &str, condition: &str| {
            json!({
                "destinationId": "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11", "displayName": name,
                "provider": "slack", "enabled": true, "condition": condition, "waiting": 0,
                "overdueSeconds": 0, "failed": 0,
            })
        };
        let mut down = row("soc on-call", "DOWN");
        down["waiting"] = json!(12);
        down["failed"] = json!(1);
        down["failingSince"] = json!("2026-01-01T10:40:00Z");
        down["oldestSince"] = json!("2026-01-01T10:41:00Z");
        down["nextAttemptAt"] = json!("2026-01-01T12:03:10Z");
        down["lastFailure"] = json!("the credential was not accepted (HTTP 401): invalid_auth");
        serde_json::from_value(json!({
            "at": "2026-01-01T12:00:00Z", "since": "2025-12-31T12:00:00Z",
            "problems": [{
                "kind": "destinationDown",
                "destinationId": "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11",
                "what": "\"soc on-call\" accepts nothing: the credential was not accepted (HTTP 401): invalid_auth",
                "advice": "a person must fix it; what waits goes out by itself then",
                "command": "tocsin destinations edit 'soc on-call'",
            }],
            "destinations": [down, row("chat", "HEALTHY")],
            "unrouted": {"alerts": 2, "urgent": 0},
            "queues": {
                "alerts": 0, "retries": 1, "deadAlerts": 0, "deadRetries": 0, "failedHandOvers": 0,
            },
            "lastSweepAt": "2026-01-01T11:59:21Z", "coverage": "WHOLE",
        }))
        .unwrap()
    }

    #[test]
    fn what_is_wrong_comes_first_with_the_next_command() {
        let now = Some("2026-01-01T12:00:00Z".parse().unwrap());
        let mut shown = Vec::new();
        for width in [80, 120, 200] {
            set(View {
                layout: Layout::Width(width),
                now,
            });
            shown.push(format!("{width} columns:\n{}", render(&status()).as_str()));
        }
        set(View {
            layout: Layout::Rows,
            now: None,
        });
        shown.push(format!("piped:\n{}", render(&status()).as_str()));
        let snapshot = anstream::adapter::strip_str(&shown.join("\n\n")).to_string();
        insta::assert_snapshot!("status", snapshot);
    }
}
