//! Answers of single providers, and credentials that need a request of their own.

use serde_json::{Value, json};
use tocsin_tests::harness::{Stack, alert_for, unique};
use tocsin_tests::simulator::Fault;
use tocsin_tests::simulator::github::app;
use tocsin_tests::simulator::teams;

/// Adds a destination, and returns its name.
async fn add(stack: &Stack, provider: &str, settings: &Value, secret: &Value) -> String {
    let name = unique(provider);
    let request = json!({
        "operation": "addDestination", "actor": "tests",
        "destination": {"displayName": name, "type": provider, "settings": settings},
        "secret": secret,
    });
    let answer = stack.invoke("api", &request).await;
    assert!(answer["ok"].is_object(), "{answer:#}");
    name
}

/// The simulator, as the site of a vendor.
fn site(stack: &Stack) -> String {
    stack.simulator("").trim_end_matches('/').to_owned()
}

/// A Jira destination with this project.
async fn jira(stack: &Stack, project: &str) -> String {
    let settings = json!({
        "deployment": "cloud", "siteUrl": site(stack),
        "projectKey": project, "issueType": "Task", "labels": ["security"],
        "priority": {"HIGH": "High"},
    });
    let secret = json!({"email": "tocsin@example.com", "apiToken": "ATATT3xFfGF0simulated"});
    add(stack, "jira", &settings, &secret).await
}

async fn created(stack: &Stack, provider: &str, about: &str) -> Vec<Value> {
    let page = stack.simulator(&format!("/_created/{provider}?about={about}"));
    let answer = reqwest::get(&page).await.unwrap().bytes().await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

#[tokio::test]
async fn jira_gets_what_its_screen_has() {
    let stack = Stack::ready().await;
    let name = jira(&stack, "NOFIELDS").await;
    let id = unique("screen");
    let mut alert = alert_for(&id, &[&name]);
    alert["severity"] = json!("HIGH");
    stack.send(&alert.to_string()).await;
    let delivery = stack.delivery_in(&id, "DELIVERED").await;
    assert_eq!(delivery["attempt"], 1, "{delivery:#}");
    let remark = delivery["attempts"][0]["remark"].as_str().unwrap();
    assert!(
        remark.starts_with("delivered without priority, labels"),
        "{remark}"
    );
    let issues = created(&stack, "jira", &id).await;
    assert_eq!(issues.len(), 1);
    let fields = &issues[0]["thing"]["fields"];
    assert!(fields["description"].is_object(), "{fields:#}");
    assert!(fields["labels"].is_null() && fields["priority"].is_null());
    stack.delete_destination(&name).await;
}

/// An account that may create is not always allowed to search.
#[tokio::test]
async fn a_refused_lookup_does_not_end_a_delivery() {
    let stack = Stack::ready().await;
    let name = jira(&stack, "NOSEARCH").await;
    let id = unique("no-search");
    stack
        .inject(&Fault::once("/rest/api/3/issue", &id, 502))
        .await;
    let mut refused = Fault::once("/rest/api/3/search/jql", "NOSEARCH", 403);
    refused.times = 10;
    stack.inject(&refused).await;
    stack.send(&alert_for(&id, &[&name]).to_string()).await;
    let delivery = stack.delivery_in(&id, "DELIVERED").await;
    assert_eq!(delivery["attempt"], 2, "{delivery:#}");
    let remark = delivery["attempts"][1]["remark"].as_str().unwrap();
    assert!(remark.contains("the lookup failed"), "{remark}");
    assert_eq!(created(&stack, "jira", &id).await.len(), 1);
    stack.delete_destination(&name).await;
}

#[tokio::test]
async fn access_tokens_are_requested_with_the_secret() {
    let stack = Stack::ready().await;
    let workflow = "/powerautomate/automations/direct/cu/24/workflows/5f0e6c1f2b7d4c0c8d6f3a1e9b2c4d70/triggers/manual/paths/invoke?api-version=1";
    let restricted = add(
        &stack,
        "teams",
        &json!({
            "tenantId": "contoso.onmicrosoft.com",
            "clientId": "11112222-bbbb-3333-cccc-4444dddd5555",
        }),
        &json!({
            "webhookUrl": stack.simulator(workflow), "clientSecret": teams::CLIENT_SECRET,
        }),
    )
    .await;
    let app = add(
        &stack,
        "github",
        &json!({
            "repository": "octo-org/security-alerts", "apiUrl": site(&stack),
            "appId": app::APP_ID, "installationId": app::INSTALLATION_ID,
        }),
        &json!({"privateKey": app::PRIVATE_KEY}),
    )
    .await;
    let id = unique("tokens");
    let alert = alert_for(&id, &[&restricted, &app]);
    stack.send(&alert.to_string()).await;
    stack.report_when_delivered(&id, 2).await;
    assert_eq!(created(&stack, "github", &id).await.len(), 1);
    stack.delete_destination(&restricted).await;
    stack.delete_destination(&app).await;
}
