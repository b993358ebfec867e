//! Managing destinations: names, concurrent edits, fallbacks, disabled ones.

use futures::future::join_all;
use serde_json::json;

use tocsin_tests::harness::{Stack, unique};

use super::{add_webhook, arrival_path, call, draft, refused, secret};

#[tokio::test]
async fn fifty_additions_of_one_name_leave_one_destination() {
    let stack = Stack::ready().await;
    let name = unique("fifty");
    let request = json!({
        "operation": "addDestination", "actor": "tests",
        "destination": draft(&name), "secret": secret(&stack, "/hook/fifty"),
    });
    let answers = join_all((0..50).map(|_| stack.invoke("api", &request))).await;
    let added = answers.iter().filter(|one| one["ok"].is_object()).count();
    let taken = answers
        .iter()
        .filter(|one| one["error"]["code"] == "CONFLICT" && one["error"]["field"] == "displayName");
    assert_eq!((added, taken.count()), (1, 49), "{answers:#?}");
    let all = call(&stack, "listDestinations", json!({})).await;
    let called = all
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["displayName"] == *name);
    assert_eq!(called.count(), 1);
}

#[tokio::test]
async fn of_two_editors_one_gets_a_clear_conflict() {
    let stack = Stack::ready().await;
    let name = unique("edited");
    let read = add_webhook(&stack, &name, "/hook/edited").await;
    assert_eq!(
        (&read["revision"], &read["createdBy"]),
        (&json!(1), &json!("tests"))
    );
    let edit = |actor: &str, log_type: &str| {
        let mut draft = draft(&name);
        // Not its severities: other tests' alerts would come here.
        draft["logTypes"] = json!([log_type]);
        json!({
            "operation": "updateDestination", "destination": name, "revision": read["revision"],
            "draft": draft, "actor": actor,
        })
    };
    let [alice, bob] = [edit("alice", "A"), edit("bob", "B")];
    let (one, other) = tokio::join!(stack.invoke("api", &alice), stack.invoke("api", &bob));
    let (won, lost, winner) = if one["ok"].is_object() {
        (one, other, "alice")
    } else {
        (other, one, "bob")
    };
    assert_eq!(won["ok"]["revision"], 2, "{won:#}");
    assert_eq!(won["ok"]["updatedBy"], winner);
    assert_eq!(lost["error"]["code"], "CONFLICT", "{lost:#}");
    assert_eq!(lost["error"]["field"], "revision");
    let said = lost["error"]["message"].as_str().unwrap();
    assert!(
        said.starts_with(&format!("{winner} changed the destination at 2")),
        "{said}"
    );
    assert_eq!(
        call(&stack, "getDestination", json!({"destination": name})).await,
        won["ok"]
    );
}

#[tokio::test]
async fn a_new_name_is_taken_and_the_old_one_freed() {
    let stack = Stack::ready().await;
    let (old, new, other) = (unique("old"), unique("new"), unique("other"));
    let one = add_webhook(&stack, &old, "/hook/renamed").await;
    add_webhook(&stack, &other, "/hook/other").await;
    let rename = |to: &str, revision: u64| json!({"destination": one["destinationId"], "revision": revision, "draft": draft(to)});
    let error = refused(&stack, "updateDestination", rename(&other, 1)).await;
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("CONFLICT"), &json!("displayName"))
    );
    let renamed = call(&stack, "updateDestination", rename(&new, 1)).await;
    assert_eq!(renamed["displayName"], *new);
    assert_eq!(renamed["destinationId"], one["destinationId"]);
    add_webhook(&stack, &old, "/hook/second").await;
    assert_eq!(arrival_path(&stack, &new).await, "/hook/renamed");
}

#[tokio::test]
async fn fallbacks_cannot_form_a_cycle() {
    let stack = Stack::ready().await;
    let (one, two) = (unique("circle-one"), unique("circle-two"));
    add_webhook(&stack, &one, "/hook/circle").await;
    let leaning = |on: &str, name: &str| {
        let mut draft = draft(name);
        draft["fallback"] = json!(on);
        draft
    };
    let request =
        json!({"destination": leaning(&one, &two), "secret": secret(&stack, "/hook/circle")});
    call(&stack, "addDestination", request).await;
    let round = json!({"destination": one, "revision": 1, "draft": leaning(&two, &one)});
    let error = refused(&stack, "updateDestination", round).await;
    assert_eq!(error["field"], "fallback", "{error:#}");
    assert!(
        error["message"].as_str().unwrap().contains("cycle"),
        "{error:#}"
    );
    // Also by a file that lists only one of the two.
    let file = json!({"destinations": [{"destination": leaning(&two, &one)}]});
    let error = refused(&stack, "applyDestinations", file).await;
    assert_eq!(error["field"], "destinations[0].fallback", "{error:#}");
}

