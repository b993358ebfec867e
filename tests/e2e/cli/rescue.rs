//! At 3 a.m.: a delivery that waits or failed is found and its cause fixed; it arrives
//! by itself, or is sent again; routes are explained, dead letters put back, all alerts accounted for.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tocsin_tests::simulator::Fault;
use tocsin_tests::simulator::webhook::SIGNING_KEY;

use tocsin_tests::harness::{Stack, alert_for, root, unique};

use super::{MARK, Tocsin};

/// Adds a webhook with this URL; gives its name.
fn webhook(tocsin: &Tocsin, url: &str) -> String {
    let name = unique("rescue");
    let add = [
        "destinations",
        "add",
        "webhook",
        "--name",
        &name,
        "--secret-stdin",
    ];
    let added = tocsin.given(url, &add);
    assert_eq!(added.code, 0, "{added:?}");
    name
}

/// The wrong credential: what waits arrives when it is right.
#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_delivery_is_found_and_arrives_when_its_cause_is_fixed() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let url = stack.simulator(&format!("/hook/signed/{MARK}"));
    // Without a signature, which this receiver refuses.
    let name = webhook(&tocsin, &url);
    let id = unique("rescued");
    let alert = alert_for(&id, &[&name, "e2e-plain"]).to_string();
    let sent = tocsin.given(&alert, &["send", "-", "--wait", "10"]);
    assert_eq!(sent.code, 3, "{sent:?}");
    assert!(
        sent.out.contains("RETRYING") && sent.out.contains("DELIVERED"),
        "{sent:?}"
    );
    let list = ["deliveries", "list", "--destination", &name];
    let waiting = tocsin.json(&list);
    assert_eq!(waiting.as_array().unwrap().len(), 1, "{waiting:#}");
    assert_eq!(waiting[0]["alertId"], id.as_str());
    assert_eq!(waiting[0]["state"], "RETRYING");
    assert_eq!(waiting[0]["attempts"][0]["status"], 401);
    let failed = tocsin.json(&["deliveries", "list", "--failed", "--destination", &name]);
    assert_eq!(failed, json!([]), "nothing has failed: it waits");

    let mut terminal = tocsin.on_a_terminal(&["destinations", "edit", &name, "--ask-credentials"]);
    terminal.expect("How to authenticate").answer("");
    terminal.expect("URL to post to").answer(&url);
    terminal.expect("signs the requests").answer(SIGNING_KEY);
    terminal.expect("changed");
    let (code, seen) = terminal.end();
    assert!(code == 0 && !seen.contains(SIGNING_KEY), "{seen}");
    let shown = tocsin.ok(&["alerts", "show", "--wait", "60", &id]);
    assert!(!shown.contains("RETRYING"), "{shown}");
    assert_eq!(tocsin.json(&list)[0]["state"], "DELIVERED");
    tocsin.ok(&["destinations", "delete", "--yes", &name]);
}

