//! Faults while a destination's circuit breaker is open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tocsin_core::Timestamp;
use tocsin_tests::simulator::Received;

use super::{aws, seconds};
use crate::destination::Via;
use crate::run::Run;
use crate::scenario::{Scenario, Stage};

pub(super) fn all() -> Vec<Scenario> {
    vec![
        Scenario::new("429, then 401", Via::Webhook)
            .alerts(10)
            .before(|run| async move { run.open_breaker(6).await })
            .vendor(json!({"status": 401, "times": 1_000}))
            .meets("unauthorized")
            .lift(seconds(20), |run| async move {
                run.nothing_has_ended().await;
                run.fix().await;
            })
            .patience(seconds(60)),
        poison(),
        poison_beside_real(),
        no_retry_queue(),
    ]
}

/// Alerts that come while the breaker is open wait in the ledger; the wake-up that
/// would end their wait is not sent.
fn no_retry_queue() -> Scenario {
    Scenario::new(
        "retry queue unavailable for 75 s while a circuit breaker is open",
        Via::Webhook,
    )
    .stage(Stage::Router)
    .before(|run| async move { run.open_breaker(20).await })
    .inject(|run| {
        let about = [run.destinations[0].id.as_str()];
        vec![aws(
            "sqs",
            "SendMessage",
            &about,
            "unavailable",
            ("forSeconds", 75.0),
        )]
    })
    .patience(seconds(300))
}

/// How long poison is sent, in seconds. The virtual clock has ten minutes of it.
const POISONED: usize = 30;

/// A real alert is sent each so many seconds.
const REAL: usize = 5;

/// One alert a second at whose content the receiver answers 500, and real ones between:
/// each of these must arrive within ten seconds.
fn poison_beside_real() -> Scenario {
    let sent = Arc::new(Mutex::new(HashMap::new()));
    let known = sent.clone();
    Scenario::new(
        "an alert a second that is answered 500, beside real ones",
        Via::Webhook,
    )
    .alerts(POISONED / REAL)
    .before(|run| async move {
        let trouble = json!({
            "path": run.destinations[0].path, "about": word(&run), "status": 500,
            "times": 10_000,
        });
        run.site.simulator.inject(&trouble).await;
    })
    .send(move |run| send_poison(run, known.clone()))
    .patience(seconds(30))
    .check(move |run| arrived_soon(run, sent.clone()))
    .check(poison_failed)
    .with_faults_removed()
    .short()
}

/// When each real alert was sent, in milliseconds since 1970.
type Times = Arc<Mutex<HashMap<String, u64>>>;

async fn send_poison(run: Arc<Run>, sent: Times) {
    for second in 0..POISONED {
        let alert = poisonous(&run, second);
        run.site.stack.send(&alert.to_string()).await;
        if second % REAL == REAL - 1 {
            let id = &run.ids[second / REAL];
            let now = Timestamp::now().unix_millis().unsigned_abs();
            sent.lock().unwrap().insert(id.clone(), now);
            run.send_some(std::slice::from_ref(id)).await;
        }
        tokio::time::sleep(seconds(1)).await;
    }
}

async fn arrived_soon(run: Arc<Run>, sent: Times) -> Result<String, String> {
    let arrived = run.accepted_at(0).await;
    let sent = sent.lock().unwrap();
    let took = |(id, sent): (&String, &u64)| {
        let arrived = arrived.get(id).copied().unwrap_or(u64::MAX);
        Duration::from_millis(arrived.saturating_sub(*sent))
    };
    let slowest = sent.iter().map(took).max().unwrap_or_default();
    let said = format!("the slowest real alert took {} ms", slowest.as_millis());
    if slowest < seconds(10) {
        Ok(said)
    } else {
        Err(said)
    }
}

/// The destination cannot process one alert in two: the others must not wait for
/// those.
fn poison() -> Scenario {
    Scenario::new(
        "20 alerts of one detection at which the connection breaks, among 20 good ones",
        Via::Webhook,
    )
    .alerts(20)
    .before(|run| async move {
        let trouble = json!({
            "path": run.destinations[0].path, "about": word(&run),
            "mishap": "reset", "times": 10_000,
        });
        run.site.simulator.inject(&trouble).await;
    })
    .send(|run| async move {
        for (at, good) in run.ids.iter().enumerate() {
            run.site.stack.send(&poisonous(&run, at).to_string()).await;
            run.send_some(std::slice::from_ref(good)).await;
        }
    })
    .patience(seconds(60))
    .check(poison_failed)
    .with_faults_removed()
}

/// An alert that the destination cannot process, of a detection of its own.
fn poisonous(run: &Run, number: usize) -> Value {
    let mut alert = run.alert(&format!("{}{number}", word(run)));
    alert["id"] = json!("Chaos.Poison");
    alert
}

/// Part of the ids, and so of the messages, of the alerts that it cannot process.
fn word(run: &Run) -> String {
    format!("{}poison", run.label)
}

async fn poison_failed(run: Arc<Run>) -> Result<String, String> {
    let word = word(&run);
    let bad = run.site.simulator.received(&word).await;
    if bad.is_empty() || bad.iter().any(Received::is_accepted) {
        return Err(format!(
            "{} calls of the alerts that it cannot process",
            bad.len()
        ));
    }
    Ok(format!("{} calls of the others failed", bad.len()))
}
