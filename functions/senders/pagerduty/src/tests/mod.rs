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

const PLANTED: &str = "PLANTEDkeyPLANTEDkeyPLANTEDkey12";

fn fixture(settings: &Value) -> ProviderFixture<PagerDuty> {
    ProviderFixture::new(
        PagerDuty::default(),
        settings,
        &json!({"routingKey": PLANTED}),
    )
}

fn plain() -> ProviderFixture<PagerDuty> {
    fixture(&json!({}))
}

fn snapshot(name: &str, text: &str) {
    tocsin_testing::assert_snapshot!(name, text);
}
