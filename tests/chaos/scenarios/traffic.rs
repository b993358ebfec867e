//! Alerts that come twice, at once, or among what is none.

use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::destination::Via;
use crate::scenario::Scenario;
use crate::trial::Trial;

pub(super) fn all() -> Vec<Scenario> {
    vec![
        Scenario::new("poison records among good ones", Via::Webhook)
            .send(poison)
            .short(),
        Scenario::new("the same batch twice, at the same time", Via::Webhook)
            .alerts(10)
            .send(|trial| at_once(trial, 2))
            .short(),
        Scenario::new("eight claimants of each delivery", Via::Webhook)
            .alerts(10)
            .send(|trial| at_once(trial, 8))
            .short(),
        Scenario::new("each alert five times", Via::SlackHook).send(|trial| async move {
            for _ in 0..5 {
                trial.send().await;
            }
        }),
    ]
}

/// The router gets the same batch this often at once.
async fn at_once(trial: Arc<Trial>, times: usize) {
    let records: Vec<Value> = trial
        .ids
        .iter()
        .map(|id| {
            json!({
                "messageId": id, "body": trial.alert(id).to_string(), "eventSource": "aws:sqs",
                "eventSourceARN": trial.site.stack.output("AlertsQueueArn"),
            })
        })
        .collect();
    let event = json!({"Records": records});
    let (stack, event) = (&trial.site.stack, &event);
    let answers = join_all((0..times).map(|_| stack.invoke("router", event))).await;
    for answer in answers {
        assert_eq!(answer["batchItemFailures"], json!([]));
    }
}

/// Good alerts with bad ones before, between and behind them; the bad ones must
/// come to the dead-letter queue, each with its reason.
async fn poison(trial: Arc<Trial>) {
    let stack = &trial.site.stack;
    let without_severity = {
        let mut alert = trial.alert(&format!("{}poison", trial.label));
        alert.as_object_mut().unwrap().remove("severity");
        alert.to_string()
    };
    let poisons = [
        (format!("{} is no JSON", trial.label), "NotJson"),
        (json!([trial.label]).to_string(), "NotObject"),
        (without_severity, "MissingField"),
    ];
    for ((poison, _), id) in poisons.iter().zip(&trial.ids) {
        stack.send(poison).await;
        stack.send(&trial.alert(id).to_string()).await;
    }
    for (poison, reason) in &poisons {
        let letter = stack
            .take_message(stack.output("AlertsDlqUrl"), |message| {
                message.body.as_deref() == Some(poison)
            })
            .await;
        let attributes = letter.message_attributes.unwrap();
        let said = attributes["tocsinReason"].string_value.as_deref();
        assert_eq!(said, Some(*reason));
    }
}
