//! Everything that stands between the outbox and the senders vanishes: wake-ups,
//! invocations, sweeps. What is due is taken up again all the same.
//!
//! What would take minutes is shortened: [`Run::let_time_pass`] makes what waits due.
//! Clocks that differ between functions, ten minutes without a sweep and an outage of
//! a day are simulated on a virtual clock (`core/src/health/simulation`): the functions
//! here have this machine's clock, and nothing on it sets another for one of them.

use std::sync::Arc;

use futures::future::join_all;
use serde_json::json;
use tocsin_tests::harness::Schedule;

use super::traffic::at_once;
use super::{aws, seconds};
use crate::destination::Via;
use crate::run::Run;
use crate::scenario::{Injection, Scenario, Stage};

pub(super) fn all() -> Vec<Scenario> {
    vec![
        purged(),
        swallowed(),
        no_sweep(),
        no_sweep_no_wake_up(),
        drains_at_once(),
    ]
}

/// Every wake-up is gone, those of the sweep before included.
fn purged() -> Scenario {
    Scenario::new("retry queue purged while deliveries wait", Via::Webhook)
        .alerts(10)
        .stage(Stage::Router)
        .vendor(json!({"status": 503, "times": 10}))
        .meets("unavailable")
        .lift(seconds(3), |run| async move {
            run.nothing_has_ended().await;
            purge(&run).await;
        })
        .patience(seconds(150))
        .short()
}

async fn purge(run: &Run) {
    let stack = &run.site.stack;
    let purge = stack.sqs().purge_queue();
    let purged = purge.queue_url(stack.output("RetryQueueUrl")).send().await;
    purged.unwrap();
}

/// Lambda accepts invocations, and none reaches a sender.
fn swallowed() -> Scenario {
    Scenario::new("asynchronous invocations vanish for a minute", Via::Webhook)
        .and_via(Via::SlackHook)
        .alerts(10)
        .stage(Stage::Invocations)
        .inject(|_| {
            let span = ("forSeconds", 60.0);
            vec![aws("lambda", "Invoke", &[], "swallow", span)]
        })
        .lift(seconds(60), |run| async move {
            run.nothing_has_ended().await;
            run.let_time_pass().await;
        })
        .patience(seconds(240))
}

/// Wake-ups alone bring everything.
fn no_sweep() -> Scenario {
    Scenario::new("no sweep for a minute", Via::Webhook)
        .alerts(10)
        .stage(Stage::Sweeps)
        .before(|run| async move { run.site.stack.schedule_sweeps(Schedule::Off) })
        .vendor(json!({"status": 503, "times": 10}))
        .lift(seconds(60), |run| async move {
            let late = run.unsettled().await;
            run.site.stack.schedule_sweeps(Schedule::On);
            assert_eq!(late, 0, "deliveries that wait without a sweep");
        })
        .patience(seconds(60))
}

/// Nothing looks at what waits until there are sweeps again.
fn no_sweep_no_wake_up() -> Scenario {
    Scenario::new("no sweep and no wake-up for a minute", Via::Webhook)
        .alerts(10)
        .stage(Stage::Sweeps)
        .before(|run| async move { run.site.stack.schedule_sweeps(Schedule::Off) })
        .inject(|run| {
            let about = [run.destinations[0].id.as_str()];
            let span = ("forSeconds", 60.0);
            vec![
                Injection::Vendor(json!({"status": 503, "times": 10})),
                aws("sqs", "SendMessage", &about, "swallow", span),
            ]
        })
        .lift(seconds(60), |run| async move {
            run.nothing_has_ended().await;
            run.site.stack.schedule_sweeps(Schedule::On);
        })
        .patience(seconds(150))
}

/// Several routers find the same deliveries due: one of them drains.
fn drains_at_once() -> Scenario {
    Scenario::new("eight wake-ups at once", Via::Webhook)
        .alerts(20)
        .inject(|run| {
            let span = ("times", 1.0);
            vec![aws("lambda", "Invoke", &[&run.label], "swallow", span)]
        })
        // In a batch of their own: no other deliveries are in that invocation.
        .send(|run| at_once(run, 1))
        .lift(seconds(2), |run| async move {
            run.nothing_has_ended().await;
            run.let_time_pass().await;
            wake_up_at_once(run).await;
        })
        .patience(seconds(150))
        .short()
}

async fn wake_up_at_once(run: Arc<Run>) {
    let wake_up = json!({"wakeUp": run.destinations[0].id});
    let stack = &run.site.stack;
    join_all((0..8).map(|_| stack.route_from_retry_queue(&wake_up))).await;
}
