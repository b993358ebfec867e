//! Whole files of destinations: planned, applied, applied again.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use tocsin_tests::harness::{PLANTED, Stack, unique};

use super::{add_webhook, arrival_path, call, draft, refused, secret};

#[tokio::test]
async fn a_stale_plan_changes_nothing() {
    let stack = Stack::ready().await;
    let (one, new) = (unique("plan-one"), unique("plan-new"));
    add_webhook(&stack, &one, "/hook/plan").await;
    let mut changed = draft(&one);
    changed["logTypes"] = json!(["A"]);
    let file = json!({"dryRun": true, "destinations": [
        {"destination": changed},
        {"destination": draft(&new), "secret": secret(&stack, "/hook/new")},
    ]});
    let shown = call(&stack, "applyDestinations", file.clone()).await;
    let expected: Vec<Value> = shown["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let mut expected = json!({"displayName": one["displayName"], "change": one["change"]});
            for field in ["destinationId", "revision"] {
                if !one[field].is_null() {
                    expected[field] = one[field].clone();
                }
            }
            expected
        })
        .collect();
    let mut agreed = file;
    agreed["dryRun"] = json!(false);
    agreed["expected"] = json!(expected);
    let off = json!({"destination": one, "enabled": false});
    call(&stack, "setDestinationEnabled", off).await;
    let error = refused(&stack, "applyDestinations", agreed.clone()).await;
    assert_eq!(error["code"], "CONFLICT");
    let told = format!("{one:?} was at revision 1, and is now at 2");
    assert!(
        error["message"].as_str().unwrap().contains(&told),
        "{error:#}"
    );
    let there = refused(&stack, "getDestination", json!({"destination": new})).await;
    assert_eq!(there["code"], "NOT_FOUND");
    agreed["expected"][0]["revision"] = json!(2);
    let applied = call(&stack, "applyDestinations", agreed).await;
    assert_eq!(
        applied["changes"][0]["result"]["state"], "done",
        "{applied:#}"
    );
}

#[tokio::test]
async fn a_file_applied_twice_changes_nothing_the_second_time() {
    let stack = Stack::ready().await;
    let (one, two) = (unique("apply-one"), unique("apply-two"));
    let file = |log_type: &str, path: &str| {
        let mut first = draft(&one);
        first["logTypes"] = json!([log_type]);
        // It comes before its fallback in the file.
        first["fallback"] = json!(two);
        json!({"actor": "tests", "destinations": [
            {"destination": first, "secret": secret(&stack, path)},
            {"destination": draft(&two), "secret": secret(&stack, "/hook/two")},
        ]})
    };
    let changes = |report: &Value| -> Vec<String> {
        let all = report["changes"].as_array().unwrap().iter();
        all.map(|one| {
            format!(
                "{} {}",
                one["change"].as_str().unwrap(),
                one["result"]["state"].as_str().unwrap()
            )
        })
        .collect()
    };
    let mut dry = file("A", "/hook/one");
    dry["dryRun"] = json!(true);
    let planned = call(&stack, "applyDestinations", dry).await;
    assert_eq!(changes(&planned), ["add planned", "add planned"]);
    assert_eq!(
        refused(&stack, "getDestination", json!({"destination": one})).await["code"],
        "NOT_FOUND"
    );
    let first = call(&stack, "applyDestinations", file("A", "/hook/one")).await;
    assert_eq!(changes(&first), ["add done", "add done"], "{first:#}");
    let again = call(&stack, "applyDestinations", file("A", "/hook/one")).await;
    assert_eq!(
        changes(&again),
        ["unchanged nothing", "unchanged nothing"],
        "{again:#}"
    );
    let edited = call(&stack, "applyDestinations", file("B", "/hook/other")).await;
    assert_eq!(
        changes(&edited),
        ["update done", "unchanged nothing"],
        "{edited:#}"
    );
    let its = &edited["changes"][0];
    assert_eq!(its["secret"], "replaced");
    assert_eq!(
        its["fields"],
        json!([{"field": "logTypes", "before": ["A"], "after": ["B"]}])
    );
    let again = call(&stack, "applyDestinations", file("B", "/hook/other")).await;
    assert_eq!(
        changes(&again),
        ["unchanged nothing", "unchanged nothing"],
        "{again:#}"
    );
    assert_eq!(arrival_path(&stack, &one).await, "/hook/other");
}

#[tokio::test]
async fn one_invalid_entry_changes_nothing() {
    let stack = Stack::ready().await;
    let (good, bad) = (unique("apply-good"), unique("apply-bad"));
    let file = json!({"destinations": [
        {"destination": draft(&good), "secret": secret(&stack, "/hook/good")},
        {"destination": draft(&bad), "secret": {"url": PLANTED}},
        {"destination": {"displayName": "a\u{202e}b", "type": "webhook"}, "secret": secret(&stack, "/x")},
    ]});
    let error = refused(&stack, "applyDestinations", file).await;
    assert_eq!(error["code"], "INVALID");
    assert_eq!(error["field"], "destinations[1].secret.url");
    let said = error["message"].as_str().unwrap();
    assert!(
        said.contains("2 problems") && said.contains("destinations[2].displayName"),
        "{said}"
    );
    assert_eq!(
        refused(&stack, "getDestination", json!({"destination": good})).await["code"],
        "NOT_FOUND"
    );
}

/// Only planned here: the deletion would hit the destinations of other tests.
#[tokio::test]
async fn pruning_deletes_what_the_file_does_not_list() {
    let stack = Stack::ready().await;
    let name = unique("unlisted");
    add_webhook(&stack, &name, "/hook/unlisted").await;
    let kept = unique("listed");
    let file = |prune: bool| {
        json!({"dryRun": true, "prune": prune, "destinations": [
            {"destination": draft(&kept), "secret": secret(&stack, "/hook/listed")},
        ]})
    };
    let deleted = |report: &Value| -> BTreeSet<String> {
        let all = report["changes"].as_array().unwrap().iter();
        all.filter(|one| one["change"] == "delete")
            .map(|one| one["displayName"].as_str().unwrap().to_owned())
            .collect()
    };
    let pruned = call(&stack, "applyDestinations", file(true)).await;
    assert!(deleted(&pruned).contains(&name), "{pruned:#}");
    assert!(!deleted(&pruned).contains(&kept));
    let unpruned = call(&stack, "applyDestinations", file(false)).await;
    assert_eq!(deleted(&unpruned), BTreeSet::new());
    call(&stack, "getDestination", json!({"destination": name})).await;
}