/// The receiver refuses messages until it is corrected: what it refused is sent again.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_delivery_is_found_and_sent_again() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let path = format!("/hook/{MARK}");
    let name = webhook(&tocsin, &stack.simulator(&path));
    let id = unique("resent");
    let refusal = Fault {
        times: 2,
        ..Fault::once(&path, &id, 422)
    };
    stack.inject(&refusal).await;
    let alert = alert_for(&id, &[&name, "e2e-plain"]).to_string();
    let sent = tocsin.given(&alert, &["send", "-", "--wait", "60"]);
    assert!(
        sent.out.contains("FAILED") && sent.out.contains("DELIVERED"),
        "{sent:?}"
    );

    let failed = tocsin.json(&[
        "deliveries",
        "list",
        "--failed",
        "--since",
        "1h",
        "--destination",
        &name,
    ]);
    assert_eq!(failed.as_array().unwrap().len(), 1, "{failed:#}");
    assert_eq!(failed[0]["alertId"], id.as_str());
    assert_eq!(failed[0]["attempts"][0]["status"], 422);
    let told = tocsin.ok(&["deliveries", "list", "--failed", "--destination", &name]);
    assert!(told.contains("deliveries resend --failed"), "{told}");

    let tested = tocsin.run(&["destinations", "test", &name]);
    assert_eq!(tested.code, 0, "{tested:?}");

    let resent = tocsin.json(&[
        "alerts",
        "resend",
        &id,
        "--destination",
        &name,
        "--wait",
        "60",
    ]);
    assert_eq!(
        resent[0]["deliveries"][0]["state"], "DELIVERED",
        "{resent:#}"
    );
    assert_eq!(resent[0]["deliveries"].as_array().unwrap().len(), 1);
    assert!(
        resent[0]["alert"]["title"]
            .as_str()
            .unwrap()
            .starts_with("[Re-sent] ")
    );
    let first = tocsin.ok(&["alerts", "show", &id]);
    assert!(
        first.contains("FAILED") && first.contains("sent again as"),
        "the first stays as it is: {first}"
    );
    let again = resent[0]["alert"]["alertId"].as_str().unwrap();
    let again = tocsin.ok(&["alerts", "show", again]);
    assert!(
        again.contains("re-sent by tester") && again.contains(&id),
        "{again}"
    );
    // It does not count as failed any more.
    let left = tocsin.json(&["deliveries", "list", "--failed", "--destination", &name]);
    assert_eq!(left, json!([]));
    let all = tocsin.json(&[
        "deliveries",
        "list",
        "--failed",
        "--all",
        "--destination",
        &name,
    ]);
    assert_eq!(all[0]["resentAs"], resent[0]["alert"]["alertId"], "{all:#}");
    tocsin.ok(&["destinations", "delete", "--yes", &name]);
}

#[tokio::test]
async fn routes_are_explained_with_and_without_a_stack() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let id = unique("explained");
    let alert = alert_for(&id, &["e2e-plain", "no-such-name"]).to_string();
    let online = tocsin.given(&alert, &["route", "-"]);
    assert_eq!(online.code, 0);
    assert!(online.out.contains("names \"e2e-plain\""), "{online:?}");
    assert!(
        online.out.contains("warning") && online.out.contains("no-such-name"),
        "{online:?}"
    );

    let exported = tocsin.ok(&["destinations", "export"]);
    let file = tocsin.file("offline.yaml", &exported).display().to_string();
    let offline = Tocsin::of(&stack).with("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let offline = offline.given(
        &alert,
        &["route", "-", "--destinations", &file, "--output", "json"],
    );
    let explained: Value = serde_json::from_str(&offline.out).unwrap();
    assert_eq!(
        explained["routing"]["targets"][0]["displayName"],
        "e2e-plain"
    );
    let none = tocsin.given("{}", &["route", "-"]);
    assert!(
        none.code == 1 && none.err.contains("is not an alert"),
        "{none:?}"
    );
}

#[tokio::test]
async fn requests_are_previewed_without_secrets() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let alert = root()
        .join("events/alert-root-console-login.json")
        .display()
        .to_string();
    let of_one = tocsin.json(&["preview", &alert, "--destination", "soc-jira"]);
    assert_eq!(of_one["preview"]["method"], "POST", "{of_one:#}");
    let headers = of_one["preview"]["headers"].as_array().unwrap();
    let authorization = headers
        .iter()
        .find(|one| one["name"] == "authorization")
        .unwrap();
    assert_eq!(authorization["value"], "[secret]");
    let settings = tocsin
        .file("settings.yaml", "region: eu\n")
        .display()
        .to_string();
    let of_a_kind = tocsin.ok(&[
        "preview",
        &alert,
        "--provider",
        "pagerduty",
        "--settings",
        &settings,
    ]);
    assert!(
        of_a_kind.contains("events.eu.pagerduty.com") || of_a_kind.contains("POST"),
        "{of_a_kind}"
    );
    let minimal = tocsin.ok(&[
        "preview",
        &alert,
        "--provider",
        "slack",
        "--form",
        "minimal",
    ]);
    let full = tocsin.ok(&["preview", &alert, "--provider", "slack"]);
    assert!(minimal.len() < full.len());
}

