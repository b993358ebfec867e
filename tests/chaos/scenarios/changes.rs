//! Destinations, secrets, queues and topics that change, or go, while alerts are
//! on their way.

use std::sync::Arc;

use serde_json::json;

use super::{aws, seconds};
use crate::destination::Via;
use crate::scenario::Scenario;
use crate::trial::{Site, Trial};

/// A key in the right form, and none that the receiver knows.
const OTHER_KEY: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The one queue and the one topic that the local stack may send to and that are
/// nobody's.
const TARGET: &str = "tests.fifo";

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
            .lift(seconds(3), |trial| async move { trial.disable().await })
            .taken_back(),
        waiting("destination deleted while deliveries wait")
            .fails(&["misconfigured"])
            .lift(seconds(3), |trial| async move { trial.delete().await })
            .taken_back(),
        rotated(),
        moved(),
        revoked(),
        queue_deleted(),
        topic_deleted(),
        Scenario::new("secret deleted", Via::Webhook)
            .before(|trial| async move { trial.delete_secret().await })
            .fails(&["misconfigured"])
            .short(),
        Scenario::new("secret store unavailable for 10 s", Via::Webhook)
            .meets("internal")
            .orders(|trial| {
                let about = [trial.destinations[0].id.as_str()];
                vec![aws(
                    "secretsmanager",
                    "GetSecretValue",
                    &about,
                    "unavailable",
                    ("forSeconds", 10.0),
                )]
            })
            .short(),
        Scenario::new("secret store hangs once", Via::SlackHook).orders(|trial| {
            let about = [trial.destinations[0].id.as_str()];
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

/// The senders hold a key that the receiver does not take any more. It is read
/// again with the first refusal, not after the five minutes for which it is held.
fn rotated() -> Scenario {
    Scenario::new("secret rotated", Via::SignedWebhook)
        .before(|trial| async move {
            let destination = &trial.destinations[0];
            let base = trial.site.stack.simulator("");
            let right = destination.via.secret(&destination.path, &base).unwrap();
            let mut wrong = right.clone();
            wrong["signingKey"] = json!(OTHER_KEY);
            trial.set_secret(&wrong).await;
            let first = format!("{}before", trial.label);
            trial.send_some(std::slice::from_ref(&first)).await;
            trial.state_of(&first, "FAILED").await;
            trial.set_secret(&right).await;
        })
        .short()
}

/// The receiver moves while its old address is in use: that takes nothing more,
/// and the secret says the new one.
fn moved() -> Scenario {
    Scenario::new("secret rotated between two alerts", Via::Webhook)
        .before(|trial| async move {
            let destination = &trial.destinations[0];
            let old = format!("{}/old", destination.path);
            trial.set_secret(&at(&destination.base, &old)).await;
            trial.send_first("DELIVERED").await;
            let refusal = json!({"path": old, "about": trial.label, "status": 401, "times": 1_000});
            trial.site.simulator.order(&refusal).await;
            let new = format!("{}/new", destination.path);
            trial.set_secret(&at(&destination.base, &new)).await;
        })
        .taken_back()
}

fn at(base: &str, path: &str) -> serde_json::Value {
    json!({"url": format!("{base}{path}")})
}

/// The secret goes and its credential is taken back. A sender that holds it yet is
/// refused, and finds nothing newer; one that does not misses it.
fn revoked() -> Scenario {
    Scenario::new(
        "secret deleted between two alerts, and refused",
        Via::Webhook,
    )
    .before(|trial| async move {
        trial.send_first("DELIVERED").await;
        trial.delete_secret().await;
    })
    .vendor(json!({"status": 401, "times": 1_000}))
    .fails(&["unauthorized", "misconfigured"])
    .most_calls(4)
    .taken_back()
}

fn queue_deleted() -> Scenario {
    Scenario::new("queue deleted between two alerts", Via::Queue)
        .at(|site| async move {
            let queue = site.stack.sqs().create_queue().queue_name(TARGET);
            let made = queue.attributes("FifoQueue".into(), "true").send().await;
            made.unwrap().queue_url.unwrap()
        })
        .before(|trial| async move {
            trial.send_first("DELIVERED").await;
            let queue = trial.site.stack.sqs().delete_queue();
            let gone = queue.queue_url(&trial.destinations[0].base).send().await;
            gone.unwrap();
        })
        .fails(&["misconfigured"])
}

fn topic_deleted() -> Scenario {
    Scenario::new("topic deleted between two alerts", Via::Topic)
        .at(|site| async move {
            let topic = sns(&site).create_topic().name(TARGET);
            let made = topic.attributes("FifoTopic", "true").send().await;
            made.unwrap().topic_arn.unwrap()
        })
        .before(delete_topic)
        .fails(&["misconfigured"])
}

async fn delete_topic(trial: Arc<Trial>) {
    trial.send_first("DELIVERED").await;
    let topic = sns(&trial.site).delete_topic();
    let gone = topic.topic_arn(&trial.destinations[0].base).send().await;
    gone.unwrap();
}

fn sns(site: &Site) -> aws_sdk_sns::Client {
    aws_sdk_sns::Client::new(&site.stack.config)
}
