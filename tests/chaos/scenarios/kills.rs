//! Functions that are killed between any two of their steps.
//!
//! A kill hits all deliveries of the process, so kills of one provider must not run
//! at the same time.

use serde_json::json;

use super::{CLAIM, RECORD, SETTLEMENT, aws, seconds};
use crate::destination::Via;
use crate::scenario::{Injection, Scenario, Stage};

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

/// A call of the sender to DynamoDB about this run.
fn at_ledger(label: &str, step: &str, action: &str) -> Injection {
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
            .inject(|run| vec![at_ledger(&run.label, CLAIM, "killBefore")]),
        sender("after the claim", Via::Teams)
            .inject(|run| vec![at_ledger(&run.label, CLAIM, "killAfter")]),
        sender("before the post", Via::Opsgenie).inject(|run| {
            let about = [run.destinations[0].id.as_str()];
            let injection = aws("secretsmanager", "", &about, "killBefore", ("times", 1.0));
            vec![injection]
        }),
        sender("during the post", Via::Jira).vendor(kill),
        sender("after the post, before the record", Via::PagerDuty)
            .vendor(kill_late.clone())
            .short(),
        sender("after the post, before the record", Via::GitHub).vendor(kill_late.clone()),
        sender("after the post, before the record", Via::ServiceNow)
            .inject(|run| vec![at_ledger(&run.label, SETTLEMENT, "killBefore")]),
        sender("after the post, before the record", Via::Asana).vendor(kill_late.clone()),
        sender("after the post, before the record", Via::Webhook)
            .vendor(kill_late)
            .may_arrive_twice(),
    ]
}

/// Killed round a retry: the vendor answers 503 first.
fn retrying_senders() -> Vec<Scenario> {
    let retrying = |fault: &str, via: Via, step: fn(&str) -> Injection| {
        sender(fault, via)
            .stage(Stage::MoreKills)
            .inject(move |run| {
                vec![
                    Injection::Vendor(json!({"status": 503, "times": 3})),
                    step(&run.label),
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
            .inject(|run| vec![at_ledger(&run.label, SETTLEMENT, "killAfter")]),
        before_fallback(),
    ]
}

/// The first destination refuses for good. The sender that takes over finds that
/// again, and queues the fallback again.
fn before_fallback() -> Scenario {
    sender("between queueing the fallback and the record", Via::GitHub)
        .stage(Stage::MoreKills)
        .falls_back_to(Via::ServiceNow)
        .inject(|run| {
            let about = [run.label.as_str()];
            vec![
                Injection::Vendor(json!({"status": 422, "times": 1_000})),
                aws("sqs", "SendMessage", &about, "killAfter", ("times", 1.0)),
            ]
        })
        .fails(&["refused"])
        .with_faults_removed()
}

fn router(fault: &str) -> Scenario {
    Scenario::new(format!("router killed {fault}"), Via::Webhook)
        .stage(Stage::Router)
        .patience(ROUTER)
}

fn routers() -> Vec<Scenario> {
    vec![
        router("before the record").inject(|run| vec![at_ledger(&run.label, RECORD, "killBefore")]),
        router("between record and hand-over")
            .inject(|run| vec![at_ledger(&run.label, RECORD, "killAfter")]),
        between_dispatches(),
        router("after the last hand-over").inject(|run| {
            let about = [run.label.as_str()];
            vec![aws("lambda", "Invoke", &about, "killAfter", ("times", 1.0))]
        }),
    ]
}

/// Batches are dispatched at the same time: one is delayed, and the other's answer
/// kills the router.
fn between_dispatches() -> Scenario {
    router("between two hand-overs")
        .and_via(Via::SlackHook)
        .inject(|run| {
            let invoke = |sender: &str, action| {
                let about = [sender, run.label.as_str()];
                aws("lambda", "Invoke", &about, action, ("times", 1.0))
            };
            vec![invoke("-slack/", "hang"), invoke("-webhook/", "killAfter")]
        })
        .send(|run| async move {
            run.send().await;
            tokio::time::sleep(seconds(20)).await;
            let all = run.site.simulator.received(&run.label).await;
            let at = |at: usize| {
                let path = &run.destinations[at].path;
                all.iter().filter(|one| one.path.starts_with(path)).count()
            };
            let (dispatched, delayed) = (at(0), at(1));
            assert!(
                delayed < dispatched,
                "the first received {dispatched}, the second {delayed}: both were dispatched"
            );
        })
}