#[tokio::test]
async fn a_message_that_is_not_an_alert_is_not_sent() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let id = unique("unsent");
    let good = tocsin
        .file("good.json", &alert_for(&id, &["e2e-plain"]).to_string())
        .display()
        .to_string();
    let bad = tocsin
        .file("bad.json", "{\"id\": \"x\"}")
        .display()
        .to_string();
    let done = tocsin.run(&["send", &good, &bad]);
    assert_eq!(done.code, 1);
    assert!(
        done.err.contains("bad.json") && done.err.contains("nothing was sent"),
        "{done:?}"
    );
    assert_eq!(tocsin.run(&["alerts", "show", &id]).code, 1);
    let sent = tocsin.json(&["send", &good]);
    assert_eq!(sent[0]["alertId"], id.as_str());
    let shown = tocsin.ok(&["alerts", "show", "--wait", "60", &id]);
    assert!(shown.contains("DELIVERED"), "{shown}");
    let listed = tocsin.json(&[
        "alerts",
        "list",
        "--since",
        "1h",
        "--severity",
        "LOW",
        "--limit",
        "100000",
    ]);
    let mine = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["alertId"] == id.as_str());
    assert_eq!(mine.unwrap()["disposition"], "ROUTED");
}

#[tokio::test]
async fn dead_letters_are_read_and_put_back() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let id = unique("dead");
    stack
        .send(&json!({"alertId": id, "severity": "LOW"}).to_string())
        .await;
    let dead_letter = eventually(|| {
        let all = tocsin.json(&[
            "dead-letters",
            "list",
            "--queue",
            "alerts",
            "--limit",
            "100",
        ]);
        let letters = all[0]["letters"].as_array().unwrap().clone();
        letters
            .into_iter()
            .find(|one| one.to_string().contains(&id))
    });
    assert_eq!(dead_letter["reason"], "MissingField", "{dead_letter:#}");
    let message = dead_letter["messageId"].as_str().unwrap();
    let whole = eventually(|| {
        let done = tocsin.run(&["dead-letters", "show", message]);
        (done.code == 0).then_some(done.out)
    });
    assert!(
        whole.contains(&id) && whole.contains("MissingField"),
        "{whole}"
    );
    let unasked = tocsin.run(&["dead-letters", "redrive", "--queue", "alerts", message]);
    assert!(
        unasked.code == 2 && unasked.err.contains("--yes"),
        "{unasked:?}"
    );
    let put_back = eventually(|| {
        let done = tocsin.run(&[
            "dead-letters",
            "redrive",
            "--queue",
            "alerts",
            "--yes",
            message,
        ]);
        (done.code == 0).then_some(done.out)
    });
    assert!(put_back.contains(message), "{put_back}");
}

#[tokio::test]
async fn all_alerts_are_accounted_for() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let id = unique("accounted");
    let alert = alert_for(&id, &["e2e-plain"]).to_string();
    assert_eq!(tocsin.given(&alert, &["send", "-", "--wait", "60"]).code, 0);
    let done = tocsin.run(&["audit", "--since", "5m", "--output", "json"]);
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert!([0, 3].contains(&done.code), "{report:#}");
    // Other tests leave failures behind.
    let undelivered = report["destinations"].as_array().unwrap().iter();
    let undelivered: u64 = undelivered
        .map(|one| one["undelivered"].as_u64().unwrap())
        .sum();
    if report["verdict"] != "CONSERVED" || undelivered > 0 {
        assert_eq!(done.code, 3, "{report:#}");
    }
    let findings = report["findings"].to_string();
    assert!(!findings.contains(&id), "{report:#}");
    assert!(report["deliveries"]["delivered"].as_u64().unwrap() >= 1);
}

#[tokio::test]
async fn deliveries_are_followed_as_they_happen() {
    let stack = Stack::ready().await;
    let tocsin = Tocsin::of(&stack);
    let tail = tocsin.follow(&[
        "tail",
        "--since",
        "1s",
        "--interval",
        "1",
        "--destination",
        "e2e-plain",
        "--output",
        "json",
    ]);
    let id = unique("followed");
    stack
        .send(&alert_for(&id, &["e2e-plain"]).to_string())
        .await;
    let line = tail.line_with(&id);
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["event"], "delivery");
    assert_eq!(event["displayName"], "e2e-plain");
}

/// What `look` finds, once it finds something.
fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    while started.elapsed() < Duration::from_mins(1) {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    panic!("not found within a minute");
}
