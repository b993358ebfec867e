mod message;
mod outcome;
mod settings;

use serde_json::{Value, json};
use tocsin_core::provider::Detail;
use tocsin_testing::{ProviderFixture, check_provider_settings, full, samples};

use super::*;

fn plain() -> ProviderFixture<Webhook> {
    let secret = json!({"url": "https://example.com/hook/PLANTED?sig=PLANTED"});
    ProviderFixture::new(Webhook, &json!({}), &secret)
}

/// A destination with headers, and with keys before and after a rotation.
fn signed() -> ProviderFixture<Webhook> {
    let settings = json!({"headers": {"X-Team": "secops"}});
    let secret = json!({
        "url": "https://example.com/hook/PLANTED",
        "headers": {"Authorization": "Bearer PLANTED"},
        "signingKey": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "previousSigningKey": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    });
    ProviderFixture::new(Webhook, &settings, &secret)
}

/// A destination whose requests carry an access token.
fn oauth() -> ProviderFixture<Webhook> {
    let settings = json!({
        "tokenUrl": "https://login.example.com/oauth2/token?x=1",
        "clientId": "tocsin", "scope": "alerts.write", "audience": "https://example.com/",
    });
    let secret = json!({"url": "https://example.com/hook/PLANTED", "clientSecret": "PLANTED"});
    ProviderFixture::new(Webhook, &settings, &secret)
}

fn snapshot(name: &str, text: &str) {
    tocsin_testing::assert_snapshot!(name, text);
}
