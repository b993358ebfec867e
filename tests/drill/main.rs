//! The drill: eight destinations are broken, four alerts and four pieces of garbage are
//! sent, and a person with the `tocsin` command finds and repairs everything: with
//! `status` and at most six further commands. Then `status` is clean.
//!
//! It needs a stack on which nothing is wrong, so it is a program of its own, which
//! `make e2e` runs before the other tests. It prints what the person sees.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where something is missing, and shows what a person sees"
)]

mod command;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tocsin_tests::harness::{Stack, alert_for};
use tocsin_tests::simulator::webhook::SIGNING_KEY;
use tocsin_tests::simulator::{Breakage, Fault, Mishap};

use command::Tocsin;

/// What is wrong with a destination.
enum Broken {
    /// Its address is not there: the right one is in `repaired.yaml`.
    Address,
    /// Its credential is not accepted: the right one is in `repaired.yaml`.
    Credential,
    /// The vendor answers with this status for a while.
    Status(u16),
    /// The vendor answers nothing for a while.
    Silence,
}

/// The destinations, by the end of their names.
const DESTINATIONS: [(&str, Broken); 8] = [
    ("address", Broken::Address),
    ("credential", Broken::Credential),
    ("gone", Broken::Status(404)),
    ("down", Broken::Status(503)),
    ("throttles", Broken::Status(429)),
    ("forbids", Broken::Status(403)),
    ("refuses", Broken::Status(422)),
    ("silent", Broken::Silence),
];

/// What is put on the alerts queue beside the alerts.
const GARBAGE: [&str; 4] = ["", "no JSON at all", "{\"id\": \"x\"}", "[1, 2, 3]"];

#[tokio::main]
async fn main() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    // The stack is younger than a minute, so its own first sweep may still come.
    stack.sweep().await;
    eventually("the stack is sound", || tocsin.run(&["status"]));

    destroy(&stack, &tocsin).await;
    eventually("everything is found", || {
        let status = tocsin.json(&["status"]);
        (i32::from(!is_all_found(&status)), format!("{status:#}"))
    });

    println!("\nThe drill, as a person sees it:");
    let code = tocsin.show(&["status"]);
    assert_eq!(code, 3);
    // The vendors repair what is theirs.
    for (end, broken) in &DESTINATIONS {
        if matches!(broken, Broken::Status(_) | Broken::Silence) {
            stack.remove_faults(&path(end)).await;
        }
    }
    let file = tocsin.file("repaired.yaml", &described(&stack, Version::Right));
    let further = [
        vec!["destinations", "apply", &file, "--yes"],
        [
            vec!["destinations", "test"],
            DESTINATIONS.map(|(end, _)| end).to_vec(),
        ]
        .concat(),
        vec!["deliveries", "resend", "--failed", "--yes"],
        vec!["dead-letters", "list"],
        vec![
            "dead-letters",
            "delete",
            "--queue",
            "alerts",
            "--all",
            "--yes",
        ],
    ];
    assert!(further.len() <= 6);
    for arguments in &further {
        let code = tocsin.show(arguments);
        assert_eq!(code, 0, "{arguments:?}");
    }
    eventually("all is well", || tocsin.run(&["status"]));
    let code = tocsin.show(&["status"]);
    assert_eq!(code, 0, "nothing is wrong any more");

    // Every alert is at every destination.
    for alert in 0..4 {
        let received = stack.received(&format!("drill-{alert}")).await;
        for (end, broken) in &DESTINATIONS {
            let path = match broken {
                Broken::Address => "/hook/drill/right".to_owned(),
                Broken::Credential => format!("/hook/signed/drill/{end}"),
                Broken::Status(_) | Broken::Silence => path(end),
            };
            let accepted = received
                .iter()
                .filter(|one| one.path == path && one.is_accepted());
            assert!(
                accepted.count() >= 1,
                "alert {alert} did not arrive at {path}"
            );
        }
    }
    for (end, _) in &DESTINATIONS {
        stack.delete_destination(end).await;
    }
    println!("\nthe drill is passed: 8 destinations, 4 alerts, 4 pieces of garbage");
}

