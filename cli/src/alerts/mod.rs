//! `tocsin alerts`.

mod report;

use std::time::{Duration, Instant};

use tocsin_api_types::{AlertReport, AlertSummary, GetAlert, ListAlerts, ResendAlert};
use tocsin_core::Timestamp;
use tocsin_core::routing::Disposition;

pub(crate) use report::{due, outcome};

use crate::args::{AlertsCommand, DispositionArg, ListAlertsArgs, Output, ResendArgs, Target};
use crate::exit::Exit;
use crate::pages;
use crate::print::{self, Style, Table, Text, text};
use crate::stack::{Stack, actor};
use crate::terminal;

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
        ..ListAlerts::default()
    };
    let progress = terminal::progress("alerts found:", None);
    pages::list(stack, &request, args.limit, &progress).await
}

fn render_list(all: &[AlertSummary]) -> Text {
    if all.is_empty() {
        return text!("no alerts in this time range; --since 7d goes further back");
    }
    let mut rows = Table::new(&[
        "received",
        "severity",
        "title",
        "detection",
        "disposition",
        "id",
    ]);
    for one in all {
        rows.row([
            Style::Plain.cell(print::time(one.received_at)),
            Style::Plain.cell(one.severity),
            Style::Plain.cell(&one.title),
            Style::Plain.cell(&one.detection_id),
            Style::of_disposition(one.disposition).cell(one.disposition),
            Style::Muted.cell(&one.alert_id),
        ]);
    }
    rows.draw()
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
        let report = fetch(stack, id, wait.map(|_| deadline)).await?;
        if wait.is_some() && !is_settled(&report) {
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

/// Whether every target has a delivery, and every delivery is settled.
fn is_settled(report: &AlertReport) -> bool {
    let recorded = report.routing.targets.iter().all(|target| {
        let mut deliveries = report.deliveries.iter();
        deliveries.any(|one| one.destination_id == target.destination_id)
    });
    let mut deliveries = report.deliveries.iter();
    recorded && deliveries.all(|one| one.state.is_settled())
}
