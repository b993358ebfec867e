//! What of the facts needs a person. Pure.

use std::time::Duration;

use tocsin_api_types::{
    Condition, Coverage, DestinationStatus, Status, StatusProblem, StatusProblemKind,
};
use tocsin_core::Timestamp;
use tocsin_core::delivery::State;
use tocsin_core::destination::{Destination, DestinationId, Destinations, Enabled};
use tocsin_core::health::{self, Admission, Health};
use tocsin_core::outcome::Failure;

use super::facts::{Facts, OfDestination};

/// The sweep runs every minute. Two that are missing may be a slow start.
const SWEEP_LATE: Duration = Duration::from_mins(5);

/// The sweep takes up what is overdue within a minute, and the drain needs some more.
const OVERDUE: Duration = Duration::from_mins(3);

/// A canary that has not arrived this long after it was recorded is lost or waits.
const CANARY_TIME: Duration = Duration::from_mins(3);

/// The status of all destinations, and what needs a person.
pub(super) fn assess(facts: Facts, destinations: &Destinations) -> Status {
    let mut rows: Vec<_> = destinations.iter().map(|one| row(one, &facts)).collect();
    rows.sort_by(|a, b| {
        let order = |row: &DestinationStatus| (row.condition, row.failed == 0);
        (order(a), &a.display_name).cmp(&(order(b), &b.display_name))
    });
    let mut problems: Vec<_> = rows.iter().flat_map(|row| of_row(row, &facts)).collect();
    problems.extend(of_deleted(destinations, &facts));
    problems.extend(of_stack(&facts));
    // Stable: the problems of one kind stay in the order of the destinations.
    problems.sort_by_key(|problem| problem.kind);
    Status {
        at: facts.at,
        since: facts.since,
        problems,
        destinations: rows,
        unrouted: facts.unrouted,
        queues: facts.queues,
        last_sweep_at: facts.last_sweep_at,
        canary: facts.canary,
        coverage: facts.coverage,
    }
}

fn row(one: &Destination, facts: &Facts) -> DestinationStatus {
    let id = one.destination_id;
    let healthy = Health::default();
    let health = facts
        .healths
        .get(&id)
        .map_or(&healthy, |found| &found.health);
    let waiting = facts.waiting.get(id);
    let (next_attempt_at, overdue) = waiting.map_or((None, Duration::ZERO), |waiting| {
        attempts(waiting, health, facts.at)
    });
    DestinationStatus {
        destination_id: id,
        display_name: one.display_name.clone(),
        provider: one.provider.to_string(),
        enabled: one.enabled,
        condition: condition(one, health, facts.at),
        failing_since: health.failing_since,
        // What is over is not shown: the destination has accepted a delivery since.
        last_failure: health
            .last_failure
            .as_ref()
            .filter(|_| health.condition(facts.at) != health::Condition::Healthy)
            .map(Failure::to_string),
        waiting: waiting.map_or(0, |waiting| waiting.deliveries),
        oldest_since: waiting.and_then(|waiting| waiting.oldest),
        next_attempt_at,
        overdue_seconds: overdue.as_secs(),
        failed: facts.failed.get(&id).copied().unwrap_or_default(),
    }
}

/// When the next of the deliveries that wait is attempted, and how long the first of
/// them has been due without a reason to wait.
fn attempts(
    waiting: &OfDestination,
    health: &Health,
    now: Timestamp,
) -> (Option<Timestamp>, Duration) {
    let mut next = None;
    let mut overdue = Duration::ZERO;
    for (detection, due) in &waiting.earliest {
        let at = match health.admits(detection, now) {
            Admission::Hold { until } => until.max(*due),
            Admission::Allow | Admission::Probe => {
                // What is paced is late for a reason.
                if !health.delays_deliveries(now) {
                    overdue = overdue.max(now.since(*due));
                }
                *due
            }
        };
        next = Some(next.map_or(at, |other: Timestamp| at.min(other)));
    }
    (next.map(|at| at.max(now)), overdue)
}

