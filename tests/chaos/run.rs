//! One run of a scenario: from the fault to the end of the last delivery.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use serde_json::{Value, json};
use tocsin_core::Timestamp;

use crate::controls::Control;
use crate::destination::{Destination, Role, Wanted};
use crate::ledger::{Delivery, Entry};
use crate::ledger_check::Seen;
use crate::scenario::{Extent, Injection, Lift, Scenario};
use crate::table::{Audit, Row};
use tocsin_tests::harness::{Stack, alert_for, unique};

/// Between two reads of the ledger.
const POLL: Duration = Duration::from_millis(250);

/// The router's copy of the destinations may be 2 s old when an alert names one
/// that is not in it.
const IN_FORCE: Duration = Duration::from_millis(2_100);

/// Digits behind the label, in an alert's id.
pub(crate) const NUMBER: usize = 5;

/// What all runs share.
pub(crate) struct Site {
    pub(crate) stack: Stack,
    pub(crate) simulator: Control,
    pub(crate) proxy: Control,
    /// Alerts received since then are of these scenarios.
    began: Timestamp,
}

/// One scenario with its destinations and alerts.
pub(crate) struct Run {
    pub(crate) site: Arc<Site>,
    /// Part of every id and name of this run, and of no other.
    pub(crate) label: String,
    pub(crate) ids: Vec<String>,
    /// The scenario's own, then its fallback.
    pub(crate) destinations: Vec<Destination>,
    /// Whether Lambda or SQS repeats something of it.
    has_repetitions: AtomicBool,
}

/// A run whose deliveries are over, or should be.
pub(crate) struct Ended {
    run: Arc<Run>,
    scenario: Scenario,
    /// When its first alert was sent.
    begun: Instant,
    over: Instant,
    recovered: Duration,
    seen: Seen,
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

impl Run {
    /// Runs a scenario until its deliveries are over.
    pub(crate) async fn start(site: Arc<Site>, scenario: Scenario) -> Ended {
        let run = Arc::new(Self::prepare(site, &scenario).await);
        for act in &scenario.before {
            act(run.clone()).await;
        }
        for injection in (scenario.injections)(&run) {
            run.inject(injection).await;
        }
        let begun = Instant::now();
        let mut fault_over = begun;
        match &scenario.send {
            Some(send) => send(run.clone()).await,
            None => run.send().await,
        }
        if let Lift::After(wait, act) = &scenario.lift {
            tokio::time::sleep_until((begun + *wait).into()).await;
            act(run.clone()).await;
            fault_over = Instant::now();
        }
        let late = run.settled(fault_over, scenario.patience).await;
        let over = Instant::now();
        let mut seen = run.observe(&scenario).await;
        if late > 0 {
            let patience = scenario.patience.as_secs();
            seen.wrong
                .insert(format!("not over after {patience} s"), late);
        }
        Ended {
            run,
            scenario,
            begun,
            over,
            recovered: over - fault_over,
            seen,
        }
    }

    async fn prepare(site: Arc<Site>, scenario: &Scenario) -> Self {
        let label = format!("{}-", unique("chaos"));
        let base = match &scenario.base {
            Some(base) => base(site.clone()).await,
            None => site.stack.simulator(""),
        };
        let wanted = |via, role, name: &str| Wanted {
            via,
            role,
            name: format!("{label}{name}"),
            base: &base,
            fallback: None,
            most_attempts: None,
        };
        let fallback = match scenario.fallback {
            Some(via) => {
                let wanted = wanted(via, Role::Fallback, "fallback");
                Some(Destination::add(&site, wanted).await)
            }
            None => None,
        };
        let mut destinations = Vec::new();
        for (at, via) in scenario.via.iter().enumerate() {
            let mut wanted = wanted(*via, Role::Target, &at.to_string());
            if at == 0 {
                wanted.fallback = fallback.as_ref();
                wanted.most_attempts = scenario.most_attempts;
            }
            destinations.push(Destination::add(&site, wanted).await);
        }
        destinations.extend(fallback);
        tokio::time::sleep(IN_FORCE).await;
        let ids = (0..scenario.alerts).map(|at| format!("{label}{at:0NUMBER$}"));
        Self {
            ids: ids.collect(),
            site,
            label,
            destinations,
            has_repetitions: AtomicBool::new(false),
        }
    }

    /// Injects a fault for the requests of this run.
    pub(crate) async fn inject(&self, injection: Injection) {
        if injection.has_repetitions() {
            self.has_repetitions.store(true, Ordering::Relaxed);
        }
        match injection {
            Injection::Aws(injection) => self.site.proxy.inject(&injection).await,
            Injection::Vendor(mut injection) => {
                injection["path"] = json!(self.destinations[0].path);
                injection["about"] = json!(self.label);
                self.site.simulator.inject(&injection).await;
            }
        }
    }

    /// An alert of this run, as a detection would send it.
    pub(crate) fn alert(&self, id: &str) -> Value {
        let names: Vec<_> = self
            .destinations
            .iter()
            .filter(|one| one.role == Role::Target)
            .map(|one| one.name.as_str())
            .collect();
        alert_for(id, &names)
    }

    /// Puts all alerts on the queue.
    pub(crate) async fn send(&self) {
        self.send_some(&self.ids).await;
    }

    pub(crate) async fn send_some(&self, ids: &[String]) {
        let alerts: Vec<_> = ids.iter().map(|id| self.alert(id)).collect();
        self.send_alerts(&alerts).await;
    }

    pub(crate) async fn send_alerts(&self, alerts: &[Value]) {
        let sqs = self.site.stack.sqs();
        for batch in alerts.chunks(10) {
            let entries = batch.iter().enumerate().map(|(at, alert)| {
                SendMessageBatchRequestEntry::builder()
                    .id(at.to_string())
                    .message_body(alert.to_string())
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

    /// The number of alerts with deliveries that are not over.
    pub(crate) async fn unsettled(&self) -> usize {
        let mut unsettled = 0;
        for id in &self.ids {
            unsettled += usize::from(!self.is_over(&Entry::of(&self.site, id).await));
        }
        unsettled
    }

    /// Waits until every delivery is over, or patience ends; gives the number of
    /// alerts with deliveries that are not over then.
    async fn settled(&self, began: Instant, patience: Duration) -> usize {
        let mut late = 0;
        for id in &self.ids {
            let mut is_over = self.is_over(&Entry::of(&self.site, id).await);
            while !is_over && began.elapsed() < patience {
                tokio::time::sleep(POLL).await;
                is_over = self.is_over(&Entry::of(&self.site, id).await);
            }
            late += usize::from(!is_over);
        }
        late
    }

    fn is_over(&self, entry: &Entry) -> bool {
        self.destinations.iter().all(|one| {
            let delivery = entry.deliveries.get(&one.id);
            delivery.is_some_and(Delivery::is_over)
        })
    }
}

impl Ended {
    /// Its row of the table, by the present state.
    pub(crate) async fn row(&self) -> Row {
        let mut row = self.run.ledger_check(&self.scenario).await;
        row.recovered = Some(self.recovered);
        row.add(&self.seen);
        row
    }

    /// When all its repetitions have happened; none if nothing is repeated.
    pub(crate) fn last_repetition(&self, extent: Extent) -> Option<Instant> {
        let repeats = self.run.has_repetitions.load(Ordering::Relaxed);
        repeats.then(|| extent.aftermath(self.begun, self.over))
    }
}
