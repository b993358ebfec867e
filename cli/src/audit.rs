//! `tocsin audit`: checks that every alert and every delivery is accounted for.

use serde::Serialize;
use tocsin_api_types::{Audit, AuditReport, AuditedDestination, Finding, QueueDepths, Verdict};
use tocsin_core::Timestamp;
use tocsin_core::audit::{AlertCounts, DeliveryCounts};

use crate::args::{AuditArgs, Output, Target};
use crate::exit::Exit;
use crate::print::{self, Column, Named, Style, Table, Text, text};
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
    destinations: Vec<AuditedDestination>,
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
            destinations: part.destinations,
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
        for row in part.destinations {
            self.add_destination(row);
        }
        self.findings.extend(part.findings);
        self.findings_left_out += part.findings_left_out;
        self.queues = part.queues;
    }

    fn add_destination(&mut self, row: AuditedDestination) {
        let mut known = self.destinations.iter_mut();
        match known.find(|known| known.destination_id == row.destination_id) {
            Some(known) => {
                known.waiting += row.waiting;
                known.undelivered += row.undelivered;
            }
            None => self.destinations.push(row),
        }
    }

    /// Deliveries that ended without success and that nobody has dealt with.
    fn undelivered(&self) -> u64 {
        self.destinations.iter().map(|row| row.undelivered).sum()
    }

    fn dead_letters(&self) -> u64 {
        let queues = &self.queues;
        queues.dead_alerts + queues.dead_retries + queues.failed_dispatches
    }

    /// Whether everything has arrived, or is on its way.
    fn has_arrived(&self) -> bool {
        self.undelivered() == 0 && self.dead_letters() == 0
    }
}

impl Named for Whole {
    /// The alerts that break a rule.
    fn names(&self) -> Option<Vec<String>> {
        let ids = self.findings.iter().map(|one| one.alert_id.to_string());
        Some(ids.collect())
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
    Ok(
        if whole.verdict == Verdict::Conserved && whole.has_arrived() {
            Exit::Success
        } else {
            Exit::Incomplete
        },
    )
}

const FINDINGS: [Column; 4] = [
    Column::whole("alert", 0),
    Column::whole("destination", 1),
    Column::wrapped("problem", 0),
    Column::wrapped("what to do", 0),
];

const NOT_ARRIVED: [Column; 3] = [
    Column::whole("destination", 0),
    Column::whole("waiting", 0),
    Column::whole("failed", 0),
];

fn render(whole: &Whole) -> Text {
    let mut parts = vec![
        text!(
            "{} to {}",
            print::time(whole.since),
            print::time(whole.until)
        ),
        accounted(whole),
        arrived(whole),
        counts(whole),
    ];
    if !whole.destinations.is_empty() {
        let mut rows = Table::new(&NOT_ARRIVED);
        for one in &whole.destinations {
            rows.row([
                Style::Plain.cell(&one.display_name),
                Style::Pending.cell(one.waiting),
                Style::Error.cell(one.undelivered),
            ]);
        }
        parts.push(rows.draw());
    }
    if !whole.findings.is_empty() {
        let mut rows = Table::new(&FINDINGS);
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

fn accounted(whole: &Whole) -> Text {
    match whole.verdict {
        Verdict::Conserved => text!(
            "{} every alert and every delivery is in the ledger as it should be",
            Style::Success.paint("Nothing is lost:")
        ),
        Verdict::Broken => text!(
            "{} see the findings below",
            Style::Error.paint("Something is not accounted for:")
        ),
    }
}

fn arrived(whole: &Whole) -> Text {
    let waiting: u64 = whole.destinations.iter().map(|row| row.waiting).sum();
    let on_the_way = match waiting {
        0 => text!("nothing waits"),
        _ => text!("{} wait for their next attempt", waiting),
    };
    if whole.has_arrived() {
        return text!(
            "{} {}",
            Style::Success.paint("Nothing has failed:"),
            on_the_way
        );
    }
    text!(
        "{} {} deliveries ended without success, {} dead letters; {}. Next: tocsin status",
        Style::Error.paint("Not everything has arrived:"),
        whole.undelivered(),
        whole.dead_letters(),
        on_the_way
    )
}

fn counts(whole: &Whole) -> Text {
    let (alerts, deliveries, queues) = (&whole.alerts, &whole.deliveries, &whole.queues);
    text!(
        "{} alerts: {} routed, {} skipped, {} unrouted\n\
         {} deliveries: {} delivered, {} waiting, {} sending, {} not begun, {} failed, {} exhausted; {} to fallbacks\n\
         queues: {} alerts, {} wake-ups and reports; dead letters: {} alerts, {} wake-ups and reports, {} failed dispatches",
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
    )
}