fn condition(one: &Destination, health: &Health, now: Timestamp) -> Condition {
    if one.enabled == Enabled::No {
        return Condition::Disabled;
    }
    match health.condition(now) {
        health::Condition::Down => Condition::Down,
        health::Condition::Failing => Condition::Failing,
        health::Condition::Throttled => Condition::Throttled,
        health::Condition::Healthy => Condition::Healthy,
    }
}

fn of_row(row: &DestinationStatus, facts: &Facts) -> Vec<StatusProblem> {
    let name = shell_word(&row.display_name);
    let problem = |kind, what: String, advice: &str, command: String| StatusProblem {
        kind,
        destination_id: Some(row.destination_id),
        what,
        advice: advice.to_owned(),
        command,
    };
    let mut problems = Vec::new();
    if row.condition == Condition::Down {
        let (advice, command) = remedy(row, facts, &name);
        problems.push(problem(
            StatusProblemKind::DestinationDown,
            format!("{:?} accepts nothing: {}", row.display_name, failure(row)),
            advice,
            command,
        ));
    }
    if row.condition == Condition::Failing && row.waiting > 0 {
        let (advice, command) = if is_curable(row, facts) {
            remedy(row, facts, &name)
        } else {
            let list = format!("tocsin deliveries list --waiting --destination {name}");
            ("they are attempted again by themselves", list)
        };
        problems.push(problem(
            StatusProblemKind::DestinationSlow,
            format!(
                "{:?} fails at some deliveries: {}",
                row.display_name,
                failure(row)
            ),
            advice,
            command,
        ));
    }
    if row.condition == Condition::Throttled && row.waiting > 0 {
        problems.push(problem(
            StatusProblemKind::DestinationSlow,
            format!("{:?} throttles: {} wait", row.display_name, row.waiting),
            "they are delivered at its pace, the most severe first",
            format!("tocsin deliveries list --waiting --destination {name}"),
        ));
    }
    if row.overdue_seconds >= OVERDUE.as_secs() {
        problems.push(problem(
            StatusProblemKind::Overdue,
            format!(
                "deliveries to {:?} have been due for {} s, and nobody attempts them",
                row.display_name, row.overdue_seconds
            ),
            "look at the errors of the router and of the sender in the logs, then retry",
            format!("tocsin deliveries retry --destination {name}"),
        ));
    }
    if row.failed > 0 {
        let count = count(row.failed, facts);
        problems.push(problem(
            StatusProblemKind::Failed,
            format!("{count} to {:?} ended without success", row.display_name),
            "fix the cause, then send them again",
            format!("tocsin deliveries resend --failed --destination {name}"),
        ));
    }
    problems
}

fn failure(row: &DestinationStatus) -> &str {
    row.last_failure
        .as_deref()
        .unwrap_or("the reason is not known")
}

/// Whether the last failure is one that a person must fix.
fn is_curable(row: &DestinationStatus, facts: &Facts) -> bool {
    let health = facts.healths.get(&row.destination_id);
    let failure = health.and_then(|found| found.health.last_failure.as_ref());
    failure.is_some_and(|failure| failure.kind.is_curable())
}

/// What helps a destination that does not accept what it gets.
fn remedy(row: &DestinationStatus, facts: &Facts, name: &str) -> (&'static str, String) {
    if is_curable(row, facts) {
        return (
            "a person must fix it; what waits goes out by itself then",
            format!("tocsin destinations edit {name}"),
        );
    }
    (
        "it is probed by itself as long as something waits; a test probes it now",
        format!("tocsin destinations test {name}"),
    )
}

