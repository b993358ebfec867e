//! One scenario under way: from the fault to the books.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use serde_json::{Value, json};
use tocsin_core::Timestamp;

use crate::controls::Control;
use crate::destination::{Destination, Trace};
use crate::harness::{Stack, alert_for, unique};
use crate::ledger::{Delivery, Entry};
use crate::scenario::{Duplicates, End, Lift, Order, Scenario};
use crate::table::{Audit, Row};

/// Between two looks at the ledger.
const LOOK: Duration = Duration::from_millis(250);

/// The router's copy of the destinations may be 2 s old when an alert names one
/// that is not in it.
const IN_FORCE: Duration = Duration::from_millis(2_100);

/// Digits behind the label, in an alert's id.
const NUMBER: usize = 5;

/// After everything is over, before duplicates are counted: whoever would make
/// one has had the time.
const AFTERMATH: Duration = Duration::from_secs(2);

/// Everything around the trials.
pub(crate) struct Site {
    pub(crate) stack: Stack,
    pub(crate) simulator: Control,
    pub(crate) proxy: Control,
    /// Alerts received from then on are this run's.
    began: Timestamp,
}

/// One scenario with its destinations and alerts.
pub(crate) struct Trial {
    pub(crate) site: Arc<Site>,
    /// In every id and name of this trial, and in no other's.
    pub(crate) label: String,
    pub(crate) ids: Vec<String>,
    pub(crate) destinations: Vec<Destination>,
}

impl Site {
    pub(crate) async fn connect() -> Self {
        let stack = Stack::connect().await;
        let text =
            std::fs::read_to_string(Stack::folder().join("proxy.json")).unwrap_or_else(|error| {
                panic!("the stack has no fault proxy ({error}): run `make chaos`")
            });
        let proxy: Value = serde_json::from_str(&text).unwrap();
        Self {
            simulator: Control::new(stack.simulator("")),
            proxy: Control::new(format!("http://127.0.0.1:{}", proxy["port"])),
            began: Timestamp::now(),
            stack,
        }
    }

    pub(crate) fn simulator_address(&self) -> SocketAddr {
        let base = self.stack.simulator("");
        base.trim_start_matches("http://").parse().unwrap()
    }

    /// What the stack's own audit says of the alerts of this run.
    pub(crate) async fn audit(&self) -> Audit {
        let mut request = json!({"operation": "audit", "since": self.began});
        let mut audit = Audit::default();
        loop {
            let answer = self.stack.invoke("api", &request).await;
            let part = &answer["ok"];
            assert!(part.is_object(), "{answer:#}");
            audit.add(part);
            // The end of the first part's span holds for the others.
            request["until"] = part["until"].clone();
            request["cursor"] = part["cursor"].clone();
            if part["cursor"].is_null() {
                return audit;
            }
        }
    }
}

impl Trial {
    /// Runs a scenario; gives its line of the table.
    pub(crate) async fn run(site: Arc<Site>, scenario: Scenario) -> Row {
        let trial = Arc::new(Self::prepare(site, &scenario).await);
        for act in &scenario.before {
            act(trial.clone()).await;
        }
        for order in (scenario.orders)(&trial) {
            trial.order(order).await;
        }
        let mut began = Instant::now();
        match &scenario.send {
            Some(send) => send(trial.clone()).await,
            None => trial.send().await,
        }
        if let Lift::After(wait, act) = &scenario.lift {
            tokio::time::sleep_until((began + *wait).into()).await;
            act(trial.clone()).await;
            began = Instant::now();
        }
        let entries = trial.settled(began, scenario.patience).await;
        let recovered = began.elapsed();
        tokio::time::sleep(AFTERMATH).await;
        let mut row = trial.close(&scenario, &entries, recovered).await;
        trial.look(&scenario, &mut row).await;
        row
    }

    async fn prepare(site: Arc<Site>, scenario: &Scenario) -> Self {
        let label = format!("{}-", unique("chaos"));
        let base = match &scenario.base {
            Some(base) => base(site.clone()).await,
            None => site.stack.simulator(""),
        };
        let mut destinations = Vec::new();
        for (at, via) in scenario.via.iter().enumerate() {
            destinations.push(Destination::add(&site, *via, format!("{label}{at}"), &base).await);
        }
        tokio::time::sleep(IN_FORCE).await;
        let ids = (0..scenario.alerts).map(|at| format!("{label}{at:0NUMBER$}"));
        Self {
            ids: ids.collect(),
            site,
            label,
            destinations,
        }
    }

    /// Orders a fault for this trial's requests.
    pub(crate) async fn order(&self, order: Order) {
        match order {
            Order::Aws(order) => self.site.proxy.order(&order).await,
            Order::Vendor(mut order) => {
                order["path"] = json!(self.destinations[0].path);
                order["about"] = json!(self.label);
                self.site.simulator.order(&order).await;
            }
        }
    }

