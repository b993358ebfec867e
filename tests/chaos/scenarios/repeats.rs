//! Hand-overs at which senders end again and again.

use std::sync::Arc;

use serde_json::{Value, json};

use super::traffic::at_once;
use super::{CLAIM, aws, seconds};
use crate::destination::Via;
use crate::scenario::{Scenario, Stage};
use crate::trial::Trial;

/// Lambda's last repetition ends after three minutes.
const LAST_REPETITION: u64 = 240;

pub(super) fn all() -> Vec<Scenario> {
    vec![
        // An attempt that nobody survives counts as one.
        Scenario::new("sender killed at every try", Via::Opsgenie)
            .stage(Stage::Kills)
            .alerts(1)
            .most_attempts(3)
            .vendor(json!({"mishap": "kill", "times": 1_000}))
            .send(|trial| at_once(trial, 1))
            .exhausts()
            .most_calls(3)
            .patience(seconds(420))
            .taken_back(),
        Scenario::new("sender killed three times, redriven", Via::Webhook)
            .stage(Stage::MoreKills)
            .orders(|trial| {
                let about = [CLAIM, trial.label.as_str()];
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

/// Waits until the hand-over is a dead letter, and puts all there are back:
/// whatever else lies there is settled, and must not be sent again.
async fn given_up_and_redriven(trial: Arc<Trial>) {
    at_once(trial.clone(), 1).await;
    let list = json!({"operation": "listDeadLetters", "queue": "handOvers", "limit": 100});
    let sent = std::time::Instant::now();
    while !asked(&trial, &list).await["letters"]
        .to_string()
        .contains(&trial.label)
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
    let redriven = asked(&trial, &redrive).await;
    let letters = redriven["letters"].as_array().unwrap();
    assert!(
        !letters.is_empty() && letters.iter().all(|one| one["result"] == "sent"),
        "{redriven:#}"
    );
}

async fn asked(trial: &Trial, request: &Value) -> Value {
    let answer = trial.site.stack.invoke("api", request).await;
    assert!(answer["ok"].is_object(), "{answer:#}");
    answer["ok"].clone()
}
