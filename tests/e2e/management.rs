//! Managing destinations through the API: conflicts, secrets, whole files.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::harness::{PLANTED, Stack, alert_for, unique};

/// A draft of a webhook that only lists reach.
fn draft(name: &str) -> Value {
    json!({"displayName": name, "type": "webhook"})
}

fn secret(stack: &Stack, path: &str) -> Value {
    json!({"url": stack.simulator(path), "headers": {"Authorization": PLANTED}})
}

/// What the API gives for `request`; a refusal fails the test.
async fn given(stack: &Stack, operation: &str, mut request: Value) -> Value {
    request["operation"] = json!(operation);
    let answer = stack.invoke("api", &request).await;
    assert!(
        !answer.to_string().contains(PLANTED),
        "{operation}: a secret in the answer"
    );
    assert!(answer["error"].is_null(), "{operation}: {answer:#}");
    answer["ok"].clone()
}

/// The error of a request that must be refused.
async fn refused(stack: &Stack, operation: &str, mut request: Value) -> Value {
    request["operation"] = json!(operation);
    let answer = stack.invoke("api", &request).await;
    assert!(
        !answer.to_string().contains(PLANTED),
        "{operation}: a secret in the answer"
    );
    assert!(answer["error"].is_object(), "{operation}: {answer:#}");
    answer["error"].clone()
}

async fn add(stack: &Stack, name: &str, path: &str) -> Value {
    let request =
        json!({"destination": draft(name), "secret": secret(stack, path), "actor": "tests"});
    given(stack, "addDestination", request).await
}

/// Where the one delivery of a new alert to `destination` arrived.
async fn arrival(stack: &Stack, destination: &str) -> String {
    let id = unique("arrival");
    stack
        .send(&alert_for(&id, &[destination]).to_string())
        .await;
    stack.delivery_in(&id, "DELIVERED").await;
    stack.received(&id).await[0].path.clone()
}

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
    let all = given(&stack, "listDestinations", json!({})).await;
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
    let read = add(&stack, &name, "/hook/edited").await;
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
        given(&stack, "getDestination", json!({"destination": name})).await,
        won["ok"]
    );
}

#[tokio::test]
async fn a_new_name_is_taken_and_the_old_one_freed() {
    let stack = Stack::ready().await;
    let (old, new, other) = (unique("old"), unique("new"), unique("other"));
    let one = add(&stack, &old, "/hook/renamed").await;
    add(&stack, &other, "/hook/other").await;
    let rename = |to: &str, revision: u64| json!({"destination": one["destinationId"], "revision": revision, "draft": draft(to)});
    let error = refused(&stack, "updateDestination", rename(&other, 1)).await;
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("CONFLICT"), &json!("displayName"))
    );
    let renamed = given(&stack, "updateDestination", rename(&new, 1)).await;
    assert_eq!(renamed["displayName"], *new);
    assert_eq!(renamed["destinationId"], one["destinationId"]);
    add(&stack, &old, "/hook/second").await;
    assert_eq!(arrival(&stack, &new).await, "/hook/renamed");
}

