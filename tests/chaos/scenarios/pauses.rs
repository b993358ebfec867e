//! What goes wrong while a destination is paused, or with the pause itself.

use std::sync::Arc;

use serde_json::json;
use tocsin_tests::simulator::Received;

use super::{aws, seconds};
use crate::destination::Via;
use crate::scenario::{Scenario, Stage};
use crate::trial::Trial;

pub(super) fn all() -> Vec<Scenario> {
    vec![
        Scenario::new("429, then 401", Via::Webhook)
            .alerts(10)
            .before(|trial| async move { trial.pause(6).await })
            .vendor(json!({"status": 401, "times": 1_000}))
            .fails(&["unauthorized"])
            .patience(seconds(60))
            .taken_back(),
        poison(),
        no_way_back(),
        Scenario::new(
            "sender killed between queueing a wait and the record",
            Via::Asana,
        )
        .stage(Stage::MoreKills)
        .before(|trial| async move { trial.pause(8).await })
        .orders(|trial| {
            let about = [trial.label.as_str()];
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

/// Alerts that come during a pause cannot be put off, for longer than their
/// sender lives. The pause is over when Lambda repeats it.
fn no_way_back() -> Scenario {
    Scenario::new(
        "retry queue unavailable for 75 s while a destination is paused",
        Via::Webhook,
    )
    .stage(Stage::Router)
    .before(|trial| async move { trial.pause(20).await })
    .orders(|trial| {
        let about = [trial.label.as_str()];
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

/// One alert in two is more than the destination can bear: the others must not
/// wait for those.
fn poison() -> Scenario {
    Scenario::new(
        "20 alerts at which the connection breaks, among 20 good ones",
        Via::Webhook,
    )
    .alerts(20)
    .before(|trial| async move {
        let trouble = json!({
            "path": trial.destinations[0].path, "about": word(&trial),
            "mishap": "reset", "times": 10_000,
        });
        trial.site.simulator.order(&trouble).await;
    })
    .send(|trial| async move {
        let mixed: Vec<_> = (0..)
            .zip(&trial.ids)
            .flat_map(|(at, good)| [format!("{}{at}", word(&trial)), good.clone()])
            .collect();
        trial.send_some(&mixed).await;
    })
    .patience(seconds(60))
    .check(broke)
    .taken_back()
}

/// In the ids, and so in the messages, of the alerts that it cannot bear.
fn word(trial: &Trial) -> String {
    format!("{}poison", trial.label)
}

async fn broke(trial: Arc<Trial>) -> Result<String, String> {
    let word = word(&trial);
    let bad = trial.site.simulator.received(&word).await;
    if bad.is_empty() || bad.iter().any(Received::is_accepted) {
        return Err(format!("of what breaks it had {} calls", bad.len()));
    }
    Ok(format!("{} connections broke", bad.len()))
}
