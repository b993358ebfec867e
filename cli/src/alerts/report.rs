//! One alert with its deliveries, as text.

use std::time::Duration;

use tocsin_api_types::AlertReport;
use tocsin_core::Timestamp;
use tocsin_core::delivery::{Attempt, AttemptResult, State};
use tocsin_core::history::DeliveryRecord;
use tocsin_core::outcome::Receipt;

use crate::print::{Cell, Column, Style, Table, Text, duration, text, when};

const COLUMNS: [Column; 7] = [
    Column::whole("destination", 0),
    Column::whole("provider", 4),
    Column::wrapped("chosen because", 2),
    Column::whole("state", 0),
    Column::whole("attempts", 3),
    Column::whole("latency", 5),
    Column::wrapped("receipt or failure", 0),
];

/// The whole report.
pub(super) fn render(report: &AlertReport) -> Text {
    let AlertReport { alert, routing, .. } = report;
    let mut lines = vec![text!(
        "{}  [{}] {}\n{} {}, received {}, {}",
        alert.alert_id,
        routing.severity,
        alert.title,
        alert.alert_type,
        alert.detection_id,
        when(report.received_at),
        Style::of_disposition(routing.disposition).paint(routing.disposition)
    )];
    let rows = rows(report);
    if !rows.is_empty() {
        let mut all = Table::new(&COLUMNS);
        for row in rows {
            all.row(row);
        }
        lines.push(all.draw());
    }
    if let Some(resent) = &alert.routing.resent {
        lines.push(text!(
            "re-sent by {}; the original: tocsin alerts show {}",
            resent.by,
            resent.of
        ));
    }
    if let Some(id) = &report.resent_as {
        lines.push(text!("sent again: tocsin alerts show {}", id));
    }
    for warning in &routing.warnings {
        lines.push(text!("{} {}", Style::Pending.paint("warning:"), warning));
    }
    for note in &alert.notes {
        lines.push(text!("{} {}", Style::Muted.paint("note:"), note));
    }
    Text::lines(lines)
}

fn rows(report: &AlertReport) -> Vec<Vec<Cell>> {
    let targets = &report.routing.targets;
    let of_targets = targets.iter().map(|target| {
        let mut deliveries = report.deliveries.iter();
        let delivery = deliveries.find(|one| one.destination_id == target.destination_id);
        let mut cells = vec![
            Style::Plain.cell(&target.display_name),
            Style::Plain.cell(&target.provider),
            Style::Plain.cell(&target.reason),
        ];
        cells.extend(delivery_cells(delivery, report.received_at));
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
                Style::Plain.cell(&one.display_name),
                Style::Plain.cell(&one.provider),
                Style::Plain.cell(fallback_of(one, report)),
            ];
            cells.extend(delivery_cells(Some(one), report.received_at));
            cells
        });
    of_targets.chain(others).collect()
}

/// The reason of a delivery that is not to a target.
fn fallback_of(delivery: &DeliveryRecord, report: &AlertReport) -> String {
    let first = report
        .deliveries
        .iter()
        .find(|one| Some(one.destination_id) == delivery.fallback_for);
    match first {
        Some(first) => format!("fallback of {}", first.display_name),
        None => "fallback of another destination".to_owned(),
    }
}

/// When something happens next to a delivery that waits.
fn due(delivery: &DeliveryRecord) -> Option<String> {
    let at = when(
        delivery
            .next_attempt_at
            .filter(|_| !delivery.state.is_settled())?,
    );
    Some(match (delivery.state, delivery.fallback_for) {
        (State::Queued, Some(_)) => format!("takes over {at}"),
        (State::Queued, None) => format!("first attempt due {at}"),
        _ => format!("next attempt due {at}"),
    })
}

/// State, attempts, latency, and receipt or failure of a delivery.
fn delivery_cells(delivery: Option<&DeliveryRecord>, received_at: Timestamp) -> [Cell; 4] {
    let Some(delivery) = delivery else {
        let none = || Style::Plain.cell("");
        return [Style::Pending.cell("not recorded"), none(), none(), none()];
    };
    let last = delivery.attempts.last();
    let latency = last.map(|attempt| {
        let end = attempt.at.plus(Duration::from_millis(attempt.duration_ms));
        duration(end.since(received_at))
    });
    let result = last.map(outcome).unwrap_or_default();
    let next = due(delivery).map(|due| text!("{}", due));
    [
        Style::of_state(delivery.state).cell(delivery.state),
        Style::Plain.cell(delivery.attempt),
        Style::Plain.cell(latency.unwrap_or_default()),
        Style::Plain.cell(Text::lines(
            result.into_iter().chain(next).chain(resent(delivery)),
        )),
    ]
}

/// What a person did about a delivery that ended without success.
pub(crate) fn resent(delivery: &DeliveryRecord) -> Option<Text> {
    let id = delivery.resent_as.as_ref()?;
    Some(text!("sent again as {}", id))
}

/// The receipt or the failure of an attempt, each part of it on a line.
pub(crate) fn outcome(attempt: &Attempt) -> Vec<Text> {
    match &attempt.result {
        AttemptResult::Delivered(receipt) => self::receipt(receipt),
        AttemptResult::Failed(failure) => vec![text!("{}", failure)],
    }
}

/// The link, id and remark of what a delivery created.
fn receipt(receipt: &Receipt) -> Vec<Text> {
    [&receipt.url, &receipt.id, &receipt.remark]
        .into_iter()
        .flatten()
        .map(|part| text!("{}", part))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::print::hostile;

    #[test]
    fn what_waits_has_a_time() {
        let record = |state: &str, fallback_for: Option<&str>| -> DeliveryRecord {
            serde_json::from_value(json!({
                "destinationId": "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11", "displayName": "d",
                "provider": "slack", "deliveryId": "x", "state": state, "attempt": 0,
                "attempts": [], "beganAt": "2026-01-01T00:00:00Z",
                "updatedAt": "2026-01-01T00:00:00Z",
                "nextAttemptAt": "2026-01-01T00:05:00.5Z", "standsInFor": fallback_for,
            }))
            .unwrap()
        };
        let other = Some("7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d12");
        for (state, fallback_for, shown) in [
            ("QUEUED", None, "first attempt due 2026-01-01T00:05:00Z"),
            ("QUEUED", other, "takes over 2026-01-01T00:05:00Z"),
            ("RETRYING", other, "next attempt due 2026-01-01T00:05:00Z"),
        ] {
            assert_eq!(due(&record(state, fallback_for)).unwrap(), shown);
        }
    }

    #[test]
    fn no_text_of_an_alert_forges_a_line_of_its_report() {
        let report: AlertReport = hostile::read(&json!({
            "alert": hostile::alert(), "routing": hostile::routing(),
            "receivedAt": "2026-03-02T22:41:10Z", "deliveries": [hostile::delivery()],
        }));
        insta::assert_snapshot!(hostile::seen(&report, render));
    }
}
