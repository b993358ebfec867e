//! Senders that are killed again and again.

use serde_json::json;

use super::traffic::at_once;
use super::{CLAIM, aws, seconds};
use crate::destination::Via;
use crate::scenario::{Scenario, Stage};

/// What a killed sender held is due after its lease; a drain whose sender is killed
/// holds its destination for 100 s, and a sweep finds the delivery then.
const THREE_DRAINS: std::time::Duration = seconds(900);

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
            .patience(THREE_DRAINS)
            .with_faults_removed(),
        Scenario::new("sender killed three times before the claim", Via::Webhook)
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
            .send(|run| at_once(run, 1))
            .patience(THREE_DRAINS),
    ]
}
