//! Alerts that come twice, at the same time, or among messages that are not alerts.

use std::sync::Arc;

use futures::future::join_all;
use serde_json::json;

use crate::destination::Via;
use crate::run::Run;
use crate::scenario::Scenario;

pub(super) fn all() -> Vec<Scenario> {
    vec![
        Scenario::new("poison records among good ones", Via::Webhook)
            .send(poison)
            .short(),
        Scenario::new("the same batch twice, at the same time", Via::Webhook)
            .alerts(10)
            .send(|run| at_once(run, 2))
            .short(),
        Scenario::new("eight claimants of each delivery", Via::Webhook)
            .alerts(10)
            .send(|run| at_once(run, 8))
            .short(),
        Scenario::new("each alert five times", Via::SlackHook).send(|run| async move {
            for _ in 0..5 {
                run.send().await;
            }
        }),
    ]
}

/// The router gets the same batch this often at the same time.
pub(super) async fn at_once(run: Arc<Run>, times: usize) {
    let alerts: Vec<_> = run.ids.iter().map(|id| run.alert(id)).collect();
    let (stack, alerts) = (&run.site.stack, &alerts);
    join_all((0..times).map(|_| stack.route(alerts))).await;
}

/// Good alerts with bad ones before, between and behind them; the bad ones must
/// come to the dead-letter queue, each with its reason.
async fn poison(run: Arc<Run>) {
    let stack = &run.site.stack;
    let without_severity = {
        let mut alert = run.alert(&format!("{}poison", run.label));
        alert.as_object_mut().unwrap().remove("severity");
        alert.to_string()
    };
    let poisons = [
        (format!("{} is not JSON", run.label), "NotJson"),
        (json!([run.label]).to_string(), "NotObject"),
        (without_severity, "MissingField"),
    ];
    for ((poison, _), id) in poisons.iter().zip(&run.ids) {
        stack.send(poison).await;
        stack.send(&run.alert(id).to_string()).await;
    }
    for (poison, reason) in &poisons {
        let dead_letter = stack
            .take_message(stack.output("AlertsDlqUrl"), |message| {
                message.body.as_deref() == Some(poison)
            })
            .await;
        let attributes = dead_letter.message_attributes.unwrap();
        let said = attributes["tocsinReason"].string_value.as_deref();
        assert_eq!(said, Some(*reason));
    }
}
