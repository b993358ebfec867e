//! The ledger check of a run: what arrived is compared with the ledger and with what
//! the scenario expects. It is made when the run's deliveries are over, and again at
//! the very end, when Lambda and SQS have repeated all that they repeat.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use crate::destination::{Destination, Role, Trace};
use crate::ledger::{Delivery, Entry};
use crate::run::{NUMBER, Run};
use crate::scenario::{Duplicates, End, Scenario};
use crate::table::Row;

/// What was observed when the deliveries of a run were over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// What was not as it must be, and how often.
    pub(crate) wrong: BTreeMap<String, usize>,
    /// Faults that were injected and never happened.
    pub(crate) unused: Vec<Value>,
    pub(crate) notes: Vec<String>,
}

impl Run {
    /// How often each alert arrived at a destination.
    async fn arrivals(&self, destination: &Destination) -> HashMap<String, usize> {
        let texts: Vec<String> = match destination.via.trace() {
            Trace::Requests => {
                let all = self.site.simulator.received(&self.label).await;
                all.into_iter()
                    .filter(|one| one.is_accepted() && one.path.starts_with(&destination.path))
                    .map(|one| one.body.to_string())
                    .collect()
            }
            Trace::None => Vec::new(),
            Trace::Creations => {
                let provider = destination.via.provider();
                let all = self.site.simulator.created(provider, &self.label).await;
                all.iter().map(|one| one["thing"].to_string()).collect()
            }
        };
        let mut arrivals = HashMap::new();
        for text in &texts {
            for id in self.ids_in(text) {
                *arrivals.entry(id.to_owned()).or_default() += 1;
            }
        }
        arrivals
    }

    /// When each alert was first accepted at a destination that is a webhook, in
    /// milliseconds since 1970.
    pub(crate) async fn accepted_at(&self, destination: usize) -> HashMap<String, u64> {
        let path = &self.destinations[destination].path;
        let all = self.site.simulator.received(&self.label).await;
        let accepted = all
            .iter()
            .filter(|one| one.is_accepted() && one.path.starts_with(path));
        let mut times = HashMap::new();
        for one in accepted {
            for id in self.ids_in(&one.body.to_string()) {
                times.entry(id.to_owned()).or_insert(one.at);
            }
        }
        times
    }

    /// The alerts of this run that a text mentions; a message may mention its alert
    /// more than once.
    fn ids_in<'a>(&self, text: &'a str) -> BTreeSet<&'a str> {
        text.match_indices(&self.label)
            .filter_map(|(at, label)| text.get(at..at + label.len() + NUMBER))
            .filter(|id| id[self.label.len()..].bytes().all(|b| b.is_ascii_digit()))
            .collect()
    }

    /// Compares what arrived with the ledger and with what the scenario expects.
    pub(crate) async fn ledger_check(&self, scenario: &Scenario) -> Row {
        let mut entries = Vec::new();
        for id in &self.ids {
            entries.push(Entry::of(&self.site, id).await);
        }
        let mut row = Row::new(scenario.fault.clone(), &self.destinations, self.ids.len());
        for destination in &self.destinations {
            let arrivals = self.arrivals(destination).await;
            let end = match destination.role {
                Role::Target => scenario.end,
                Role::Fallback => End::Delivered,
            };
            for (id, entry) in self.ids.iter().zip(&entries) {
                let arrived = match destination.via.trace() {
                    // Only the ledger knows.
                    Trace::None => usize::from(entry.is_delivered(&destination.id)),
                    _ => arrivals.get(id.as_str()).copied().unwrap_or(0),
                };
                row.delivered += usize::from(arrived > 0);
                row.duplicates += arrived.saturating_sub(1);
                compare(
                    end,
                    scenario.duplicates,
                    arrived,
                    &destination.id,
                    entry,
                    &mut row,
                );
            }
        }
        for entry in &entries {
            if !entry.is_recorded {
                row.count_wrong("not in the ledger".to_owned());
            }
            for wrong in entry.deliveries.values().filter_map(Delivery::misplaced) {
                row.count_wrong(wrong.to_owned());
            }
        }
        let met = |kind: &str| {
            let mut deliveries = entries.iter().flat_map(|one| one.deliveries.values());
            deliveries.any(|one| one.met(kind))
        };
        if let Some(kind) = scenario.meets.filter(|kind| !met(kind)) {
            row.count_wrong(format!("no attempt was {kind}"));
        }
        row.calls = self.site.simulator.count(&self.label).await.received;
        if let Some(most) = scenario.most_calls.filter(|most| row.calls > *most) {
            row.count_wrong(format!("{} calls, at most {most} expected", row.calls));
        }
        row
    }

    /// The results of the scenario's own checks, and the faults that never happened.
    pub(crate) async fn observe(self: &Arc<Self>, scenario: &Scenario) -> Seen {
        let mut seen = Seen::default();
        for check in &scenario.checks {
            match check(self.clone()).await {
                Ok(note) if note.is_empty() => {}
                Ok(note) => seen.notes.push(note),
                Err(wrong) => *seen.wrong.entry(wrong).or_default() += 1,
            }
        }
        seen.unused = self.unused().await;
        seen
    }

    /// Faults that were injected and never happened.
    async fn unused(&self) -> Vec<Value> {
        let mut unused = self.site.proxy.left(&self.label).await;
        unused.extend(self.site.simulator.left(&self.label).await);
        // A limit lasts until it is removed.
        unused.retain(|one| one["perSecond"].is_null());
        unused
    }
}

/// Compares one delivery, which arrived so often, with its expected end.
fn compare(
    end: End,
    duplicates: Duplicates,
    arrived: usize,
    destination_id: &str,
    entry: &Entry,
    row: &mut Row,
) {
    let delivery = entry.deliveries.get(destination_id);
    let state = delivery.map_or("none", |one| one.state.as_str());
    let kind = delivery.map_or("", |one| one.kind());
    let (kept, permitted) = match end {
        End::Delivered => (arrived > 0 && state == "DELIVERED", 1),
        End::Failed(wanted) => (state == "FAILED" && wanted.contains(&kind), 0),
        End::Exhausted => (state == "EXHAUSTED", 0),
    };
    row.ended += usize::from(kept && end != End::Delivered);
    if !kept {
        row.lost += usize::from(arrived == 0);
        row.count_wrong(format!("{state} {kind}"));
    }
    if arrived > permitted + usize::from(duplicates == Duplicates::OneEach) {
        row.count_wrong(format!("arrived {arrived} times"));
    }
}
