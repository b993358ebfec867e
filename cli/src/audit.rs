//! `tocsin audit`: whether everything that came in is accounted for.

use serde::Serialize;
use tocsin_api::messages::{
    AlertCounts, Audit, AuditReport, DeliveryCounts, Finding, QueueDepths, Verdict,
};
use tocsin_core::Timestamp;

use crate::args::{AuditArgs, Output, Target};
use crate::exit::Ending;
use crate::print::{self, Tone, table};
use crate::stack::Stack;
use crate::terminal;

/// The whole of an audit, from all of its parts.
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
        self.alerts.received += part.alerts.received;
        self.alerts.skipped += part.alerts.skipped;
        self.alerts.unrouted += part.alerts.unrouted;
        self.alerts.routed += part.alerts.routed;
        self.deliveries += part.deliveries;
        self.findings.extend(part.findings);
        self.findings_left_out += part.findings_left_out;
        self.queues = part.queues;
    }
}

pub(crate) async fn run(
    args: AuditArgs,
    target: &Target,
    output: Output,
) -> anyhow::Result<Ending> {
    let stack = Stack::connect(target).await?;
    let now = Timestamp::now();
    let mut request = Audit {
        since: Some(args.since.moment(now)),
        // Fixed, so that all parts speak of the same time.
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
    print::show(output, &whole, told)?;
    Ok(match whole.verdict {
        Verdict::Conserved => Ending::Well,
        Verdict::Broken => Ending::NotWell,
    })
}

fn told(whole: &Whole) -> String {
    let (alerts, deliveries, queues) = (&whole.alerts, &whole.deliveries, &whole.queues);
    let mut parts = vec![format!(
        "{}  {} to {}\n\
         {} alerts: {} routed, {} skipped, {} unrouted\n\
         {} deliveries: {} delivered, {} waiting, {} sending, {} not begun, {} failed, {} exhausted; {} by fallbacks\n\
         queues: {} alerts, {} retries; dead letters: {} alerts, {} retries, {} hand-overs",
        match whole.verdict {
            Verdict::Conserved => Tone::Good.paint("CONSERVED: everything is accounted for"),
            Verdict::Broken => Tone::Bad.paint("BROKEN: see the findings"),
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
        deliveries.stand_ins,
        queues.alerts,
        queues.retries,
        queues.dead_alerts,
        queues.dead_retries,
        queues.failed_hand_overs,
    )];
    if !whole.findings.is_empty() {
        let mut rows = table(&["alert", "destination", "what is wrong", "what to do"]);
        for one in &whole.findings {
            rows.add_row([
                Tone::Plain.cell(&one.alert_id),
                Tone::Plain.cell(one.display_name.as_deref().unwrap_or_default()),
                Tone::Bad.cell(&one.what),
                Tone::Plain.cell(&one.advice),
            ]);
        }
        parts.push(rows.to_string());
    }
    if whole.findings_left_out > 0 {
        parts.push(format!("and {} more findings", whole.findings_left_out));
    }
    parts.join("\n")
}
