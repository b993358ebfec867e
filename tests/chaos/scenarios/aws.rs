//! Services of AWS that are throttled, away, or lose their answers.

use serde_json::json;

use super::{CLAIM, SETTLEMENT, aws, seconds};
use crate::destination::Via;
use crate::scenario::{Order, Scenario, Stage};

/// After an outage: what the router held is visible again after 180 s, and
/// Lambda repeats a sender's invocation after one minute and after two more.
const OUTAGE: std::time::Duration = seconds(600);

pub(super) fn all() -> Vec<Scenario> {
    let mut all = blips();
    all.extend(outages());
    all
}

/// Over before anyone's patience ends.
fn blips() -> Vec<Scenario> {
    let of = |fault: &str, via: Via, order: fn(&str) -> Order| {
        Scenario::new(fault, via).orders(move |trial| vec![order(&trial.label)])
    };
    vec![
        of("Lambda throttled twice", Via::Webhook, |label| {
            aws("lambda", "Invoke", &[label], "throttle", ("times", 2.0))
        })
        .short(),
        of("ledger throttled twice", Via::Webhook, |label| {
            aws(
                "dynamodb",
                "BatchExecute",
                &[label],
                "throttle",
                ("times", 2.0),
            )
        })
        .short(),
        of("answer to a claim lost", Via::Opsgenie, |label| {
            aws(
                "dynamodb",
                "BatchExecute",
                &[CLAIM, label],
                "lose",
                ("times", 1.0),
            )
        }),
        of("answer to a settlement lost", Via::Webhook, |label| {
            aws(
                "dynamodb",
                "BatchExecute",
                &[SETTLEMENT, label],
                "lose",
                ("times", 1.0),
            )
        })
        .short(),
        of(
            "ledger unavailable for 10 s to senders",
            Via::Teams,
            |label| {
                aws(
                    "dynamodb",
                    "BatchExecute",
                    &[CLAIM, label],
                    "unavailable",
                    ("forSeconds", 10.0),
                )
            },
        )
        .patience(seconds(240))
        .short(),
        unrecorded(Via::Jira),
        unrecorded(Via::Webhook),
        Scenario::new("retry queue loses its answer", Via::Webhook).orders(|trial| {
            vec![
                Order::Vendor(json!({"status": 503, "times": 3})),
                aws(
                    "sqs",
                    "SendMessage",
                    &[&trial.label],
                    "lose",
                    ("times", 1.0),
                ),
            ]
        }),
    ]
}

/// What was sent cannot be recorded for a while that is shorter than a sender lives.
fn unrecorded(via: Via) -> Scenario {
    Scenario::new("ledger unavailable for 20 s between post and record", via)
        .stage(Stage::MoreKills)
        .orders(|trial| {
            let about = [SETTLEMENT, trial.label.as_str()];
            vec![aws(
                "dynamodb",
                "BatchExecute",
                &about,
                "unavailable",
                ("forSeconds", 20.0),
            )]
        })
        .patience(seconds(300))
}

/// A minute without a service.
fn outages() -> Vec<Scenario> {
    let minute = |fault: &str, via: Via, service: &'static str, operation: &'static str| {
        Scenario::new(fault, via)
            .stage(Stage::Outages)
            .orders(move |_| {
                let order = aws(service, operation, &[], "unavailable", ("forSeconds", 60.0));
                vec![Order::Vendor(json!({"status": 503, "times": 3})), order]
            })
            .lift(seconds(60), |trial| async move { trial.is_held_up().await })
            .patience(OUTAGE)
    };
    vec![
        Scenario::new("Lambda throttled for 30 s", Via::Webhook)
            .stage(Stage::Router)
            .orders(|trial| {
                let about = [trial.label.as_str()];
                vec![aws(
                    "lambda",
                    "Invoke",
                    &about,
                    "throttle",
                    ("forSeconds", 30.0),
                )]
            })
            .lift(seconds(30), |trial| async move { trial.is_held_up().await })
            .patience(OUTAGE),
        minute(
            "secret store unavailable for a minute",
            Via::PagerDuty,
            "secretsmanager",
            "GetSecretValue",
        ),
        minute(
            "retry queue unavailable for a minute",
            Via::Opsgenie,
            "sqs",
            "SendMessage",
        ),
        minute(
            "ledger unavailable for a minute",
            Via::Webhook,
            "dynamodb",
            "",
        )
        .stage(Stage::Ledger),
    ]
}
