//! Fault injection on the deployed stack: one fault for each scenario, and after each
//! a check of the ledger: every alert was delivered, or is recorded as failed for the
//! reason that the scenario names; nothing arrived twice.
//!
//! `make chaos` runs everything, `make test` the short form. Both print one table;
//! docs/chaos.md says how to read it. A loss, a duplicate that the scenario does not
//! permit, or a fault that never happened fails the run.

#![allow(
    clippy::unwrap_used,
    reason = "a scenario stops where something is missing, and the table says so"
)]

mod controls;
mod destination;
mod edit;
mod ledger;
mod ledger_check;
mod run;
mod scenario;
mod scenarios;
mod table;
mod unreachable_server;

use std::process::ExitCode;
use std::sync::Arc;

use run::{Ended, Run, Site};
use scenario::{Extent, Scenario, Stage};
use table::Row;

/// A scenario that ended, or the row of one that broke off.
type Outcome = Result<Ended, Row>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).filter(|one| !one.starts_with('-'));
    let extent = match arguments.next().as_deref() {
        Some("full") => Extent::Full,
        Some("short") | None => Extent::Short,
        Some(other) => {
            eprintln!("`short` or `full`, not `{other}`");
            return ExitCode::FAILURE;
        }
    };
    let only: Vec<String> = arguments.collect();
    let site = Arc::new(Site::connect().await);
    let scenarios: Vec<_> = scenarios::all(extent)
        .into_iter()
        .filter(|one| only.is_empty() || only.iter().any(|part| one.fault.contains(part)))
        .collect();
    let outcomes = run_all(&site, extent, scenarios).await;
    let rows = close(extent, outcomes).await;
    let table = table::Table::new(rows, site.audit().await);
    println!("{table}");
    table.save();
    if table.is_sound() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs the scenarios: those of a stage side by side, one stage after the other.
/// In the short form all are one stage.
async fn run_all(site: &Arc<Site>, extent: Extent, scenarios: Vec<Scenario>) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut left = scenarios;
    for stage in Stage::ALL {
        let (now, later) = match extent {
            Extent::Short => (left, Vec::new()),
            Extent::Full => left.into_iter().partition(|one| one.stage == stage),
        };
        left = later;
        let running: Vec<_> = now
            .into_iter()
            .map(|scenario| {
                let fault = scenario.fault.clone();
                (fault, tokio::spawn(Run::start(site.clone(), scenario)))
            })
            .collect();
        for (fault, run) in running {
            let outcome = run.await.map_err(|error| Row::broken(fault, &error));
            match &outcome {
                Ok(ended) => eprintln!("{}", ended.row().await.line()),
                Err(row) => eprintln!("{}", row.line()),
            }
            outcomes.push(outcome);
        }
    }
    outcomes
}

/// Checks all runs again when all repetitions have happened: only then is it known
/// what arrived twice.
async fn close(extent: Extent, outcomes: Vec<Outcome>) -> Vec<Row> {
    let ended = outcomes.iter().flatten();
    if let Some(last) = ended.filter_map(|one| one.last_repetition(extent)).max() {
        tokio::time::sleep_until(last.into()).await;
    }
    let mut rows = Vec::new();
    for outcome in outcomes {
        rows.push(match outcome {
            Ok(ended) => ended.row().await,
            Err(row) => row,
        });
    }
    rows
}
