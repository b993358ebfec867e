//! Vendors that refuse, break off, are slow, answer too much, or are unreachable.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use super::seconds;
use crate::destination::Via;
use crate::run::Site;
use crate::scenario::Scenario;
use crate::unreachable_server::{UnreachableServer, untrusted};

pub(super) fn all() -> Vec<Scenario> {
    let mut all = answers();
    all.extend(connections());
    all.extend(lost_answers());
    all
}

/// Answers that report failure.
fn answers() -> Vec<Scenario> {
    let webhook = |fault: &str, injection: Value| {
        Scenario::new(fault, Via::Webhook).vendor(injection).short()
    };
    let mut all = vec![
        webhook(
            "429 with Retry-After: 8",
            json!({"status": 429, "times": 3, "headers": {"retry-after": "8"}}),
        )
        .meets("throttled"),
        webhook(
            "429 without Retry-After",
            json!({"status": 429, "times": 3}),
        )
        .meets("throttled"),
    ];
    all.extend([500, 502, 503, 504].map(|status| {
        webhook(&status.to_string(), json!({"status": status, "times": 3})).meets("unavailable")
    }));
    all.extend([
        Scenario::new("200 with an error in the body", Via::SlackBot)
            .vendor(json!({
                "status": 200, "times": 3, "body": r#"{"ok":false,"error":"internal_error"}"#,
            }))
            .meets("unavailable")
            .short(),
        webhook(
            "10 MB answer that says yes",
            json!({"mishap": "flood", "times": 3, "late": true}),
        ),
        webhook(
            "10 MB answer that says no",
            json!({"mishap": "flood", "times": 3}),
        )
        .meets("unavailable"),
    ]);
    all
}

/// Connections that break, hang, or cannot be made.
fn connections() -> Vec<Scenario> {
    vec![
        Scenario::new("reset before the work was done", Via::Webhook)
            .vendor(json!({"mishap": "reset", "times": 3}))
            .meets("interrupted")
            .short(),
        Scenario::new("answer hangs", Via::Webhook)
            .vendor(json!({"mishap": "hang", "times": 3}))
            .meets("timedOut")
            .short(),
        Scenario::new("answer drips", Via::Webhook)
            .vendor(json!({"mishap": "drip", "times": 3}))
            .meets("timedOut")
            .short(),
        refused(),
        hanging(),
        unknown_name(),
        wrong_certificate(),
    ]
}

/// The vendor did its work, and its answer was lost: only providers that can be
/// asked, or that deduplicate, are spared a second message.
fn lost_answers() -> Vec<Scenario> {
    let lost =
        |fault: &str, via: Via, injection: Value| Scenario::new(fault, via).vendor(injection);
    vec![
        lost(
            "reset after the work was done",
            Via::PagerDuty,
            json!({"mishap": "reset", "times": 3, "late": true}),
        )
        .meets("interrupted")
        .short(),
        lost(
            "reset after the work was done",
            Via::Jira,
            json!({"mishap": "reset", "times": 3, "late": true}),
        )
        .meets("interrupted")
        .short(),
        lost(
            "answer hangs after the work was done",
            Via::GitHub,
            json!({"mishap": "hang", "times": 3, "late": true}),
        )
        .meets("timedOut")
        .short(),
        lost(
            "answer drips after the work was done",
            Via::Opsgenie,
            json!({"mishap": "drip", "times": 3, "late": true}),
        )
        .meets("timedOut"),
        lost(
            "502 after the work was done",
            Via::ServiceNow,
            json!({"status": 502, "times": 3, "late": true}),
        )
        .meets("unavailable"),
        lost(
            "answer hangs after the work was done",
            Via::Asana,
            json!({"mishap": "hang", "times": 3, "late": true}),
        )
        .meets("timedOut"),
    ]
}

fn refused() -> Scenario {
    behind("connection refused", || async {
        UnreachableServer::refuse().await
    })
}

fn hanging() -> Scenario {
    behind("connection hangs", || async {
        UnreachableServer::accept_never().await
    })
}

/// A webhook at an address that is opened after a while.
fn behind<F: Future<Output = UnreachableServer> + Send + 'static>(
    fault: &str,
    make: impl Fn() -> F + Copy + Send + Sync + 'static,
) -> Scenario {
    let server = Arc::new(OnceLock::new());
    let shared = server.clone();
    Scenario::new(fault, Via::Webhook)
        .meets("unreachable")
        .at(move |_| {
            let server = shared.clone();
            async move {
                let new = make().await;
                format!("http://{}", server.get_or_init(|| new).address)
            }
        })
        .lift(seconds(12), move |run| {
            let server = server.clone();
            async move {
                let server = server.get().unwrap();
                server.open(run.site.simulator_address()).await;
            }
        })
        .short()
}

/// A GitHub Enterprise Server at an address that is put right after a while:
/// the destination is edited while its deliveries wait.
fn misplaced<F: Future<Output = String> + Send + 'static>(
    fault: &str,
    place: impl Fn(Arc<Site>) -> F + Send + Sync + 'static,
) -> Scenario {
    Scenario::new(fault, Via::GitHub)
        .meets("unreachable")
        .at(place)
        .lift(seconds(8), |run| async move {
            let early = run.site.simulator.count(&run.label).await;
            assert_eq!(early.received, 0, "something arrived in spite of the fault");
            run.set("apiUrl", &run.site.stack.simulator("")).await;
        })
        .short()
}

fn unknown_name() -> Scenario {
    misplaced("DNS failure", |_| async {
        "https://nowhere.invalid/api/v3".to_owned()
    })
}

fn wrong_certificate() -> Scenario {
    misplaced("certificate that nobody trusts", |site| async move {
        let address = untrusted(site.simulator_address()).await;
        format!("https://{address}/api/v3")
    })
}