/// What waits for destinations that do not exist any more.
fn of_deleted(destinations: &Destinations, facts: &Facts) -> Vec<StatusProblem> {
    let is_deleted = |id: &DestinationId| destinations.get(*id).is_none();
    let failed = facts.failed.keys().copied();
    let waiting = facts.waiting.ids();
    let mut deleted: Vec<_> = failed.chain(waiting).filter(is_deleted).collect();
    deleted.sort_unstable();
    deleted.dedup();
    deleted
        .into_iter()
        .map(|id| {
            let failed = facts.failed.get(&id).copied().unwrap_or_default();
            let waiting = facts
                .waiting
                .get(id)
                .map_or(0, |waiting| waiting.deliveries);
            StatusProblem {
                kind: StatusProblemKind::Failed,
                destination_id: Some(id),
                what: format!(
                    "{} to a deleted destination ended without success, and {waiting} wait",
                    count(failed, facts)
                ),
                advice: "send them again, to another destination".to_owned(),
                command: format!("tocsin deliveries list --failed --destination {id}"),
            }
        })
        .collect()
}

fn of_stack(facts: &Facts) -> Vec<StatusProblem> {
    let problem = |kind, what: String, advice: &str, command: &str| StatusProblem {
        kind,
        destination_id: None,
        what,
        advice: advice.to_owned(),
        command: command.to_owned(),
    };
    let mut problems = Vec::new();
    let swept = facts.last_sweep_at.map(|at| facts.at.since(at));
    if swept.is_none_or(|age| age > SWEEP_LATE) {
        problems.push(problem(
            StatusProblemKind::SweepLate,
            match facts.last_sweep_at {
                Some(at) => format!(
                    "the outbox was last looked over at {at}: what waits may not be delivered"
                ),
                None => {
                    "the outbox was never looked over: what waits may not be delivered".to_owned()
                }
            },
            "look at the rule that starts the sweep every minute, and at the errors of the router",
            "tocsin audit",
        ));
    }
    problems.extend(canary(facts).map(|(what, command)| {
        problem(
            StatusProblemKind::CanaryLate,
            what,
            "look where it is; alerts may take the same way",
            &command,
        )
    }));
    if facts.unrouted.urgent > 0 {
        problems.push(problem(
            StatusProblemKind::Unrouted,
            format!(
                "{} HIGH or CRITICAL alerts reached nobody: no destination matches",
                at_least(facts.unrouted.urgent, facts)
            ),
            "add a destination for them, or a default one; then send them again",
            "tocsin alerts list --disposition unrouted",
        ));
    }
    let queues = &facts.queues;
    let dead = queues.dead_alerts + queues.dead_retries + queues.failed_dispatches;
    if dead > 0 {
        problems.push(problem(
            StatusProblemKind::DeadLetters,
            format!("{dead} messages could not be processed"),
            "see why, then redrive or delete them",
            "tocsin dead-letters list",
        ));
    }
    problems
}

/// What is wrong with the canary, and the command that shows more.
fn canary(facts: &Facts) -> Option<(String, String)> {
    let interval = facts.canary_interval?;
    let list = "tocsin alerts list --detection Tocsin.Canary".to_owned();
    let Some(canary) = &facts.canary else {
        return Some(("no canary has come through yet".to_owned(), list));
    };
    let age = facts.at.since(canary.at);
    if age > interval * 2 + CANARY_TIME {
        return Some((format!("the last canary was seen at {}", canary.at), list));
    }
    let is_late = canary.state != Some(State::Delivered) && age > CANARY_TIME;
    is_late.then(|| {
        let command = canary.alert_id.as_ref().map_or(list, |id| {
            format!("tocsin alerts show {}", shell_word(id.as_str()))
        });
        ("the last canary was not delivered".to_owned(), command)
    })
}

fn count(deliveries: u64, facts: &Facts) -> String {
    let noun = if deliveries == 1 {
        "delivery"
    } else {
        "deliveries"
    };
    format!("{} {noun}", at_least(deliveries, facts))
}

fn at_least(count: u64, facts: &Facts) -> String {
    match facts.coverage {
        Coverage::Whole => count.to_string(),
        Coverage::Part => format!("at least {count}"),
    }
}

/// The text as one word of a command line.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-~:@/".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
