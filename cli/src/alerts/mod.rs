//! `tocsin alerts`.

mod report;

use std::time::{Duration, Instant};

use tocsin_api_types::{
    AlertReport, AlertSummary, ApiError, ErrorCode, GetAlert, Having, ListAlerts, ResendAlert,
    Resent,
};
use tocsin_core::Timestamp;
use tocsin_core::delivery::State;
use tocsin_core::history::DeliveryRecord;
use tocsin_core::routing::Disposition;

pub(crate) use report::{outcome, resent};

use crate::args::{AlertsCommand, DispositionArg, ListAlertsArgs, Output, ResendArgs, Target};
use crate::exit::Exit;
use crate::pages;
use crate::print::{self, Cell, Column, Named, Style, Table, Text, text, when};
use crate::stack::{Stack, actor};
use crate::terminal;
use crate::usage::Usage;

/// The shortest beginning of an id that is looked for, in bytes.
const LEAST_PREFIX: usize = 8;

/// How far back it is looked for.
const PREFIX_RANGE: Duration = Duration::from_hours(7 * 24);

/// The most alerts of that time that are looked at.
const MOST_PREFIXED: usize = 50;

/// The time between two requests while waiting.
const POLL_INTERVAL: Duration = Duration::from_millis(300);

pub(crate) async fn run(
    command: AlertsCommand,
    target: &Target,
    output: Output,
) -> anyhow::Result<Exit> {
    let stack = Stack::connect(target).await?;
    match command {
        AlertsCommand::List(args) => {
            let alerts = list(&stack, &args).await?;
            print::show(output, &alerts, |all| render_list(all))?;
            Ok(Exit::Success)
        }
        AlertsCommand::Show(args) => show(&stack, &args.ids, args.wait, output).await,
        AlertsCommand::Resend(args) => resend(&stack, args, output).await,
    }
}

impl Named for Vec<AlertSummary> {
    fn names(&self) -> Option<Vec<String>> {
        Some(self.iter().map(|one| one.alert_id.to_string()).collect())
    }
}

impl Named for Vec<AlertReport> {
    fn names(&self) -> Option<Vec<String>> {
        let ids = self.iter().map(|one| one.alert.alert_id.to_string());
        Some(ids.collect())
    }
}

impl Named for Resent {
    fn names(&self) -> Option<Vec<String>> {
        Some(vec![self.alert_id.to_string()])
    }
}

impl From<DispositionArg> for Disposition {
    fn from(given: DispositionArg) -> Self {
        match given {
            DispositionArg::Routed => Self::Routed,
            DispositionArg::Skipped => Self::Skipped,
            DispositionArg::Unrouted => Self::Unrouted,
        }
    }
}

async fn list(stack: &Stack, args: &ListAlertsArgs) -> anyhow::Result<Vec<AlertSummary>> {
    let now = Timestamp::now();
    let request = ListAlerts {
        since: Some(args.since.moment(now)),
        until: args.until.map(|until| until.moment(now)),
        severity: args.severity,
        disposition: args.disposition.map(Disposition::from),
        text: args.text.clone(),
        detection: args.detection.clone(),
        destination: args.destination.clone(),
        tag: args.tag.clone(),
        log_type: args.log_type.clone(),
        having: args.warnings.then_some(Having::Warnings),
        ..ListAlerts::default()
    };
    let progress = terminal::progress("alerts found:", None);
    pages::list(stack, &request, args.limit, &progress).await
}

fn render_list(all: &[AlertSummary]) -> Text {
    if all.is_empty() {
        return text!("no alerts in this time range; --since 7d goes further back");
    }
    let mut rows = Table::new(&COLUMNS);
    for one in all {
        rows.row([
            Style::Plain.cell(when(one.received_at)),
            Style::Plain.cell(one.severity),
            state(one),
            Style::Plain.cell(&one.title),
            Style::Plain.cell(&one.detection_id),
            Style::Muted.cell(&one.alert_id),
        ]);
    }
    rows.draw()
}

const COLUMNS: [Column; 6] = [
    Column::whole("received", 0),
    Column::whole("severity", 1),
    Column::whole("state", 0),
    Column::wrapped("title", 2),
    Column::whole("detection", 3),
    Column::whole("id", 0),
];

/// The worst of its deliveries, or why it has none.
fn state(one: &AlertSummary) -> Cell {
    match (one.disposition, one.worst_state, &one.resent_as) {
        (Disposition::Routed, Some(worst), _) => Style::of_state(worst).cell(worst),
        (_, _, Some(_)) => Style::Muted.cell("RE-SENT"),
        (disposition, ..) => Style::of_disposition(disposition).cell(disposition),
    }
}

async fn resend(stack: &Stack, args: ResendArgs, output: Output) -> anyhow::Result<Exit> {
    let request = ResendAlert {
        alert_id: args.id,
        destinations: (!args.destinations.is_empty()).then_some(args.destinations),
        actor: actor(),
    };
    let resent = stack.ask(request).await?;
    let id = resent.alert_id.as_str().to_owned();
    let to = Text::joined(resent.destinations.iter().map(|one| text!("{}", one)), ", ");
    let text = text!("sent again as {}, to {}", id, to);
    for name in &resent.left_out {
        print::remark(&text!(
            "warning: {:?} is disabled or deleted and gets nothing",
            name
        ));
    }
    if args.wait.is_some() {
        print::remark(&text);
        return show(stack, &[id], args.wait, output).await;
    }
    print::show(output, &resent, |_| {
        text!(
            "{}\nshow its deliveries: tocsin alerts show --wait 60 {}",
            text,
            id
        )
    })?;
    Ok(Exit::Success)
}