    /// An alert of this trial, as a detection would send it.
    pub(crate) fn alert(&self, id: &str) -> Value {
        let names: Vec<_> = self
            .destinations
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        alert_for(id, &names)
    }

    /// Puts all alerts on the queue.
    pub(crate) async fn send(&self) {
        self.send_some(&self.ids).await;
    }

    pub(crate) async fn send_some(&self, ids: &[String]) {
        let sqs = self.site.stack.sqs();
        for batch in ids.chunks(10) {
            let entries = batch.iter().enumerate().map(|(at, id)| {
                SendMessageBatchRequestEntry::builder()
                    .id(at.to_string())
                    .message_body(self.alert(id).to_string())
                    .build()
                    .unwrap()
            });
            let sent = sqs
                .send_message_batch()
                .queue_url(self.site.stack.output("AlertsQueueUrl"))
                .set_entries(Some(entries.collect()))
                .send()
                .await
                .unwrap();
            assert!(sent.failed.is_empty(), "{sent:?}");
        }
    }

    /// The ledger's entries, in the order of the alerts, once every delivery is
    /// over or patience ends.
    async fn settled(&self, began: Instant, patience: Duration) -> Vec<Entry> {
        let mut entries = Vec::new();
        for id in &self.ids {
            let mut entry = Entry::of(&self.site, id).await;
            while !self.is_over(&entry) && began.elapsed() < patience {
                tokio::time::sleep(LOOK).await;
                entry = Entry::of(&self.site, id).await;
            }
            entries.push(entry);
        }
        entries
    }

    fn is_over(&self, entry: &Entry) -> bool {
        self.destinations.iter().all(|one| {
            let delivery = entry.deliveries.get(&one.id);
            delivery.is_some_and(Delivery::is_over)
        })
    }

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

    /// The alerts of this trial that a text speaks of. A message may name its
    /// alert more than once.
    fn ids_in<'a>(&self, text: &'a str) -> BTreeSet<&'a str> {
        text.match_indices(&self.label)
            .filter_map(|(at, label)| text.get(at..at + label.len() + NUMBER))
            .filter(|id| id[self.label.len()..].bytes().all(|b| b.is_ascii_digit()))
            .collect()
    }

    /// Compares what arrived with what the ledger says and the scenario wants.
    async fn close(&self, scenario: &Scenario, entries: &[Entry], recovered: Duration) -> Row {
        let mut row = Row::new(scenario.fault.clone(), &self.destinations, self.ids.len());
        row.recovered = Some(recovered);
        row.calls = self.site.simulator.count(&self.label).await.received;
        for destination in &self.destinations {
            let arrivals = self.arrivals(destination).await;
            for (id, entry) in self.ids.iter().zip(entries) {
                let arrived = arrivals.get(id.as_str()).copied().unwrap_or(0);
                let delivery = entry.deliveries.get(&destination.id);
                let state = delivery.map_or("none", |one| one.state.as_str());
                let kind = delivery.map_or("", |one| one.kind());
                row.duplicates += arrived.saturating_sub(1);
                row.delivered += usize::from(arrived > 0);
                let (kept, permitted) = match scenario.end {
                    End::Delivered => (arrived > 0 && state == "DELIVERED", 1),
                    End::Failed(wanted) => (state == "FAILED" && kind == wanted, 0),
                };
                row.ended += usize::from(kept && scenario.end != End::Delivered);
                if !kept {
                    row.lost += usize::from(arrived == 0);
                    *row.wrong.entry(format!("{state} {kind}")).or_default() += 1;
                }
                let permitted = permitted + usize::from(scenario.duplicates == Duplicates::OneEach);
                if arrived > permitted {
                    *row.wrong
                        .entry(format!("arrived {arrived} times"))
                        .or_default() += 1;
                }
                if !entry.is_recorded {
                    *row.wrong.entry("not in the ledger".to_owned()).or_default() += 1;
                }
            }
        }
        let met = |kind: &str| {
            let mut deliveries = entries.iter().flat_map(|one| one.deliveries.values());
            deliveries.any(|one| one.met(kind))
        };
        if let Some(kind) = scenario.meets.filter(|kind| !met(kind)) {
            row.wrong.insert(format!("no attempt was {kind}"), 1);
        }
        row
    }

    /// Adds what the scenario itself looks at, and which faults never happened.
    async fn look(self: &Arc<Self>, scenario: &Scenario, row: &mut Row) {
        for check in &scenario.checks {
            match check(self.clone()).await {
                Ok(note) => row.notes.push(note),
                Err(wrong) => *row.wrong.entry(wrong).or_default() += 1,
            }
        }
        row.unused = self.unused().await;
    }

    /// Faults that were ordered and never happened.
    async fn unused(&self) -> Vec<Value> {
        let mut unused = self.site.proxy.left(&self.label).await;
        unused.extend(self.site.simulator.left(&self.label).await);
        // A limit lasts until it is withdrawn.
        unused.retain(|one| one["perSecond"].is_null());
        unused
    }
}
