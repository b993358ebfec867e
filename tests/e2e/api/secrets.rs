//! Secrets of destinations: kept, replaced, shared, and sent only where they belong.

use serde_json::{Value, json};

use tocsin_tests::harness::{PLANTED, Stack, unique};

use super::{add_webhook, arrival_path, call, draft, refused, secret};

#[tokio::test]
async fn a_secret_is_kept_replaced_and_removed_with_its_destination() {
    let stack = Stack::ready().await;
    let name = unique("secret");
    let one = add_webhook(&stack, &name, "/hook/first").await;
    let kept = json!({"destination": name, "revision": 1, "draft": draft(&name)});
    let kept = call(&stack, "updateDestination", kept).await;
    assert_eq!(kept["secretName"], one["secretName"]);
    assert_eq!(arrival_path(&stack, &name).await, "/hook/first");
    let replaced = json!({
        "destination": name, "revision": 2, "draft": draft(&name),
        "secret": secret(&stack, "/hook/second"),
    });
    call(&stack, "updateDestination", replaced).await;
    let replaced = call(&stack, "getDestination", json!({"destination": name})).await;
    let [first, second] = [&one, &replaced].map(|one| one["secretName"].as_str().unwrap());
    // A new name: a sender with the old secret in its cache does not mistake it for the new.
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
    // Deliveries under way have the earlier name, and find the new secret under it.
    let value = secrets.get_secret_value().secret_id(first).send().await;
    assert!(
        value
            .unwrap()
            .secret_string
            .unwrap()
            .contains("/hook/second")
    );
    let deleted = call(&stack, "deleteDestination", json!({"destination": name})).await;
    assert_eq!(deleted["secret"]["state"], "removed", "{deleted:#}");
    assert_eq!(deleted["secret"]["name"], second);
    for gone in [first, second] {
        let described = secrets.describe_secret().secret_id(gone).send().await;
        assert!(described.unwrap().deleted_date.is_some());
        // It can be restored; until then it cannot be read.
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
    // A restored secret works as before.
    let restored = unique("restored");
    let again = json!({"destination": draft(&restored), "secret": second});
    call(&stack, "addDestination", again).await;
    assert_eq!(arrival_path(&stack, &restored).await, "/hook/second");
}

#[tokio::test]
async fn a_kept_secret_is_not_sent_to_another_host() {
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
    let added = call(&stack, "addDestination", request).await;
    let moved = |secret: Value| json!({"destination": name, "revision": 1, "draft": jira("https://elsewhere.example.com"), "secret": secret});
    let error = refused(&stack, "updateDestination", moved(Value::Null)).await;
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("INVALID"), &json!("secret"))
    );
    // Naming it does not help: that is the same as keeping it.
    let named = refused(
        &stack,
        "updateDestination",
        moved(added["secretName"].clone()),
    )
    .await;
    assert_eq!(named, error);
    // Another destination may not use it.
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
    let given_again = call(
        &stack,
        "updateDestination",
        moved(json!({"token": "another"})),
    )
    .await;
    assert_eq!(given_again["revision"], 2);
    assert_ne!(given_again["secretName"], added["secretName"]);
}

#[tokio::test]
async fn a_shared_secret_is_sent_only_to_the_host_in_its_tag() {
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
    call(&stack, "addDestination", request(home)).await;
    // From now on it is bound to the host of its first destination.
    let untagging = secrets.untag_resource().secret_id(&shared);
    let untagging = untagging.tag_keys("tocsin:origin");
    untagging.send().await.unwrap();
    call(&stack, "addDestination", request(home)).await;
    let error = refused(&stack, "addDestination", request(elsewhere)).await;
    assert!(
        error["message"].as_str().unwrap().contains("another host"),
        "{error:#}"
    );
}

#[tokio::test]
async fn a_secret_that_exists_already_is_referred_to_and_not_deleted() {
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
    call(&stack, "addDestination", request).await;
    assert_eq!(arrival_path(&stack, &name).await, "/hook/shared");
    let deleted = call(
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