/// The path of a destination whose address is right.
fn path(end: &str) -> String {
    format!("/hook/drill/{end}")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Broken,
    Right,
}

/// The destinations as a file for `destinations apply`.
fn described(stack: &Stack, version: Version) -> String {
    let one = |(end, broken): &(&str, Broken)| {
        let right = version == Version::Right;
        let secret = match broken {
            Broken::Address if right => json!({"url": stack.simulator("/hook/drill/right")}),
            Broken::Address => json!({"url": stack.simulator("/no-such-page")}),
            Broken::Credential => {
                let url = stack.simulator(&format!("/hook/signed/drill/{end}"));
                if right {
                    json!({"url": url, "signingKey": SIGNING_KEY})
                } else {
                    json!({"url": url})
                }
            }
            Broken::Status(_) | Broken::Silence => json!({"url": stack.simulator(&path(end))}),
        };
        (
            end.to_uppercase(),
            json!({
                "displayName": end, "type": "webhook", "secret": {"env": format!("DRILL_{}", end.to_uppercase())},
            }),
            secret,
        )
    };
    let described: Vec<_> = DESTINATIONS.iter().map(one).collect();
    for (name, _, secret) in &described {
        // Read by the command, which runs with this process's variables of that name.
        command::set_variable(&format!("DRILL_{name}"), &secret.to_string());
    }
    let all: Vec<_> = described.into_iter().map(|(_, one, _)| one).collect();
    // JSON is YAML.
    json!({"destinations": all}).to_string()
}

async fn destroy(stack: &Stack, tocsin: &Tocsin) {
    for (end, broken) in &DESTINATIONS {
        match broken {
            Broken::Status(status) => {
                let fault = Fault {
                    times: 1_000,
                    ..Fault::once(&path(end), "", *status)
                };
                stack.inject(&fault).await;
            }
            Broken::Silence => {
                let silence = Breakage {
                    path: path(end),
                    about: String::new(),
                    times: 1_000,
                    mishap: Mishap::Reset,
                    late: false,
                };
                stack.inject(&silence).await;
            }
            Broken::Address | Broken::Credential => {}
        }
    }
    let file = tocsin.file("broken.yaml", &described(stack, Version::Broken));
    let (code, out) = tocsin.run(&["destinations", "apply", &file, "--yes"]);
    assert_eq!(code, 0, "{out}");
    let names = DESTINATIONS.map(|(end, _)| end);
    for number in 0..4 {
        let alert = alert_for(&format!("drill-{number}"), &names);
        stack.send(&alert.to_string()).await;
    }
    for garbage in GARBAGE {
        // SQS takes no empty body.
        stack
            .send(if garbage.is_empty() { " " } else { garbage })
            .await;
    }
}

/// Whether each destination has its alerts waiting or failed, and the garbage is found.
fn is_all_found(status: &Value) -> bool {
    let rows = status["destinations"].as_array().unwrap();
    let is_found = |(end, _): &(&str, Broken)| {
        rows.iter().any(|row| {
            let waits = row["waiting"].as_u64().unwrap() + row["failed"].as_u64().unwrap();
            row["displayName"] == *end
                && waits == 4
                && (row["condition"] != "HEALTHY" || row["failed"] == 4)
        })
    };
    let garbage = status["queues"]["deadAlerts"].as_u64().unwrap();
    DESTINATIONS.iter().all(is_found) && garbage == GARBAGE.len() as u64
}

/// Looks until the code is 0.
fn eventually(what: &str, mut look: impl FnMut() -> (i32, String)) {
    let deadline = Instant::now() + Duration::from_mins(3);
    loop {
        let (code, seen) = look();
        if code == 0 {
            return;
        }
        assert!(Instant::now() < deadline, "not yet: {what}\n{seen}");
        std::thread::sleep(Duration::from_secs(1));
    }
}
