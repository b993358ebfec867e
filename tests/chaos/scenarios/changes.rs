//! Destinations, secrets, queues and topics that change, or are deleted, while alerts
//! are under way.

use std::sync::Arc;

use serde_json::json;
use tocsin_tests::harness::FIFO;

use super::{aws, seconds};
use crate::destination::Via;
use crate::run::{Run, Site};
use crate::scenario::Scenario;

/// A key in the right form that the receiver does not know.
const OTHER_KEY: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(super) fn all() -> Vec<Scenario> {
    let waiting = |fault: &str| {
        Scenario::new(fault, Via::Webhook)
            .vendor(json!({"status": 503, "times": 1_000}))
            .meets("unavailable")
            .patience(seconds(240))
    };
    vec![
        waiting("destination disabled while deliveries wait")
            .fails(&["misconfigured"])
            .lift(seconds(3), |run| async move { run.disable().await })
            .with_faults_removed(),
        waiting("destination deleted while deliveries wait")
            .fails(&["misconfigured"])
            .lift(seconds(3), |run| async move { run.delete().await })
            .with_faults_removed(),
        rotated(),
        moved(),
        revoked(),
        queue_deleted(),
        topic_deleted(),
        Scenario::new("secret deleted", Via::Webhook)
            .before(|run| async move { run.delete_secret().await })
            .fails(&["misconfigured"])
            .short(),
        Scenario::new("secret store unavailable for 10 s", Via::Webhook)
            .meets("internal")
            .inject(|run| {
                let about = [run.destinations[0].id.as_str()];
                vec![aws(
                    "secretsmanager",
                    "GetSecretValue",
                    &about,
                    "unavailable",
                    ("forSeconds", 10.0),
                )]
            })
            .short(),
        Scenario::new("secret store hangs once", Via::SlackHook).inject(|run| {
            let about = [run.destinations[0].id.as_str()];
            vec![aws(
                "secretsmanager",
                "GetSecretValue",
                &about,
                "hang",
                ("times", 1.0),
            )]
        }),
    ]
}

/// The senders have a key in their cache that the receiver does not accept any more.
/// They read it again at the first refusal, not after the five minutes of the cache.
fn rotated() -> Scenario {
    Scenario::new("secret rotated", Via::SignedWebhook)
        .before(|run| async move {
            let destination = &run.destinations[0];
            let base = run.site.stack.simulator("");
            let right = destination.via.secret(&destination.path, &base).unwrap();
            let mut wrong = right.clone();
            wrong["signingKey"] = json!(OTHER_KEY);
            run.set_secret(&wrong).await;
            let first = format!("{}before", run.label);
            run.send_some(std::slice::from_ref(&first)).await;
            run.state_of(&first, "FAILED").await;
            run.set_secret(&right).await;
        })
        .short()
}

/// The receiver moves while its old address is in use: the old one refuses, and the
/// secret names the new one.
fn moved() -> Scenario {
    Scenario::new("secret rotated between two alerts", Via::Webhook)
        .before(|run| async move {
            let destination = &run.destinations[0];
            let old = format!("{}/old", destination.path);
            run.set_secret(&at(&destination.base, &old)).await;
            run.send_first("DELIVERED").await;
            let refusal = json!({"path": old, "about": run.label, "status": 401, "times": 1_000});
            run.site.simulator.inject(&refusal).await;
            let new = format!("{}/new", destination.path);
            run.set_secret(&at(&destination.base, &new)).await;
        })
        .with_faults_removed()
}

fn at(base: &str, path: &str) -> serde_json::Value {
    json!({"url": format!("{base}{path}")})
}

/// The secret is deleted and its credential revoked. A sender with the secret in its
/// cache is refused, and finds nothing newer; others do not find the secret.
fn revoked() -> Scenario {
    Scenario::new(
        "secret deleted between two alerts, and refused",
        Via::Webhook,
    )
    .before(|run| async move {
        run.send_first("DELIVERED").await;
        run.delete_secret().await;
    })
    .vendor(json!({"status": 401, "times": 1_000}))
    .fails(&["unauthorized", "misconfigured"])
    .most_calls(4)
    .with_faults_removed()
}

fn queue_deleted() -> Scenario {
    Scenario::new("queue deleted between two alerts", Via::Queue)
        .at(|site| async move {
            let queue = site.stack.sqs().create_queue().queue_name(FIFO);
            let made = queue.attributes("FifoQueue".into(), "true").send().await;
            made.unwrap().queue_url.unwrap()
        })
        .before(|run| async move {
            run.send_first("DELIVERED").await;
            let queue = run.site.stack.sqs().delete_queue();
            let gone = queue.queue_url(&run.destinations[0].base).send().await;
            gone.unwrap();
        })
        .fails(&["misconfigured"])
}

fn topic_deleted() -> Scenario {
    Scenario::new("topic deleted between two alerts", Via::Topic)
        .at(|site| async move {
            let topic = sns(&site).create_topic().name(FIFO);
            let made = topic.attributes("FifoTopic", "true").send().await;
            made.unwrap().topic_arn.unwrap()
        })
        .before(delete_topic)
        .fails(&["misconfigured"])
}

async fn delete_topic(run: Arc<Run>) {
    run.send_first("DELIVERED").await;
    let topic = sns(&run.site).delete_topic();
    let gone = topic.topic_arn(&run.destinations[0].base).send().await;
    gone.unwrap();
}

fn sns(site: &Site) -> aws_sdk_sns::Client {
    aws_sdk_sns::Client::new(&site.stack.config)
}
