mod message;
mod outcome;
mod settings;

use serde_json::json;
use tocsin_core::alert::Alert;
use tocsin_core::provider::Detail;
use tocsin_testing::{ProviderFixture, check_provider_settings, full, response, samples};

use super::*;

fn webhook() -> ProviderFixture<Slack> {
    let url = "https://hooks.slack.com/services/T0PLANTED/B0PLANTED/PLANTED";
    ProviderFixture::new(Slack::default(), &json!({}), &json!({"webhookUrl": url}))
}

fn bot() -> ProviderFixture<Slack> {
    let settings = json!({"channelId": "C0123ABCD"});
    let secret = json!({"botToken": "xoxb-1-2-PLANTED"});
    ProviderFixture::new(Slack::default(), &settings, &secret)
}

fn snapshot(name: &str, text: &str) {
    tocsin_testing::assert_snapshot!(name, text);
}
