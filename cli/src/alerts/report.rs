//! What happened to one alert, for people.

use std::time::Duration;

use comfy_table::Cell;
use tocsin_api::messages::{AlertReport, DeliveryRecord};
use tocsin_core::Timestamp;
use tocsin_core::delivery::{Attempt, AttemptResult};
use tocsin_core::outcome::Receipt;

use crate::print::{Tone, table, time};

/// The whole of it.
pub(super) fn told(report: &AlertReport) -> String {
    let AlertReport { alert, routing, .. } = report;
    let mut lines = vec![format!(
        "{}  [{}] {}\n{} {}, received {}, {}",
        alert.alert_id,
        routing.severity,
        alert.title,
        alert.alert_type,
        alert.detection_id,
        time(report.received_at),
        super::became(routing.disposition).paint(routing.disposition)
    )];
    let rows = rows(report);
    if !rows.is_empty() {
        let mut all = table(&[
            "destination",
            "provider",
            "chosen because",
            "state",
            "attempts",
            "latency",
            "receipt or failure",
        ]);
        all.add_rows(rows);
        lines.push(all.to_string());
    }
    for warning in &routing.warnings {
        lines.push(format!("{} {warning}", Tone::Waiting.paint("warning:")));
    }
    for note in &alert.notes {
        lines.push(format!("{} {note}", Tone::Faint.paint("note:")));
    }
    lines.join("\n")
}

fn rows(report: &AlertReport) -> Vec<Vec<Cell>> {
    let targets = &report.routing.targets;
    let of_targets = targets.iter().map(|target| {
        let mut deliveries = report.deliveries.iter();
        let delivery = deliveries.find(|one| one.destination_id == target.destination_id);
        let mut cells = vec![
            Tone::Plain.cell(&target.display_name),
            Tone::Plain.cell(&target.provider),
            Tone::Plain.cell(&target.reason),
        ];
        cells.extend(fared(delivery, report.received_at));
        cells
    });
    let is_target = |one: &&DeliveryRecord| {
        targets
            .iter()
            .any(|target| target.destination_id == one.destination_id)
    };
    let others = report
        .deliveries
        .iter()
        .filter(|one| !is_target(one))
        .map(|one| {
            let mut cells = vec![
                Tone::Plain.cell(&one.display_name),
                Tone::Plain.cell(&one.provider),
                Tone::Plain.cell("fallback of one that failed"),
            ];
            cells.extend(fared(Some(one), report.received_at));
            cells
        });
    of_targets.chain(others).collect()
}

/// How a delivery fared: state, attempts, latency, receipt.
fn fared(delivery: Option<&DeliveryRecord>, received_at: Timestamp) -> [Cell; 4] {
    let Some(delivery) = delivery else {
        let none = || Tone::Plain.cell("");
        return [Tone::Waiting.cell("handed over"), none(), none(), none()];
    };
    let last = delivery.attempts.last();
    let latency = last.map(|attempt| {
        let end = attempt.at.plus(Duration::from_millis(attempt.duration_ms));
        format!("{} ms", end.since(received_at).as_millis())
    });
    let said = last.map(outcome);
    let next = delivery
        .next_attempt_at
        .map(|at| format!("next attempt {}", time(at)));
    let said: Vec<_> = said.into_iter().chain(next).collect();
    [
        Tone::of(delivery.state).cell(delivery.state),
        Tone::Plain.cell(delivery.attempt),
        Tone::Plain.cell(latency.unwrap_or_default()),
        Tone::Plain.cell(said.join("\n").trim()),
    ]
}

/// What an attempt came to.
pub(crate) fn outcome(attempt: &Attempt) -> String {
    match &attempt.result {
        AttemptResult::Delivered(receipt) => self::receipt(receipt),
        AttemptResult::Failed(failure) => failure.to_string(),
    }
}

/// Where to look at what a delivery made.
fn receipt(receipt: &Receipt) -> String {
    [&receipt.url, &receipt.id, &receipt.remark]
        .into_iter()
        .flatten()
        .cloned()
        .collect::<Vec<_>>()
        .join("\n")
}
