//! Destinations and secrets that change while deliveries wait.

use serde_json::json;

use super::{aws, seconds};
use crate::destination::Via;
use crate::scenario::Scenario;

/// A key in the right form, and none that the receiver knows.
const OTHER_KEY: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(super) fn all() -> Vec<Scenario> {
    let waiting = |fault: &str| {
        Scenario::new(fault, Via::Webhook)
            .vendor(json!({"status": 503, "times": 1_000}))
            .meets("unavailable")
            .patience(seconds(240))
    };
    // The vendor's trouble outlives the destination.
    let taken_back = |scenario: Scenario| {
        scenario.check(|trial| async move {
            let query = format!("path={}", trial.destinations[0].path);
            trial.site.simulator.withdraw(&query).await;
            Ok("nothing arrived".to_owned())
        })
    };
    vec![
        taken_back(
            waiting("destination disabled while deliveries wait")
                .fails("misconfigured")
                .lift(seconds(3), |trial| async move { trial.disable().await }),
        ),
        taken_back(
            waiting("destination deleted while deliveries wait")
                .fails("misconfigured")
                .lift(seconds(3), |trial| async move { trial.delete().await }),
        ),
        rotated(),
        Scenario::new("secret deleted", Via::Webhook)
            .before(|trial| async move { trial.delete_secret().await })
            .fails("misconfigured")
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
            let right = destination.via.secret(&destination.path, &base);
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
