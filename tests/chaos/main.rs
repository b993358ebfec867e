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

mod books;
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
use trial::{Ended, Site, Trial};

/// A scenario that came to its end, or the line of one that broke off.
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
    let outcomes = run(&site, extent, scenarios).await;
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
async fn run(site: &Arc<Site>, extent: Extent, scenarios: Vec<Scenario>) -> Vec<Outcome> {
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
                (fault, tokio::spawn(Trial::run(site.clone(), scenario)))
            })
            .collect();
        for (fault, trial) in running {
            let outcome = trial.await.map_err(|error| Row::broken(fault, &error));
            match &outcome {
                Ok(ended) => eprintln!("{}", ended.row().await.line()),
                Err(row) => eprintln!("{}", row.line()),
            }
            outcomes.push(outcome);
        }
    }
    outcomes
}

/// Does all books once more, when nothing is repeated any more: what arrived twice
/// decides itself then.
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
