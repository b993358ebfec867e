//! The table at the end, for people, and the same in JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinError;

use crate::destination::Destination;
use crate::ledger_check::Seen;
use tocsin_tests::harness::Stack;

/// The result of one scenario.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) fault: String,
    pub(crate) providers: Vec<&'static str>,
    /// Alerts sent; each goes to every destination of the scenario.
    pub(crate) alerts: usize,
    /// Messages at the vendor: one for each alert and destination counts.
    pub(crate) delivered: usize,
    /// Deliveries that ended as failures, as the scenario wants it.
    pub(crate) ended: usize,
    pub(crate) duplicates: usize,
    /// Neither delivered nor recorded as failed as wanted, at the end of the run.
    pub(crate) lost: usize,
    /// From the end of the fault, or where that has none of its own from the
    /// sending, until the last delivery was over.
    pub(crate) recovered: Option<Duration>,
    /// Requests that the vendor had.
    pub(crate) calls: usize,
    /// What the check of the ledger found wrong, and how often.
    pub(crate) wrong: BTreeMap<String, usize>,
    /// Faults that were injected and never happened.
    pub(crate) unused: Vec<Value>,
    /// Other remarks.
    pub(crate) notes: Vec<String>,
}

/// The stack's own audit, all parts of its answer together.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Audit {
    verdicts: BTreeSet<String>,
    alerts: u64,
    findings: Vec<Value>,
    /// What waits in its queues, at the end.
    queues: Value,
}

/// All scenarios of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    rows: Vec<Row>,
    audit: Audit,
}

impl Audit {
    /// Adds a part of the answer.
    pub(crate) fn add(&mut self, part: &Value) {
        let verdict = part["verdict"].as_str().unwrap_or("no verdict");
        self.verdicts.insert(verdict.to_owned());
        self.alerts += part["alerts"]["received"].as_u64().unwrap_or(0);
        let findings = part["findings"].as_array();
        self.findings
            .extend(findings.into_iter().flatten().cloned());
        self.queues = part["queues"].clone();
    }

    fn is_sound(&self) -> bool {
        self.verdicts.len() == 1 && self.verdicts.contains("CONSERVED") && self.alerts > 0
    }
}

impl Row {
    pub(crate) fn new(fault: String, destinations: &[Destination], alerts: usize) -> Self {
        Self {
            fault,
            providers: destinations.iter().map(|one| one.via.provider()).collect(),
            alerts,
            delivered: 0,
            ended: 0,
            duplicates: 0,
            lost: 0,
            recovered: None,
            calls: 0,
            wrong: BTreeMap::new(),
            unused: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The row of a scenario that broke off.
    pub(crate) fn broken(fault: String, error: &JoinError) -> Self {
        let mut row = Self::new(fault, &[], 0);
        row.wrong.insert(error.to_string(), 1);
        row
    }

    pub(crate) fn count_wrong(&mut self, what: String) {
        *self.wrong.entry(what).or_default() += 1;
    }

    /// Adds what was observed besides the check of the ledger.
    pub(crate) fn add(&mut self, seen: &Seen) {
        for (what, times) in &seen.wrong {
            *self.wrong.entry(what.clone()).or_default() += times;
        }
        self.unused.extend(seen.unused.iter().cloned());
        self.notes.extend(seen.notes.iter().cloned());
    }

    fn is_sound(&self) -> bool {
        self.wrong.is_empty() && self.unused.is_empty() && self.lost == 0
    }

    /// In one line, while others still run.
    pub(crate) fn line(&self) -> String {
        let mark = if self.is_sound() { "✓" } else { "✗" };
        format!("{mark} {} {}", self.fault, self.remark())
    }

    fn remark(&self) -> String {
        let wrong = self.wrong.iter().map(|(what, times)| match times {
            1 => what.clone(),
            _ => format!("{times} × {what}"),
        });
        let unused = self
            .unused
            .iter()
            .map(|one| format!("never happened: {one}"));
        wrong
            .chain(unused)
            .chain(self.notes.iter().cloned())
            .collect::<Vec<_>>()
            .join("; ")
    }
}

impl Table {
    pub(crate) const fn new(rows: Vec<Row>, audit: Audit) -> Self {
        Self { rows, audit }
    }

    /// Whether nothing was lost, nothing came twice that must not, every fault
    /// happened, and the ledger is right.
    pub(crate) fn is_sound(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(Row::is_sound) && self.audit.is_sound()
    }

    /// Writes it beside the stack's files: `.local/<name>/chaos.json`.
    pub(crate) fn save(&self) {
        let path = Stack::folder().join("chaos.json");
        let text = serde_json::to_string_pretty(&json!(self)).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = comfy_table::Table::new();
        table.load_style(UTF8_FULL_CONDENSED).set_header([
            "",
            "fault",
            "provider",
            "alerts in",
            "delivered",
            "failed as due",
            "duplicates",
            "lost",
            "recovered after (s)",
            "calls",
            "",
        ]);
        for row in &self.rows {
            let recovered = row.recovered.map_or_else(String::new, |recovered| {
                format!("{:.1}", recovered.as_secs_f64())
            });
            table.add_row([
                if row.is_sound() { "✓" } else { "✗" }.to_owned(),
                row.fault.clone(),
                row.providers.join(", "),
                row.alerts.to_string(),
                row.delivered.to_string(),
                row.ended.to_string(),
                row.duplicates.to_string(),
                row.lost.to_string(),
                recovered,
                row.calls.to_string(),
                row.remark(),
            ]);
        }
        writeln!(f, "{table}")?;
        let sum = |of: fn(&Row) -> usize| self.rows.iter().map(of).sum::<usize>();
        writeln!(
            f,
            "{} faults, {} alerts: {} delivered, {} failed as due, {} duplicates, {} lost.",
            self.rows.len(),
            sum(|row| row.alerts),
            sum(|row| row.delivered),
            sum(|row| row.ended),
            sum(|row| row.duplicates),
            sum(|row| row.lost),
        )?;
        let verdicts: Vec<_> = self.audit.verdicts.iter().map(String::as_str).collect();
        writeln!(
            f,
            "The stack's own audit of {} alerts: {}. In its queues: {}",
            self.audit.alerts,
            verdicts.join(", "),
            self.audit.queues,
        )?;
        for finding in &self.audit.findings {
            writeln!(f, "  {finding}")?;
        }
        Ok(())
    }
}