#[tokio::test]
async fn a_secret_is_kept_replaced_and_removed_with_its_destination() {
    let stack = Stack::ready().await;
    let name = unique("secret");
    let one = add(&stack, &name, "/hook/first").await;
    let kept = json!({"destination": name, "revision": 1, "draft": draft(&name)});
    let kept = given(&stack, "updateDestination", kept).await;
    assert_eq!(kept["secretName"], one["secretName"]);
    assert_eq!(arrival(&stack, &name).await, "/hook/first");
    let replaced = json!({
        "destination": name, "revision": 2, "draft": draft(&name),
        "secret": secret(&stack, "/hook/second"),
    });
    given(&stack, "updateDestination", replaced).await;
    let replaced = given(&stack, "getDestination", json!({"destination": name})).await;
    let [first, second] = [&one, &replaced].map(|one| one["secretName"].as_str().unwrap());
    // A name of its own: no sender takes the old secret that it remembers for the new.
    assert_ne!(first, second);
    let secrets = aws_sdk_secretsmanager::Client::new(&stack.config);
    let value = secrets.get_secret_value().secret_id(second).send().await;
    assert!(
        value
            .unwrap()
            .secret_string
            .unwrap()
            .contains("/hook/second")
    );
    // Deliveries on their way have the earlier name, and find the new one there.
    let value = secrets.get_secret_value().secret_id(first).send().await;
    assert!(
        value
            .unwrap()
            .secret_string
            .unwrap()
            .contains("/hook/second")
    );
    let deleted = given(&stack, "deleteDestination", json!({"destination": name})).await;
    assert_eq!(deleted["secret"]["state"], "removed", "{deleted:#}");
    assert_eq!(deleted["secret"]["name"], second);
    for gone in [first, second] {
        let described = secrets.describe_secret().secret_id(gone).send().await;
        assert!(described.unwrap().deleted_date.is_some());
        // It can be brought back, and nobody gets at it until then.
        let value = secrets.get_secret_value().secret_id(gone).send().await;
        assert!(value.is_err());
    }
    secrets
        .restore_secret()
        .secret_id(second)
        .send()
        .await
        .unwrap();
    let error = refused(&stack, "getDestination", json!({"destination": name})).await;
    assert_eq!(error["code"], "NOT_FOUND");
    // Then it is as good as before.
    let restored = unique("restored");
    let again = json!({"destination": draft(&restored), "secret": second});
    given(&stack, "addDestination", again).await;
    assert_eq!(arrival(&stack, &restored).await, "/hook/second");
}

#[tokio::test]
async fn a_kept_secret_goes_nowhere_it_was_not_meant_for() {
    let stack = Stack::ready().await;
    let name = unique("jira-dc");
    let jira = |site: &str| {
        json!({
            "displayName": name, "type": "jira",
            "settings": {"deployment": "dataCenter", "siteUrl": site, "projectKey": "SEC", "issueType": "Task"},
        })
    };
    let request =
        json!({"destination": jira("https://jira.example.com"), "secret": {"token": PLANTED}});
    let added = given(&stack, "addDestination", request).await;
    let moved = |secret: Value| json!({"destination": name, "revision": 1, "draft": jira("https://elsewhere.example.com"), "secret": secret});
    let error = refused(&stack, "updateDestination", moved(Value::Null)).await;
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("INVALID"), &json!("secret"))
    );
    // Nor by its name, which says no more than silence.
    let named = refused(
        &stack,
        "updateDestination",
        moved(added["secretName"].clone()),
    )
    .await;
    assert_eq!(named, error);
    // Nor may another destination borrow it.
    let borrowed = json!({
        "destination": {"displayName": unique("thief"), "type": "jira", "settings": jira("https://elsewhere.example.com")["settings"]},
        "secret": added["secretName"],
    });
    let error = refused(&stack, "addDestination", borrowed).await;
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("another destination"),
        "{error:#}"
    );
    let given_again = given(
        &stack,
        "updateDestination",
        moved(json!({"token": "another"})),
    )
    .await;
    assert_eq!(given_again["revision"], 2);
    assert_ne!(given_again["secretName"], added["secretName"]);
}