/// Shows alerts with their deliveries; with `wait`, after every delivery has ended or
/// so many seconds.
pub(crate) async fn show(
    stack: &Stack,
    ids: &[String],
    wait: Option<u64>,
    output: Output,
) -> anyhow::Result<Exit> {
    let deadline = Instant::now() + Duration::from_secs(wait.unwrap_or(0));
    let progress = wait.map(|_| terminal::progress("alerts settled:", Some(ids.len())));
    let mut reports = Vec::new();
    let mut exit = Exit::Success;
    for id in ids {
        let report = match wait {
            Some(_) => fetch(stack, id, Some(deadline)).await?,
            None => fetch_by_prefix(stack, id).await?,
        };
        if wait.is_some() && !has_arrived(&report) {
            exit = Exit::Incomplete;
        }
        reports.push(report);
        if let Some(progress) = &progress {
            progress.inc(1);
        }
    }
    if let Some(progress) = progress {
        progress.finish_and_clear();
    }
    print::show(output, &reports, |all| {
        Text::joined(all.iter().map(report::render), "\n\n")
    })?;
    Ok(exit)
}

/// The report of the alert with this id, or of the one whose id begins with it.
async fn fetch_by_prefix(stack: &Stack, id: &str) -> anyhow::Result<AlertReport> {
    let error = match fetch(stack, id, None).await {
        Ok(report) => return Ok(report),
        Err(error) => error,
    };
    let not_found = error
        .downcast_ref::<ApiError>()
        .is_some_and(|error| error.code == ErrorCode::NotFound);
    if !not_found || id.len() < LEAST_PREFIX {
        return Err(error);
    }
    let request = ListAlerts {
        since: Some(Timestamp::now().minus(PREFIX_RANGE)),
        text: Some(id.to_owned()),
        ..ListAlerts::default()
    };
    let progress = terminal::progress("looking for ids that begin so:", None);
    let found = pages::list(stack, &request, MOST_PREFIXED, &progress).await?;
    let begins = |one: &&AlertSummary| one.alert_id.as_str().starts_with(id);
    let found: Vec<_> = found.iter().filter(begins).collect();
    match found[..] {
        [] => Err(error),
        [one] => fetch(stack, one.alert_id.as_str(), None).await,
        _ => {
            let ids: Vec<_> = found.iter().map(|one| one.alert_id.as_str()).collect();
            Err(Usage::error(format!(
                "{} alerts of the last seven days have ids that begin with {id:?}: {}",
                ids.len(),
                ids.join(", ")
            )))
        }
    }
}

/// The report of an alert, once it is settled or the deadline has passed.
async fn fetch(stack: &Stack, id: &str, deadline: Option<Instant>) -> anyhow::Result<AlertReport> {
    loop {
        let request = GetAlert {
            alert_id: id.to_owned(),
        };
        let answer = stack.ask(request).await;
        let over = deadline.is_none_or(|deadline| Instant::now() >= deadline);
        match answer {
            Ok(report) if over || is_settled(&report) => return Ok(report),
            // The alert may not be recorded yet.
            Err(error) if over => return Err(error),
            Ok(_) | Err(_) => tokio::time::sleep(POLL_INTERVAL).await,
        }
    }
}

/// Whether somebody has the alert: each target, or its fallback, or the one to which it
/// was sent again. An alert that was skipped on purpose counts, one that nothing matched
/// does not.
fn has_arrived(report: &AlertReport) -> bool {
    let delivered = |one: &DeliveryRecord| {
        let by_fallback = |other: &DeliveryRecord| {
            other.fallback_for == Some(one.destination_id) && other.state == State::Delivered
        };
        one.state == State::Delivered || report.deliveries.iter().any(by_fallback)
    };
    match report.routing.disposition {
        Disposition::Skipped => true,
        Disposition::Unrouted => false,
        Disposition::Routed => is_settled(report) && report.deliveries.iter().all(delivered),
    }
}

/// Whether every target has a delivery, and every delivery is settled.
fn is_settled(report: &AlertReport) -> bool {
    let recorded = report.routing.targets.iter().all(|target| {
        let mut deliveries = report.deliveries.iter();
        deliveries.any(|one| one.destination_id == target.destination_id)
    });
    let mut deliveries = report.deliveries.iter();
    recorded && deliveries.all(|one| one.state.is_settled())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::print::hostile;

    #[test]
    fn no_text_of_an_alert_forges_a_line_of_the_list() {
        let alert = hostile::alert();
        let summary: AlertSummary = hostile::read(&json!({
            "alertId": alert["alertId"], "receivedAt": alert["createdAt"],
            "detectionId": alert["id"], "title": alert["title"], "type": "RULE",
            "severity": "CRITICAL", "disposition": "ROUTED", "worstState": "FAILED",
        }));
        insta::assert_snapshot!(hostile::seen(&vec![summary], |all| render_list(all)));
    }
}
