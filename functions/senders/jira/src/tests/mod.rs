mod limits;
mod message;
mod outcome;
mod settings;

use serde_json::{Value, json};
use tocsin_core::alert::Alert;
use tocsin_core::provider::Detail;
use tocsin_testing::{
    ProviderFixture, check_provider_settings, full, full_json, response, samples,
};

use super::*;

/// A destination on Cloud with all settings.
fn cloud() -> ProviderFixture<Jira> {
    let settings = json!({
        "deployment": "cloud", "siteUrl": "https://example.atlassian.net",
        "projectKey": "SEC", "issueType": "Task", "labels": ["security"],
        "priority": {"CRITICAL": "Highest", "HIGH": "High"},
        "assignee": "557058:0f4c1c3e-0000-4000-8000-d0c5c0ffee00",
        "parent": "SEC-1", "components": ["Detection"], "customFields": {"customfield_10010": {"value": "SOC"}},
    });
    let secret = json!({"email": "bot@example.com", "apiToken": "PLANTED"});
    ProviderFixture::new(Jira::default(), &settings, &secret)
}

fn data_center() -> ProviderFixture<Jira> {
    let settings = json!({
        "deployment": "dataCenter", "siteUrl": "https://tools.example.com/jira/",
        "projectKey": "SEC", "issueType": "10002", "assignee": "jdoe", "priority": "High",
    });
    ProviderFixture::new(Jira::default(), &settings, &json!({"token": "PLANTED"}))
}

fn snapshot(name: &str, text: &str) {
    tocsin_testing::assert_snapshot!(name, text);
}
