mod limits;
mod message;
mod outcome;
mod settings;

use serde_json::{Value, json};
use tocsin_core::provider::Detail;
use tocsin_testing::{
    ProviderFixture, alert, check_provider_settings, delivery, full, full_json, response, samples,
};

use super::*;

fn fixture(settings: &Value) -> ProviderFixture<ServiceNow> {
    let secret = json!({"username": "tocsin", "password": "PLANTEDpassword"});
    ProviderFixture::new(ServiceNow::default(), settings, &secret)
}

fn incidents() -> ProviderFixture<ServiceNow> {
    fixture(&json!({"instance": "https://acme.service-now.com"}))
}

fn events() -> ProviderFixture<ServiceNow> {
    fixture(&json!({"mode": "event", "instance": "https://acme.service-now.com"}))
}

fn snapshot(name: &str, text: &str) {
    tocsin_testing::assert_snapshot!(name, text);
}
