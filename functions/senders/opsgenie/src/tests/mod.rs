mod limits;
mod message;
mod outcome;
mod settings;

use serde_json::{Value, json};
use tocsin_core::provider::Detail;
use tocsin_testing::{
    ProviderFixture, alert, check_provider_settings, full, full_json, response, samples,
};

use super::*;

const PLANTED: &str = "PLANTED0-1111-2222-3333-PLANTED";

fn fixture(settings: &Value) -> ProviderFixture<OpsGenie> {
    ProviderFixture::new(OpsGenie::default(), settings, &json!({"apiKey": PLANTED}))
}

fn plain() -> ProviderFixture<OpsGenie> {
    fixture(&json!({}))
}

fn snapshot(name: &str, text: &str) {
    tocsin_testing::assert_snapshot!(name, text);
}
