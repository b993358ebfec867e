//! `tocsin alerts`.

mod report;

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use tocsin_api::messages::{AlertReport, AlertSummary, GetAlert, ListAlerts, ResendAlert};
use tocsin_core::Timestamp;
use tocsin_core::delivery::State;
use tocsin_core::routing::Disposition;

pub(crate) use report::outcome;

use crate::args::{AlertsCommand, Became, ListAlertsArgs, Output, ResendArgs, Target};
use crate::exit::Ending;
use crate::pages::{self, Page};
use crate::print::{self, Tone, table};
use crate::stack::{Stack, actor};
use crate::terminal;

/// How often to look while waiting.
const INTERVAL: Duration = Duration::from_millis(300);

pub(crate) async fn run(
    command: AlertsCommand,
    target: &Target,
    output: Output,
) -> anyhow::Result<Ending> {
    let stack = Stack::connect(target).await?;
    match command {
        AlertsCommand::List(args) => {
            let alerts = list(&stack, &args).await?;
            print::show(output, &alerts, |all| listed(all))?;
            Ok(Ending::Well)
        }
        AlertsCommand::Show(args) => show(&stack, &args.ids, args.wait, output).await,
        AlertsCommand::Resend(args) => resend(&stack, args, output).await,
    }
}

async fn list(stack: &Stack, args: &ListAlertsArgs) -> anyhow::Result<Vec<AlertSummary>> {
    let now = Timestamp::now();
    let request = ListAlerts {
        since: Some(args.since.moment(now)),
        until: args.until.map(|until| until.moment(now)),
        severity: args.severity,
        disposition: args.disposition.map(|became| match became {
            Became::Routed => Disposition::Routed,
            Became::Skipped => Disposition::Skipped,
            Became::Unrouted => Disposition::Unrouted,
        }),
        limit: None,
        cursor: None,
    };
    let progress = terminal::progress("alerts found:", None);
    all(stack, &request, args.limit, &progress).await
}

/// The alerts that a request asks for, from all pages.
pub(crate) async fn all(
    stack: &Stack,
    request: &ListAlerts,
    limit: usize,
    progress: &ProgressBar,
) -> anyhow::Result<Vec<AlertSummary>> {
    pages::collect(limit, progress, |cursor| {
        let limit = Some(pages::size(limit));
        let request = ListAlerts {
            limit,
            cursor,
            ..request.clone()
        };
        async {
            let page = stack.ask(request).await?;
            Ok(Page {
                entries: page.alerts,
                cursor: page.cursor,
            })
        }
    })
    .await
}

fn listed(all: &[AlertSummary]) -> String {
    if all.is_empty() {
        return "no alert in this time; --since 7d looks further back".to_owned();
    }
    let mut rows = table(&["received", "severity", "title", "detection", "became", "id"]);
    for one in all {
        rows.add_row([
            Tone::Plain.cell(print::time(one.received_at)),
            Tone::Plain.cell(one.severity),
            Tone::Plain.cell(&one.title),
            Tone::Plain.cell(&one.detection_id),
            became(one.disposition).cell(one.disposition),
            Tone::Faint.cell(&one.alert_id),
        ]);
    }
    rows.to_string()
}

/// The colour of what became of an alert.
pub(crate) const fn became(disposition: Disposition) -> Tone {
    match disposition {
        Disposition::Routed => Tone::Good,
        Disposition::Skipped => Tone::Faint,
        Disposition::Unrouted => Tone::Bad,
    }
}

async fn resend(stack: &Stack, args: ResendArgs, output: Output) -> anyhow::Result<Ending> {
    let request = ResendAlert {
        alert_id: args.id,
        destinations: (!args.destinations.is_empty()).then_some(args.destinations),
        actor: actor(),
    };
    let resent = stack.ask(request).await?;
    let id = resent.alert_id.as_str().to_owned();
    let told = format!("sent again as {id}, to {}", resent.destinations.join(", "));
    for name in &resent.left_out {
        print::remark(format!(
            "warning: {name:?} is disabled or deleted and gets nothing"
        ));
    }
    if args.wait.is_some() {
        print::remark(told);
        return show(stack, &[id], args.wait, output).await;
    }
    print::show(output, &resent, |_| {
        format!("{told}\nsee what comes of it: tocsin alerts show --wait 60 {id}")
    })?;
    Ok(Ending::Well)
}

/// Shows what became of alerts, after waiting for them if that is wanted.
pub(crate) async fn show(
    stack: &Stack,
    ids: &[String],
    wait: Option<u64>,
    output: Output,
) -> anyhow::Result<Ending> {
    let deadline = Instant::now() + Duration::from_secs(wait.unwrap_or(0));
    let progress = wait.map(|_| terminal::progress("alerts settled:", Some(ids.len())));
    let mut reports = Vec::new();
    let mut ending = Ending::Well;
    for id in ids {
        let report = settled(stack, id, wait.map(|_| deadline)).await?;
        if wait.is_some() && !is_settled(&report) {
            ending = Ending::NotWell;
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
        let texts: Vec<_> = all.iter().map(report::told).collect();
        texts.join("\n\n")
    })?;
    Ok(ending)
}

/// The report of an alert, once it is settled or the time is over.
async fn settled(
    stack: &Stack,
    id: &str,
    deadline: Option<Instant>,
) -> anyhow::Result<AlertReport> {
    loop {
        let request = GetAlert {
            alert_id: id.to_owned(),
        };
        let answer = stack.ask(request).await;
        let over = deadline.is_none_or(|deadline| Instant::now() >= deadline);
        match answer {
            Ok(report) if over || is_settled(&report) => return Ok(report),
            // Not recorded yet, perhaps.
            Err(error) if over => return Err(error),
            Ok(_) | Err(_) => tokio::time::sleep(INTERVAL).await,
        }
    }
}

/// Every target has a delivery, and every delivery has ended.
fn is_settled(report: &AlertReport) -> bool {
    let begun = report.routing.targets.iter().all(|target| {
        let mut deliveries = report.deliveries.iter();
        deliveries.any(|one| one.destination_id == target.destination_id)
    });
    let ended = |state| !matches!(state, State::Sending | State::Retrying);
    begun && report.deliveries.iter().all(|one| ended(one.state))
}
