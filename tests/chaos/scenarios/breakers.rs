//! Faults while a destination's circuit breaker is open.

use std::sync::Arc;

use serde_json::json;
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
            .fails(&["unauthorized"])
            .patience(seconds(60))
            .with_faults_removed(),
        poison(),
        no_retry_queue(),
        Scenario::new(
            "sender killed between queueing a wait and the record",
            Via::Asana,
        )
        .stage(Stage::MoreKills)
        .before(|run| async move { run.open_breaker(8).await })
        .inject(|run| {
            let about = [run.label.as_str()];
            vec![aws(
                "sqs",
                "SendMessage",
                &about,
                "killAfter",
                ("times", 1.0),
            )]
        })
        .patience(seconds(200)),
    ]
}

/// Alerts that come while the breaker is open cannot be deferred, for longer than
/// their sender runs. The breaker is closed when Lambda repeats the invocation.
fn no_retry_queue() -> Scenario {
    Scenario::new(
        "retry queue unavailable for 75 s while a destination is paused",
        Via::Webhook,
    )
    .stage(Stage::Router)
    .before(|run| async move { run.open_breaker(20).await })
    .inject(|run| {
        let about = [run.label.as_str()];
        vec![aws(
            "sqs",
            "SendMessage",
            &about,
            "unavailable",
            ("forSeconds", 75.0),
        )]
    })
    .patience(seconds(420))
}

/// The destination cannot digest one alert in two: the others must not wait for
/// those.
fn poison() -> Scenario {
    Scenario::new(
        "20 alerts at which the connection breaks, among 20 good ones",
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
        let mixed: Vec<_> = (0..)
            .zip(&run.ids)
            .flat_map(|(at, good)| [format!("{}{at}", word(&run)), good.clone()])
            .collect();
        run.send_some(&mixed).await;
    })
    .patience(seconds(60))
    .check(broke)
    .with_faults_removed()
}

/// Part of the ids, and so of the messages, of the alerts that it cannot digest.
fn word(run: &Run) -> String {
    format!("{}poison", run.label)
}

async fn broke(run: Arc<Run>) -> Result<String, String> {
    let word = word(&run);
    let bad = run.site.simulator.received(&word).await;
    if bad.is_empty() || bad.iter().any(Received::is_accepted) {
        return Err(format!(
            "{} calls of alerts that break the connection",
            bad.len()
        ));
    }
    Ok(format!("{} connections broke", bad.len()))
}
