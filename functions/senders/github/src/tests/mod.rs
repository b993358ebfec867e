mod limits;
mod message;
mod outcome;
mod settings;
mod token;

use serde_json::{Value, json};
use tocsin_core::alert::Alert;
use tocsin_core::provider::Detail;
use tocsin_testing::{
    ProviderFixture, check_provider_settings, delivery, full, full_json, response, samples,
};

use super::*;

fn fixture(settings: &Value) -> ProviderFixture<GitHub> {
    ProviderFixture::new(GitHub::default(), settings, &json!({"token": "PLANTED"}))
}

fn plain() -> ProviderFixture<GitHub> {
    fixture(&json!({"repository": "octo-org/alerts"}))
}

/// A destination on Enterprise Server with all settings.
fn configured() -> ProviderFixture<GitHub> {
    fixture(&json!({
        "apiUrl": "https://github.example.com/api/v3",
        "repository": "octo-org/alerts",
        "labels": ["alert", "severity:high"],
        "assignees": ["octocat"],
        "issueType": "Bug",
    }))
}

/// A destination that authenticates as an app.
fn app() -> ProviderFixture<GitHub> {
    ProviderFixture::new(
        GitHub::default(),
        &json!({"repository": "octo-org/alerts", "appId": "12345", "installationId": "67890"}),
        &json!({"privateKey": form::EXAMPLE_KEY}),
    )
}

fn snapshot(name: &str, text: &str) {
    tocsin_testing::assert_snapshot!(name, text);
}