#[tokio::test]
async fn a_shared_secret_goes_only_where_it_is_marked_to_go() {
    let stack = Stack::ready().await;
    let secrets = aws_sdk_secretsmanager::Client::new(&stack.config);
    let shared = format!("{}/jira/{}", stack.name, unique("shared"));
    let value = json!({"token": PLANTED}).to_string();
    let created = secrets.create_secret().name(&shared).secret_string(value);
    created.send().await.unwrap();
    let request = |site: &str| {
        json!({"secret": shared, "destination": {
            "displayName": unique("jira-shared"), "type": "jira",
            "settings": {"deployment": "dataCenter", "siteUrl": site, "projectKey": "SEC", "issueType": "Task"},
        }})
    };
    let (home, elsewhere) = ("https://jira.example.com", "https://elsewhere.example.com");
    let error = refused(&stack, "addDestination", request(home)).await;
    let advice = format!("--secret-id {shared} --tags Key=tocsin:origin,Value={home}");
    assert!(
        error["message"].as_str().unwrap().contains(&advice),
        "{error:#}"
    );
    let tag = aws_sdk_secretsmanager::types::Tag::builder();
    let tag = tag.key("tocsin:origin").value(home).build();
    let tagging = secrets.tag_resource().secret_id(&shared).tags(tag);
    tagging.send().await.unwrap();
    let error = refused(&stack, "addDestination", request(elsewhere)).await;
    assert_eq!(error["field"], "secret", "{error:#}");
    given(&stack, "addDestination", request(home)).await;
    // From now on it is bound to where its first user sends it.
    let untagging = secrets.untag_resource().secret_id(&shared);
    let untagging = untagging.tag_keys("tocsin:origin");
    untagging.send().await.unwrap();
    given(&stack, "addDestination", request(home)).await;
    let error = refused(&stack, "addDestination", request(elsewhere)).await;
    assert!(
        error["message"].as_str().unwrap().contains("another host"),
        "{error:#}"
    );
}

#[tokio::test]
async fn a_plan_that_does_not_hold_any_more_changes_nothing() {
    let stack = Stack::ready().await;
    let (one, new) = (unique("plan-one"), unique("plan-new"));
    add(&stack, &one, "/hook/plan").await;
    let mut changed = draft(&one);
    changed["logTypes"] = json!(["A"]);
    let file = json!({"dryRun": true, "destinations": [
        {"destination": changed},
        {"destination": draft(&new), "secret": secret(&stack, "/hook/new")},
    ]});
    let shown = given(&stack, "applyDestinations", file.clone()).await;
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
    given(&stack, "setDestinationEnabled", off).await;
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
    let applied = given(&stack, "applyDestinations", agreed).await;
    assert_eq!(
        applied["changes"][0]["result"]["state"], "done",
        "{applied:#}"
    );
}

#[tokio::test]
async fn fallbacks_do_not_go_round_in_a_circle() {
    let stack = Stack::ready().await;
    let (one, two) = (unique("circle-one"), unique("circle-two"));
    add(&stack, &one, "/hook/circle").await;
    let leaning = |on: &str, name: &str| {
        let mut draft = draft(name);
        draft["fallback"] = json!(on);
        draft
    };
    let request =
        json!({"destination": leaning(&one, &two), "secret": secret(&stack, "/hook/circle")});
    given(&stack, "addDestination", request).await;
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
async fn a_secret_of_ones_own_is_referred_to_and_stays() {
    let stack = Stack::ready().await;
    let secrets = aws_sdk_secretsmanager::Client::new(&stack.config);
    let shared = format!("{}/webhook/{}", stack.name, unique("shared"));
    let value = secret(&stack, "/hook/shared").to_string();
    secrets
        .create_secret()
        .name(&shared)
        .secret_string(value)
        .send()
        .await
        .unwrap();
    let name = unique("referring");
    for wrong in [
        "elsewhere/webhook/x",
        &format!("{}/jira/x", stack.name),
        &format!("{shared}-not"),
    ] {
        let request = json!({"destination": draft(&name), "secret": wrong});
        let error = refused(&stack, "addDestination", request).await;
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("INVALID"), &json!("secret")),
            "{wrong}"
        );
    }
    let request = json!({"destination": draft(&name), "secret": shared});
    given(&stack, "addDestination", request).await;
    assert_eq!(arrival(&stack, &name).await, "/hook/shared");
    let deleted = given(
        &stack,
        "deleteDestination",
        json!({"destination": name, "revision": 1}),
    )
    .await;
    assert_eq!(deleted["secret"]["state"], "shared");
    secrets
        .get_secret_value()
        .secret_id(&shared)
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_disabled_destination_gets_nothing_until_it_is_enabled() {
    let stack = Stack::ready().await;
    let name = unique("switch");
    let one = add(&stack, &name, "/hook/switch").await;
    let switch = |enabled: bool| json!({"destination": name, "enabled": enabled, "actor": "tests"});
    let off = given(&stack, "setDestinationEnabled", switch(false)).await;
    assert_eq!(
        (&off["enabled"], &off["revision"]),
        (&json!(false), &json!(2))
    );
    let error = refused(&stack, "sendTestAlert", json!({"destinations": [name]})).await;
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("enable it first"),
        "{error:#}"
    );
    let stale = json!({"destination": name, "enabled": true, "revision": one["revision"]});
    assert_eq!(
        refused(&stack, "setDestinationEnabled", stale).await["code"],
        "CONFLICT"
    );
    let on = given(&stack, "setDestinationEnabled", switch(true)).await;
    assert_eq!((&on["enabled"], &on["revision"]), (&json!(true), &json!(3)));
    assert_eq!(on["secretName"], one["secretName"]);
}

