//! Functions that are killed between any two of their steps.
//!
//! A kill takes everything with it that the process had at hand, so those of one
//! provider must not run side by side.

use serde_json::json;

use super::{CLAIM, RECORD, SETTLEMENT, aws, seconds};
use crate::destination::Via;
use crate::scenario::{Order, Scenario, Stage};

/// A sender's lease ends after 65 s; Lambda repeats the invocation after 60 s.
const SENDER: std::time::Duration = seconds(200);

/// What the router held is visible again after 180 s.
const ROUTER: std::time::Duration = seconds(420);

pub(super) fn all() -> Vec<Scenario> {
    let mut all = senders();
    all.extend(retrying_senders());
    all.extend(routers());
    all
}

fn sender(fault: &str, via: Via) -> Scenario {
    Scenario::new(format!("sender killed {fault}"), via)
        .stage(Stage::Kills)
        .patience(SENDER)
}

/// A call of the sender to DynamoDB about this trial.
fn at_ledger(label: &str, step: &str, action: &str) -> Order {
    aws(
        "dynamodb",
        "BatchExecute",
        &[step, label],
        action,
        ("times", 1.0),
    )
}

fn senders() -> Vec<Scenario> {
    let kill = json!({"mishap": "kill", "times": 1});
    let kill_late = json!({"mishap": "kill", "times": 1, "late": true});
    vec![
        sender("before the claim", Via::SlackHook)
            .orders(|trial| vec![at_ledger(&trial.label, CLAIM, "killBefore")]),
        sender("after the claim", Via::Teams)
            .orders(|trial| vec![at_ledger(&trial.label, CLAIM, "killAfter")]),
        sender("before the post", Via::Opsgenie).orders(|trial| {
            let about = [trial.destinations[0].id.as_str()];
            let order = aws("secretsmanager", "", &about, "killBefore", ("times", 1.0));
            vec![order]
        }),
        sender("during the post", Via::Jira).vendor(kill),
        sender("after the post, before the record", Via::PagerDuty)
            .vendor(kill_late.clone())
            .short(),
        sender("after the post, before the record", Via::GitHub).vendor(kill_late.clone()),
        sender("after the post, before the record", Via::ServiceNow)
            .orders(|trial| vec![at_ledger(&trial.label, SETTLEMENT, "killBefore")]),
        sender("after the post, before the record", Via::Asana).vendor(kill_late.clone()),
        sender("after the post, before the record", Via::Webhook)
            .vendor(kill_late)
            .may_arrive_twice(),
    ]
}

/// Killed round a retry: the vendor answers 503 first.
fn retrying_senders() -> Vec<Scenario> {
    let retrying = |fault: &str, via: Via, step: fn(&str) -> Order| {
        sender(fault, via)
            .stage(Stage::MoreKills)
            .orders(move |trial| {
                vec![
                    Order::Vendor(json!({"status": 503, "times": 3})),
                    step(&trial.label),
                ]
            })
    };
    vec![
        retrying("before the retry is queued", Via::SlackHook, |label| {
            aws("sqs", "SendMessage", &[label], "killBefore", ("times", 1.0))
        }),
        retrying(
            "between queueing the retry and the record",
            Via::Teams,
            |label| aws("sqs", "SendMessage", &[label], "killAfter", ("times", 1.0)),
        ),
        retrying("after the record of a retry", Via::PagerDuty, |label| {
            at_ledger(label, SETTLEMENT, "killAfter")
        }),
        sender("after the record of a delivery", Via::Webhook)
            .stage(Stage::MoreKills)
            .orders(|trial| vec![at_ledger(&trial.label, SETTLEMENT, "killAfter")]),
    ]
}

fn routers() -> Vec<Scenario> {
    let router = |fault: &str| {
        Scenario::new(format!("router killed {fault}"), Via::Webhook)
            .stage(Stage::Router)
            .patience(ROUTER)
    };
    vec![
        router("before the record")
            .orders(|trial| vec![at_ledger(&trial.label, RECORD, "killBefore")]),
        router("between record and hand-over")
            .orders(|trial| vec![at_ledger(&trial.label, RECORD, "killAfter")]),
        router("between two hand-overs")
            .and_via(Via::SlackHook)
            .orders(|trial| {
                let about = ["-slack/", trial.label.as_str()];
                vec![aws("lambda", "Invoke", &about, "killAfter", ("times", 1.0))]
            }),
        router("after the last hand-over").orders(|trial| {
            let about = [trial.label.as_str()];
            vec![aws("lambda", "Invoke", &about, "killAfter", ("times", 1.0))]
        }),
    ]
}
