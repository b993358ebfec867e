//! `tocsin alerts`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use tocsin_api::{AlertReport, Request};
use tocsin_core::delivery::{AttemptResult, State};
use tocsin_core::routing::Target as RoutingTarget;

use crate::args::{AlertsCommand, Output, ShowArgs, Target};
use crate::stack::Stack;
use crate::table::table;

/// How often to look while waiting.
const INTERVAL: Duration = Duration::from_millis(300);

/// Deliveries had not ended when the time to wait was over.
const STILL_WAITING: u8 = 3;

pub(crate) async fn run(
    command: AlertsCommand,
    target: &Target,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let AlertsCommand::Show(args) = command;
    let stack = Stack::connect(target).await;
    let deadline = Instant::now() + Duration::from_secs(args.wait.unwrap_or(0));
    let mut reports = Vec::new();
    let mut code = ExitCode::SUCCESS;
    for id in &args.ids {
        let report = settled(&stack, id, deadline, &args).await?;
        if args.wait.is_some() && !is_settled(&report) {
            code = ExitCode::from(STILL_WAITING);
        }
        reports.push(report);
    }
    match output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&reports)?),
        Output::Table => reports.iter().for_each(print),
    }
    Ok(code)
}

/// The report of an alert, once it is settled or the time is over.
async fn settled(
    stack: &Stack,
    id: &str,
    deadline: Instant,
    args: &ShowArgs,
) -> anyhow::Result<AlertReport> {
    let request = Request::GetAlert {
        alert_id: id.to_owned(),
    };
    loop {
        let answer = stack.call(&request).await;
        let over = args.wait.is_none() || Instant::now() >= deadline;
        match answer {
            Ok(value) => {
                let report: AlertReport =
                    serde_json::from_value(value).context("the alert cannot be read")?;
                if over || is_settled(&report) {
                    return Ok(report);
                }
            }
            // Not recorded yet, perhaps.
            Err(error) if over => return Err(error),
            Err(_) => {}
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Every target has a delivery, and every delivery has ended.
fn is_settled(report: &AlertReport) -> bool {
    report.routing.targets.iter().all(|target| {
        report.deliveries.iter().any(|delivery| {
            delivery.destination_id == target.destination_id
                && !matches!(delivery.state, State::Sending | State::Retrying)
        })
    })
}

fn print(report: &AlertReport) {
    let AlertReport { alert, routing, .. } = report;
    println!(
        "\n{}  [{}] {}\n{} {}, {}",
        alert.alert_id,
        routing.severity,
        alert.title,
        alert.alert_type,
        alert.detection_id,
        routing.disposition
    );
    if !routing.targets.is_empty() {
        let mut rows = table(&[
            "destination",
            "provider",
            "chosen because",
            "state",
            "attempts",
            "latency",
            "receipt",
        ]);
        for target in &routing.targets {
            rows.add_row(row(report, target));
        }
        println!("{rows}");
    }
    for warning in &routing.warnings {
        println!("warning: {warning}");
    }
    for note in &alert.notes {
        println!("note: {note}");
    }
}

fn row(report: &AlertReport, target: &RoutingTarget) -> [String; 7] {
    let delivery = report
        .deliveries
        .iter()
        .find(|delivery| delivery.destination_id == target.destination_id);
    let (state, attempts, latency, receipt) = match delivery {
        None => (
            "handed over".to_owned(),
            String::new(),
            String::new(),
            String::new(),
        ),
        Some(delivery) => {
            let last = delivery.attempts.last();
            let latency = last.map(|attempt| {
                let end = attempt.at.plus(Duration::from_millis(attempt.duration_ms));
                format!("{} ms", end.since(report.received_at).as_millis())
            });
            let receipt = last.map(|attempt| match &attempt.result {
                AttemptResult::Delivered(receipt) => [&receipt.url, &receipt.id, &receipt.remark]
                    .into_iter()
                    .flatten()
                    .cloned()
                    .collect::<Vec<_>>()
                    .join("\n"),
                AttemptResult::Failed(failure) => failure.to_string(),
            });
            (
                delivery.state.to_string(),
                delivery.attempt.to_string(),
                latency.unwrap_or_default(),
                receipt.unwrap_or_default(),
            )
        }
    };
    [
        target.display_name.clone(),
        target.provider.to_string(),
        target.reason.to_string(),
        state,
        attempts,
        latency,
        receipt,
    ]
}