#[tokio::test]
async fn a_fallback_is_another_destination_there_is_and_is_not_deleted() {
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
    let other = add(&stack, &fallback, "/hook/fallback").await;
    let one = given(&stack, "addDestination", with(&fallback)).await;
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
async fn a_file_applied_twice_changes_nothing_the_second_time() {
    let stack = Stack::ready().await;
    let (one, two) = (unique("apply-one"), unique("apply-two"));
    let file = |log_type: &str, path: &str| {
        let mut first = draft(&one);
        first["logTypes"] = json!([log_type]);
        // It comes before what it falls back on.
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
    let planned = given(&stack, "applyDestinations", dry).await;
    assert_eq!(changes(&planned), ["add planned", "add planned"]);
    assert_eq!(
        refused(&stack, "getDestination", json!({"destination": one})).await["code"],
        "NOT_FOUND"
    );
    let first = given(&stack, "applyDestinations", file("A", "/hook/one")).await;
    assert_eq!(changes(&first), ["add done", "add done"], "{first:#}");
    let again = given(&stack, "applyDestinations", file("A", "/hook/one")).await;
    assert_eq!(
        changes(&again),
        ["unchanged nothing", "unchanged nothing"],
        "{again:#}"
    );
    let edited = given(&stack, "applyDestinations", file("B", "/hook/other")).await;
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
    let again = given(&stack, "applyDestinations", file("B", "/hook/other")).await;
    assert_eq!(
        changes(&again),
        ["unchanged nothing", "unchanged nothing"],
        "{again:#}"
    );
    assert_eq!(arrival(&stack, &one).await, "/hook/other");
}

#[tokio::test]
async fn one_invalid_entry_leaves_everything_as_it_was() {
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

/// What `prune` would delete is only planned here: other tests run beside.
#[tokio::test]
async fn pruning_deletes_what_the_file_does_not_list() {
    let stack = Stack::ready().await;
    let name = unique("unlisted");
    add(&stack, &name, "/hook/unlisted").await;
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
    let pruned = given(&stack, "applyDestinations", file(true)).await;
    assert!(deleted(&pruned).contains(&name), "{pruned:#}");
    assert!(!deleted(&pruned).contains(&kept));
    let unpruned = given(&stack, "applyDestinations", file(false)).await;
    assert_eq!(deleted(&unpruned), BTreeSet::new());
    given(&stack, "getDestination", json!({"destination": name})).await;
}

#[tokio::test]
async fn a_preview_is_what_is_sent_without_its_secrets() {
    let stack = Stack::ready().await;
    let id = unique("preview");
    let alert = alert_for(&id, &["e2e-plain"]);
    let request = json!({"alert": alert, "to": {"destination": "e2e-plain"}});
    let preview = given(&stack, "previewMessage", request).await;
    stack.send(&alert.to_string()).await;
    stack.delivery_in(&id, "DELIVERED").await;
    let body: Value = serde_json::from_str(preview["preview"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, stack.received(&id).await[0].body);
    assert_eq!(preview["preview"]["url"], "[secret]");
    let draft = json!({
        "alert": alert, "form": "minimal",
        "to": {"draft": {"type": "sqs", "settings": {"queueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/alerts"}}},
    });
    let preview = given(&stack, "previewMessage", draft).await;
    assert_eq!(preview["preview"]["kind"], "message");
    assert_eq!(preview["preview"]["attributes"]["alertId"], *id);
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