#[tokio::test]
async fn a_disabled_destination_gets_nothing_until_it_is_enabled() {
    let stack = Stack::ready().await;
    let name = unique("switch");
    let one = add_webhook(&stack, &name, "/hook/switch").await;
    let switch = |enabled: bool| json!({"destination": name, "enabled": enabled, "actor": "tests"});
    let off = call(&stack, "setDestinationEnabled", switch(false)).await;
    assert_eq!(
        (&off["enabled"], &off["revision"]),
        (&json!(false), &json!(2))
    );
    // A test finds out whether it can be enabled.
    let report = call(&stack, "sendTestAlert", json!({"destinations": [name]})).await;
    assert_eq!(report["results"][0]["state"], "DELIVERED", "{report:#}");
    let stale = json!({"destination": name, "enabled": true, "revision": one["revision"]});
    assert_eq!(
        refused(&stack, "setDestinationEnabled", stale).await["code"],
        "CONFLICT"
    );
    let on = call(&stack, "setDestinationEnabled", switch(true)).await;
    assert_eq!((&on["enabled"], &on["revision"]), (&json!(true), &json!(3)));
    assert_eq!(on["secretName"], one["secretName"]);
}

#[tokio::test]
async fn a_fallback_must_exist_and_cannot_be_deleted() {
    let stack = Stack::ready().await;
    let (name, fallback) = (unique("leaning"), unique("fallback"));
    let with = |fallback: &str| {
        let mut draft = draft(&name);
        draft["fallback"] = json!(fallback);
        draft["retry"] = json!({"windowHours": 2, "mostAttempts": 3});
        json!({"destination": draft, "secret": secret(&stack, "/hook/leaning")})
    };
    let error = refused(&stack, "addDestination", with(&fallback)).await;
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("INVALID"), &json!("fallback"))
    );
    let other = add_webhook(&stack, &fallback, "/hook/fallback").await;
    let one = call(&stack, "addDestination", with(&fallback)).await;
    assert_eq!(
        (&one["fallback"], &one["fallbackName"]),
        (&other["destinationId"], &json!(fallback))
    );
    assert_eq!(one["retry"], json!({"windowHours": 2, "mostAttempts": 3}));
    let error = refused(
        &stack,
        "deleteDestination",
        json!({"destination": fallback}),
    )
    .await;
    assert_eq!(error["code"], "CONFLICT");
    assert!(
        error["message"].as_str().unwrap().contains(&name),
        "{error:#}"
    );
    let mut own = with(&name)["destination"].clone();
    own["fallback"] = one["destinationId"].clone();
    let own = json!({"destination": name, "revision": 1, "draft": own});
    assert_eq!(
        refused(&stack, "updateDestination", own).await["field"],
        "fallback"
    );
}

#[tokio::test]
async fn ten_megabytes_are_refused_and_unknown_keys_named() {
    let stack = Stack::ready().await;
    let large =
        json!({"destination": draft("large"), "secret": {"url": "x".repeat(5 * 1024 * 1024)}});
    assert_eq!(
        refused(&stack, "addDestination", large).await["field"],
        "secret"
    );
    let large = json!({"alert": "x".repeat(2 * 1024 * 1024)});
    assert_eq!(
        refused(&stack, "explainRoute", large).await["field"],
        "alert"
    );
    let mut typo = draft("typo");
    typo["severites"] = json!(["LOW"]);
    let error = refused(&stack, "addDestination", json!({"destination": typo})).await;
    assert_eq!(error["code"], "INVALID");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("unknown field `severites`"),
        "{error:#}"
    );
    let error = refused(
        &stack,
        "resendAlert",
        json!({"alertId": "x", "destination": ["a"]}),
    )
    .await;
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("unknown field `destination`"),
        "{error:#}"
    );
}
