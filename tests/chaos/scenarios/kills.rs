//! Functions that are killed between any two of their steps.
//!
//! A kill hits all deliveries of the process, so kills of one provider must not run
//! at the same time.

use serde_json::json;

use super::{CLAIM, RECORD, SETTLEMENT, aws, seconds};
use crate::destination::Via;
use crate::run::Run;
use crate::scenario::{Injection, Scenario, Stage};

/// The outbox takes up what was dispatched after 150 s, at the next sweep; a drain whose
/// sender was killed holds its destination for 100 s.
const SENDER: std::time::Duration = seconds(400);

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
        // In the short form the time until the delivery is due passes at once. All faults
        // are injected at the same time there, and no other one has this provider: the
        // sender may be killed with deliveries of other scenarios.
        sender("after the post, before the record", Via::Asana)
            .vendor(kill_late.clone())
            .lift(seconds(5), |run| async move {
                run.nothing_has_ended().await;
                run.let_time_pass().await;
                run.site.stack.sweep().await;
            })
            .short(),
        sender("after the post, before the record", Via::GitHub).vendor(kill_late.clone()),
        sender("after the post, before the record", Via::ServiceNow)
            .inject(|run| vec![at_ledger(&run.label, SETTLEMENT, "killBefore")]),
        sender("after the post, before the record", Via::PagerDuty).vendor(kill_late.clone()),
        sender("after the post, before the record", Via::Webhook)
            .vendor(kill_late)
            .may_arrive_twice(),
    ]
}

/// A wake-up for the destination of this run.
fn wake_up(run: &Run, action: &str) -> Injection {
    let about = [run.destinations[0].id.as_str()];
    aws("sqs", "SendMessage", &about, action, ("times", 1.0))
}

/// Killed round a retry: the vendor answers 503 first.
fn retrying_senders() -> Vec<Scenario> {
    let retrying = |fault: &str, via: Via, step: fn(&Run) -> Injection| {
        sender(fault, via)
            .stage(Stage::MoreKills)
            .inject(move |run| {
                vec![
                    Injection::Vendor(json!({"status": 503, "times": 3})),
                    step(run),
                ]
            })
    };
    vec![
        retrying("before the wake-up is sent", Via::SlackHook, |run| {
            wake_up(run, "killBefore")
        }),
        retrying("after the wake-up is sent", Via::Teams, |run| {
            wake_up(run, "killAfter")
        }),
        retrying("after the record of a retry", Via::PagerDuty, |run| {
            at_ledger(&run.label, SETTLEMENT, "killAfter")
        }),
        sender("after the record of a delivery", Via::Webhook)
            .stage(Stage::MoreKills)
            .inject(|run| vec![at_ledger(&run.label, SETTLEMENT, "killAfter")]),
        before_fallback(),
    ]
}

/// The first destination refuses for good. The sender that takes over finds that
/// again, and makes the fallback due again.
fn before_fallback() -> Scenario {
    sender("between the fallback's begin and the record", Via::GitHub)
        .stage(Stage::MoreKills)
        .falls_back_to(Via::ServiceNow)
        .inject(|run| {
            // The router inserts the fallback; the sender updates it.
            let about = [
                "UPDATE",
                run.label.as_str(),
                run.destinations[1].id.as_str(),
            ];
            vec![
                Injection::Vendor(json!({"status": 422, "times": 1_000})),
                aws(
                    "dynamodb",
                    "BatchExecute",
                    &about,
                    "killAfter",
                    ("times", 1.0),
                ),
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
        router("between record and dispatch")
            .inject(|run| vec![at_ledger(&run.label, RECORD, "killAfter")]),
        between_dispatches(),
        router("after the last dispatch").inject(|run| {
            let about = [run.label.as_str()];
            vec![aws("lambda", "Invoke", &about, "killAfter", ("times", 1.0))]
        }),
    ]
}

/// Batches are dispatched at the same time: one is delayed, and the other's answer
/// kills the router.
fn between_dispatches() -> Scenario {
    router("between two dispatches")
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
