//! Batches whose senders are killed again and again.

use std::sync::Arc;

use serde_json::{Value, json};

use super::traffic::at_once;
use super::{CLAIM, aws, seconds};
use crate::destination::Via;
use crate::run::Run;
use crate::scenario::{Scenario, Stage};

/// Lambda's last repetition ends after three minutes.
const LAST_REPETITION: u64 = 240;

pub(super) fn all() -> Vec<Scenario> {
    vec![
        // An attempt counts even when no sender survives it.
        Scenario::new("sender killed at every try", Via::Opsgenie)
            .stage(Stage::Kills)
            .alerts(1)
            .most_attempts(3)
            .vendor(json!({"mishap": "kill", "times": 1_000}))
            .send(|run| at_once(run, 1))
            .exhausts()
            .most_calls(3)
            .patience(seconds(420))
            .with_faults_removed(),
        Scenario::new("sender killed three times, redriven", Via::Webhook)
            .stage(Stage::MoreKills)
            .inject(|run| {
                let about = [CLAIM, run.label.as_str()];
                vec![aws(
                    "dynamodb",
                    "BatchExecute",
                    &about,
                    "killBefore",
                    ("times", 3.0),
                )]
            })
            .send(given_up_and_redriven)
            .patience(seconds(LAST_REPETITION + 60)),
    ]
}

/// Waits until the failed dispatch is a dead letter, and redrives all dead letters:
/// deliveries in the others are settled, and must not be sent again.
async fn given_up_and_redriven(run: Arc<Run>) {
    at_once(run.clone(), 1).await;
    let list = json!({"operation": "listDeadLetters", "queue": "handOvers", "limit": 100});
    let sent = std::time::Instant::now();
    while !asked(&run, &list).await["letters"]
        .to_string()
        .contains(&run.label)
    {
        assert!(
            sent.elapsed() < seconds(LAST_REPETITION),
            "no dead letter after {LAST_REPETITION} s"
        );
        tokio::time::sleep(seconds(5)).await;
    }
    let redrive = json!({
        "operation": "redriveDeadLetters", "queue": "handOvers", "which": "all", "actor": "chaos",
    });
    let redriven = asked(&run, &redrive).await;
    let dead_letters = redriven["letters"].as_array().unwrap();
    assert!(
        !dead_letters.is_empty() && dead_letters.iter().all(|one| one["result"] == "sent"),
        "{redriven:#}"
    );
}

async fn asked(run: &Run, request: &Value) -> Value {
    let answer = run.site.stack.invoke("api", request).await;
    assert!(answer["ok"].is_object(), "{answer:#}");
    answer["ok"].clone()
}
