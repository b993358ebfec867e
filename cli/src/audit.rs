//! `tocsin audit`: checks that every alert and every delivery is accounted for.

use serde::Serialize;
use tocsin_api_types::{Audit, AuditReport, Finding, QueueDepths, Verdict};
use tocsin_core::Timestamp;
use tocsin_core::audit::{AlertCounts, DeliveryCounts};

use crate::args::{AuditArgs, Output, Target};
use crate::exit::Exit;
use crate::print::{self, Style, Table, Text, text};
use crate::stack::Stack;
use crate::terminal;

/// The whole audit, from all its parts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    since: Timestamp,
    until: Timestamp,
    verdict: Verdict,
    alerts: AlertCounts,
    deliveries: DeliveryCounts,
    findings: Vec<Finding>,
    findings_left_out: u64,
    queues: QueueDepths,
}

impl From<AuditReport> for Whole {
    fn from(part: AuditReport) -> Self {
        Self {
            since: part.since,
            until: part.until,
            verdict: part.verdict,
            alerts: part.alerts,
            deliveries: part.deliveries,
            findings: part.findings,
            findings_left_out: part.findings_left_out,
            queues: part.queues,
        }
    }
}

impl Whole {
    fn add(&mut self, part: AuditReport) {
        if part.verdict == Verdict::Broken {
            self.verdict = Verdict::Broken;
        }
        self.alerts += part.alerts;
        self.deliveries += part.deliveries;
        self.findings.extend(part.findings);
        self.findings_left_out += part.findings_left_out;
        self.queues = part.queues;
    }
}

pub(crate) async fn run(args: AuditArgs, target: &Target, output: Output) -> anyhow::Result<Exit> {
    let stack = Stack::connect(target).await?;
    let now = Timestamp::now();
    let mut request = Audit {
        since: Some(args.since.moment(now)),
        // Fixed, so that all parts are about the same time range.
        until: Some(args.until.map_or(now, |until| until.moment(now))),
        cursor: None,
    };
    let progress = terminal::progress("alerts checked:", None);
    let mut part = stack.ask(request.clone()).await?;
    request.cursor = part.cursor.take();
    let mut whole = Whole::from(part);
    while request.cursor.is_some() {
        progress.set_position(whole.alerts.received);
        let mut part = stack.ask(request.clone()).await?;
        request.cursor = part.cursor.take();
        whole.add(part);
    }
    progress.finish_and_clear();
    print::show(output, &whole, render)?;
    Ok(match whole.verdict {
        Verdict::Conserved => Exit::Success,
        Verdict::Broken => Exit::Incomplete,
    })
}

fn render(whole: &Whole) -> Text {
    let (alerts, deliveries, queues) = (&whole.alerts, &whole.deliveries, &whole.queues);
    let mut parts = vec![text!(
        "{}  {} to {}\n\
         {} alerts: {} routed, {} skipped, {} unrouted\n\
         {} deliveries: {} delivered, {} waiting, {} sending, {} not begun, {} failed, {} exhausted; {} to fallbacks\n\
         queues: {} alerts, {} wake-ups and reports; dead letters: {} alerts, {} wake-ups and reports, {} failed dispatches",
        match whole.verdict {
            Verdict::Conserved => Style::Success.paint("CONSERVED: everything is accounted for"),
            Verdict::Broken => Style::Error.paint("BROKEN: see the findings"),
        },
        print::time(whole.since),
        print::time(whole.until),
        alerts.received,
        alerts.routed,
        alerts.skipped,
        alerts.unrouted,
        deliveries.targets,
        deliveries.delivered,
        deliveries.waiting,
        deliveries.sending,
        deliveries.not_begun,
        deliveries.failed,
        deliveries.exhausted,
        deliveries.to_fallbacks,
        queues.alerts,
        queues.retries,
        queues.dead_alerts,
        queues.dead_retries,
        queues.failed_dispatches,
    )];
    if !whole.findings.is_empty() {
        let mut rows = Table::new(&["alert", "destination", "problem", "what to do"]);
        for one in &whole.findings {
            rows.row([
                Style::Plain.cell(&one.alert_id),
                Style::Plain.cell(one.display_name.as_deref().unwrap_or_default()),
                Style::Error.cell(&one.what),
                Style::Plain.cell(&one.advice),
            ]);
        }
        parts.push(rows.draw());
    }
    if whole.findings_left_out > 0 {
        parts.push(text!("and {} more findings", whole.findings_left_out));
    }
    Text::lines(parts)
}
