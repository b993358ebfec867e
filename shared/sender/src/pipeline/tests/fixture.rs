//! A sender with a ledger in memory, a recorded retry queue and a scripted transport.

use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tocsin_aws::{Clients, Env, Ledger, Queue, SecretStore};
use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, AlertId};
use tocsin_core::delivery::{
    AlertDeliveries, Delivery, DeliveryBatch, Drain, NewDelivery, Purpose, State,
};
use tocsin_core::destination::{DestinationId, ProviderName};
use tocsin_core::health::{DetectionKey, Health, Observation};
use tocsin_core::history::DeliveryRecord;
use tocsin_core::outbox::DueEntry;
use tocsin_core::outcome::{Failure, FailureKind, Outcome, Receipt};
use tocsin_core::retry::RetryPolicy;
use tocsin_testing::alert;
use tocsin_testing::aws::{Answer, Replay};

use super::super::{HealthCache, Sender};
use crate::transport::{AttemptInput, Context, Transport};
use crate::{AddressPolicy, Config, HttpClient};

/// The destination of the deliveries, and its fallback.
pub(super) const ID: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11";
pub(super) const FALLBACK: &str = "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d12";

/// The file without destinations and secrets that makes the ledger one in memory.
static OFFLINE: LazyLock<PathBuf> = LazyLock::new(|| {
    let file = std::env::temp_dir().join(format!("tocsin-{}.json", std::process::id()));
    std::fs::write(&file, r#"{"destinations": [], "secrets": {}}"#).unwrap();
    file
});

pub(super) fn id(text: &str) -> DestinationId {
    DestinationId::parse(text).unwrap()
}

/// The outcomes of attempts, by alert; records the alerts in the order of attempts.
pub(super) struct Scripted {
    outcome: fn(&str) -> Outcome,
    attempted: Mutex<Vec<String>>,
}

impl Transport for Scripted {
    const NAME: &'static str = "webhook";

    async fn deliver(&self, _context: &Context, input: AttemptInput<'_>) -> Outcome {
        let alert = input.alert.alert_id.as_str();
        self.attempted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(alert.to_owned());
        (self.outcome)(alert)
    }
}

pub(super) fn accepted(_alert: &str) -> Outcome {
    Outcome::Delivered(Receipt::default())
}

pub(super) fn unreachable(_alert: &str) -> Outcome {
    Outcome::transient(Failure::new(FailureKind::Unreachable, "no route"))
}

pub(super) fn crashed(_alert: &str) -> Outcome {
    Outcome::transient(Failure::new(FailureKind::Crashed, "a bug"))
}

pub(super) fn refused(_alert: &str) -> Outcome {
    Outcome::rejected(Failure::new(FailureKind::Refused, "too odd"))
}

pub(super) fn misconfigured(_alert: &str) -> Outcome {
    Outcome::rejected(Failure::new(FailureKind::Misconfigured, "no such channel"))
}

/// A message that was sent, and its delay in seconds.
pub(super) type Sent = (Value, u64);

pub(super) struct Fixture {
    pub(super) sender: Sender<Scripted>,
    queue: Replay,
}

impl Fixture {
    pub(super) async fn new(outcome: fn(&str) -> Outcome) -> Self {
        let offline = ("TOCSIN_OFFLINE".to_owned(), OFFLINE.display().to_string());
        let clients = Clients::load(&Env::from_iter([offline])).await.unwrap();
        let taken = Answer::new(200, r#"{"Successful": [], "Failed": []}"#);
        let queue = Replay::of(vec![taken; 20]);
        let retention = Duration::from_hours(1);
        let ledger = Ledger::new(&clients, "ledger", retention);
        let sender = Sender {
            provider: ProviderName::new("webhook").unwrap(),
            transport: Scripted {
                outcome,
                attempted: Mutex::default(),
            },
            context: Context {
                http: HttpClient::new(AddressPolicy::PublicHttps).unwrap(),
                secrets: SecretStore::new(&clients),
            },
            config: Config {
                ledger_table: "ledger".to_owned(),
                retention,
                retry_queue_url: "https://sqs.example.com/retries".to_owned(),
                canary_destination: None,
                policy: RetryPolicy::default(),
                addresses: AddressPolicy::PublicHttps,
            },
            retry_queue: Queue::new(&Clients::of(queue.config()), "https://sqs.example.com/q"),
            health: HealthCache::new(ledger.clone()),
            ledger,
        };
        Self { sender, queue }
    }

    /// Records fresh deliveries of these alerts, and returns them as a router sends them.
    /// Each alert is of another detection.
    pub(super) async fn recorded(&self, alerts: &[&str], more: &Value) -> Vec<AlertDeliveries> {
        let entries: Vec<_> = alerts.iter().map(|one| entry(one, more)).collect();
        let now = Timestamp::now();
        let new: Vec<_> = entries
            .iter()
            .map(|one| new_delivery(one, ID, now))
            .collect();
        for added in self.sender.ledger.add_deliveries(&new, now).await {
            added.unwrap();
        }
        entries
    }

    /// Records the delivery to the fallback that waits beside each of these.
    pub(super) async fn with_fallbacks(&self, entries: &[AlertDeliveries]) {
        let now = Timestamp::now();
        let later = now.plus(Duration::from_hours(1));
        let fallback = |one| NewDelivery {
            fallback_for: Some(id(ID)),
            ..new_delivery(one, FALLBACK, later)
        };
        let new: Vec<_> = entries.iter().map(fallback).collect();
        for added in self.sender.ledger.add_deliveries(&new, now).await {
            added.unwrap();
        }
    }

    /// The destination is unreachable, and its breaker open.
    pub(super) async fn open_breaker(&self) {
        self.fail(FailureKind::Unreachable, Timestamp::now()).await;
    }

    /// The destination failed at this time, and its breaker opened.
    pub(super) async fn fail(&self, kind: FailureKind, at: Timestamp) {
        let fault = Observation::Fault {
            failure: Failure::new(kind, "away"),
            retry_after: Some(Duration::from_mins(1)),
        };
        let detection = DetectionKey::of("x");
        self.store(Health::default().record(&[(detection, fault)], at, 0.5))
            .await;
    }

    /// The destination has this health.
    pub(super) async fn store(&self, health: Health) {
        let stored = self
            .sender
            .health
            .change(id(ID), |_| Some((health.clone(), ())));
        stored.await.unwrap();
    }

    /// Handles a batch of the fast path.
    pub(super) async fn deliver(&self, alerts: Vec<AlertDeliveries>) {
        let batch = DeliveryBatch {
            alerts,
            drain: None,
            purpose: Purpose::Delivery,
        };
        self.handle(batch).await;
    }

    /// Handles a drain whose lease ends after so many seconds, and returns its lease.
    pub(super) async fn drain(&self, alerts: Vec<AlertDeliveries>, seconds: u64) -> Drain {
        let now = Timestamp::now();
        let drain = Drain {
            destination_id: id(ID),
            until: now.plus(Duration::from_secs(seconds)),
        };
        let taken = self
            .sender
            .ledger
            .take_drain(id(ID), drain.until, now)
            .await;
        taken.unwrap();
        self.handle(DeliveryBatch {
            alerts,
            drain: Some(drain),
            purpose: Purpose::Delivery,
        })
        .await;
        drain
    }

    async fn handle(&self, batch: DeliveryBatch) {
        let deadline = SystemTime::now() + Duration::from_mins(1);
        self.sender.handle(batch, deadline).await.unwrap();
    }

    pub(super) fn attempted(&self) -> Vec<String> {
        let attempted = self.sender.transport.attempted.lock();
        attempted.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the ledger holds of the delivery of this alert.
    pub(super) async fn record(&self, alert: &str, destination: &str) -> Option<DeliveryRecord> {
        let key = (AlertId::new(alert).unwrap(), id(destination));
        let keys = std::slice::from_ref(&key);
        let mut records = self.sender.ledger.records(keys).await.unwrap();
        Some(records.remove(&key)?.unwrap())
    }

    pub(super) async fn state(&self, alert: &str) -> (State, u32) {
        let record = self.record(alert, ID).await.unwrap();
        (record.state, record.attempt)
    }

    /// What is in the outbox, in its order.
    pub(super) async fn outbox(&self) -> Vec<DueEntry> {
        let mut entries = self.sender.ledger.outbox_page(None).await.unwrap().entries;
        entries.sort_by_key(|one| one.due);
        entries
    }

    pub(super) fn sent(&self) -> Vec<Sent> {
        let calls = self.queue.asked();
        let messages = calls.iter().flat_map(|call| {
            let call: Value = serde_json::from_str(&call.body).unwrap();
            call["Entries"].as_array().unwrap().clone()
        });
        messages
            .map(|one| {
                let body = serde_json::from_str(one["MessageBody"].as_str().unwrap()).unwrap();
                (body, one["DelaySeconds"].as_u64().unwrap_or_default())
            })
            .collect()
    }
}

/// An alert with its delivery to [`ID`]; `more` has further fields of the delivery.
pub(super) fn entry(alert_id: &str, more: &Value) -> AlertDeliveries {
    let alert: Alert = alert(&json!({
        "id": format!("detection of {alert_id}"), "alertId": alert_id, "type": "RULE",
        "createdAt": "2026-01-01T00:00:00Z", "severity": "MEDIUM",
    }));
    let mut delivery = json!({
        "destinationId": ID, "displayName": "d", "settings": {}, "attempt": 1,
        "recorded": "yes", "beganAt": Timestamp::now(),
    });
    for (field, value) in more.as_object().unwrap() {
        delivery[field] = value.clone();
    }
    let delivery: Delivery = serde_json::from_value(delivery).unwrap();
    AlertDeliveries {
        severity: alert.severity,
        alert,
        deliveries: vec![delivery],
    }
}

fn new_delivery(entry: &AlertDeliveries, destination: &str, due: Timestamp) -> NewDelivery {
    NewDelivery {
        alert_id: entry.alert.alert_id.clone(),
        destination_id: id(destination),
        display_name: "d".to_owned(),
        provider: ProviderName::new("webhook").unwrap(),
        detection_id: entry.alert.detection_id.clone(),
        severity: entry.severity,
        due,
        fallback_for: None,
    }
}
