//! Fault injection on the deployed stack: what fails around Tocsin, one fault a
//! scenario, and after each the books: every alert delivered, or recorded as
//! failed for the reason that the scenario names; nothing twice.
//!
//! `make chaos` runs everything, `make test` the short form. At the end stands
//! one table; docs/chaos.md says how to read it. A loss, a duplicate that the
//! scenario does not permit, or a fault that never happened fails the run.

#![allow(
    clippy::unwrap_used,
    reason = "a scenario stops where something is missing, and the table says so"
)]

mod controls;
mod destination;
mod door;
mod edit;
#[path = "../e2e/harness.rs"]
#[allow(
    dead_code,
    reason = "the end-to-end tests use more of it than is needed here"
)]
mod harness;
mod ledger;
mod scenario;
mod scenarios;
mod table;
mod trial;

use std::process::ExitCode;
use std::sync::Arc;

use scenario::{Extent, Scenario, Stage};
use table::Row;
use trial::{Site, Trial};

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
    let rows = run(&site, extent, scenarios).await;
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
async fn run(site: &Arc<Site>, extent: Extent, scenarios: Vec<Scenario>) -> Vec<Row> {
    let mut rows = Vec::new();
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
                (fault, tokio::spawn(Trial::run(site.clone(), scenario)))
            })
            .collect();
        for (fault, trial) in running {
            let row = match trial.await {
                Ok(row) => row,
                Err(error) => Row::broken(fault, &error),
            };
            eprintln!("{}", row.line());
            rows.push(row);
        }
    }
    rows
}
