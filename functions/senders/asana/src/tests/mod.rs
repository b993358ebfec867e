mod limits;
mod message;
mod outcome;
mod settings;

use serde_json::{Value, json};
use tocsin_core::alert::Alert;
use tocsin_core::provider::Detail;
use tocsin_testing::{
    ProviderFixture, check_provider_settings, delivery, full, full_json, response, samples,
};

use super::*;

fn fixture(settings: &Value) -> ProviderFixture<Asana> {
    ProviderFixture::new(
        Asana::default(),
        settings,
        &json!({"accessToken": "PLANTED"}),
    )
}

fn plain() -> ProviderFixture<Asana> {
    fixture(&json!({"projects": ["1204567890123456"]}))
}

/// A destination with all settings.
fn configured() -> ProviderFixture<Asana> {
    fixture(&json!({
        "projects": ["1204567890123456", "1204567890123457"], "workspace": "1200000000000001",
        "assignee": "me", "followers": ["soc@example.com"], "tags": ["1204567890123999"],
        "customFields": {"1204567890120001": "1204567890120002", "1204567890120003": 4},
    }))
}

fn task(alert: &Alert, detail: Detail) -> Value {
    plain().body(alert, detail)["data"].clone()
}

fn snapshot(name: &str, text: &str) {
    tocsin_testing::assert_snapshot!(name, text);
}
