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
        held("302 to a login page", Via::Webhook, |_| async {})
            .vendor(json!({
                "status": 302, "times": 1_000, "headers": {"location": "https://login.example/"},
            }))
            .meets("redirected"),
        held(
            "404 until the destination is edited",
            Via::Webhook,
            |_| async {},
        )
        .vendor(json!({"status": 404, "times": 1_000}))
        .meets("misconfigured")
        .short(),
        held("secret deleted", Via::Webhook, |run| async move {
            run.delete_secret().await;
        })
        .meets("misconfigured")
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

/// A cause that a person can fix: everything waits, and arrives by itself within a
/// minute of an edit.
fn held<F: Future<Output = ()> + Send + 'static>(
    fault: &str,
    via: Via,
    before: impl Fn(Arc<Run>) -> F + Send + Sync + 'static,
) -> Scenario {
    Scenario::new(fault, via)
        .before(before)
        .lift(seconds(8), |run| async move {
            run.nothing_has_ended().await;
            run.fix().await;
        })
        .patience(seconds(60))
}

/// The senders have a key in their cache that the receiver does not accept. An edit
/// gives them the right one, and what waited arrives as well.
fn rotated() -> Scenario {
    Scenario::new("401 until the secret is replaced", Via::SignedWebhook)
        .before(|run| async move {
            let right = run.destinations[0].secret().unwrap();
            let mut wrong = right.clone();
            wrong["signingKey"] = json!(OTHER_KEY);
            run.edit(Some(wrong)).await;
        })
        .meets("unauthorized")
        .lift(seconds(20), |run| async move {
            run.nothing_has_ended().await;
            run.fix().await;
        })
        .patience(seconds(60))
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
    held(
        "secret deleted between two alerts, and refused",
        Via::Webhook,
        |run| async move {
            run.send_first("DELIVERED").await;
            run.delete_secret().await;
        },
    )
    .vendor(json!({"status": 401, "times": 1_000}))
}

fn queue_deleted() -> Scenario {
    Scenario::new("queue deleted between two alerts", Via::Queue)
        .at(|site| async move { create_queue(&site).await })
        .before(|run| async move {
            run.send_first("DELIVERED").await;
            let queue = run.site.stack.sqs().delete_queue();
            let gone = queue.queue_url(&run.destinations[0].base).send().await;
            gone.unwrap();
        })
        .meets("misconfigured")
        .lift(seconds(8), |run| async move {
            run.nothing_has_ended().await;
            create_queue(&run.site).await;
            run.edit(None).await;
        })
        .patience(seconds(60))
}

async fn create_queue(site: &Site) -> String {
    let queue = site.stack.sqs().create_queue().queue_name(FIFO);
    let made = queue.attributes("FifoQueue".into(), "true").send().await;
    made.unwrap().queue_url.unwrap()
}

fn topic_deleted() -> Scenario {
    Scenario::new("topic deleted between two alerts", Via::Topic)
        .at(|site| async move { create_topic(&site).await })
        .before(delete_topic)
        .meets("misconfigured")
        .lift(seconds(8), |run| async move {
            run.nothing_has_ended().await;
            create_topic(&run.site).await;
            run.edit(None).await;
        })
        .patience(seconds(60))
}

async fn create_topic(site: &Site) -> String {
    let topic = sns(site).create_topic().name(FIFO);
    let made = topic.attributes("FifoTopic", "true").send().await;
    made.unwrap().topic_arn.unwrap()
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
