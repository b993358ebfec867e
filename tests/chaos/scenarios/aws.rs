//! AWS services that throttle, are unavailable, or lose their answers.

use serde_json::json;

use super::traffic::at_once;
use super::{CLAIM, SETTLEMENT, aws, seconds};
use crate::destination::Via;
use crate::scenario::{Injection, Scenario, Stage};

/// After an outage: what the router held is visible again after 180 s, and the outbox
/// takes up what was dispatched after 150 s, at the next sweep.
const OUTAGE: std::time::Duration = seconds(600);

pub(super) fn all() -> Vec<Scenario> {
    let mut all = short_faults();
    all.extend(outages());
    all
}

/// Shorter than any timeout.
fn short_faults() -> Vec<Scenario> {
    let of = |fault: &str, via: Via, injection: fn(&str) -> Injection| {
        Scenario::new(fault, via).inject(move |run| vec![injection(&run.label)])
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
        hanging_settlement(),
        Scenario::new("retry queue loses its answer", Via::Webhook).inject(|run| {
            vec![
                Injection::Vendor(json!({"status": 503, "times": 3})),
                aws(
                    "sqs",
                    "SendMessage",
                    &[&run.destinations[0].id],
                    "lose",
                    ("times", 1.0),
                ),
            ]
        }),
    ]
}

/// The outcome cannot be recorded for a time that is shorter than a sender runs.
fn unrecorded(via: Via) -> Scenario {
    Scenario::new("ledger unavailable for 20 s between post and record", via)
        .stage(Stage::MoreKills)
        .inject(|run| {
            let about = [SETTLEMENT, run.label.as_str()];
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

/// The outcome cannot be recorded as long as its sender runs, and each try takes
/// time: the next sender still learns that the message arrived.
fn hanging_settlement() -> Scenario {
    Scenario::new("ledger hangs for 60 s after the post", Via::Webhook)
        .stage(Stage::Router)
        .inject(|run| {
            let about = [SETTLEMENT, run.label.as_str()];
            vec![aws(
                "dynamodb",
                "BatchExecute",
                &about,
                "hang",
                ("forSeconds", 60.0),
            )]
        })
        // In a batch of its own: it takes a whole invocation.
        .send(|run| at_once(run, 1))
        .patience(OUTAGE)
}

/// A minute without a service.
fn outages() -> Vec<Scenario> {
    let minute = |fault: &str, via: Via, service: &'static str, operation: &'static str| {
        Scenario::new(fault, via)
            .stage(Stage::Outages)
            .inject(move |_| {
                let injection = aws(service, operation, &[], "unavailable", ("forSeconds", 60.0));
                vec![
                    Injection::Vendor(json!({"status": 503, "times": 3})),
                    injection,
                ]
            })
            .lift(
                seconds(60),
                |run| async move { run.nothing_has_ended().await },
            )
            .patience(OUTAGE)
    };
    vec![
        Scenario::new("Lambda throttled for 30 s", Via::Webhook)
            .stage(Stage::Router)
            .inject(|run| {
                let about = [run.label.as_str()];
                vec![aws(
                    "lambda",
                    "Invoke",
                    &about,
                    "throttle",
                    ("forSeconds", 30.0),
                )]
            })
            .lift(
                seconds(30),
                |run| async move { run.nothing_has_ended().await },
            )
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
