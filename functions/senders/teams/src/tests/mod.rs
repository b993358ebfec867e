mod message;
mod outcome;
mod settings;

use serde_json::{Value, json};
use tocsin_core::alert::Alert;
use tocsin_core::provider::Detail;
use tocsin_testing::{ProviderFixture, check_provider_settings, full, response, samples};

use super::*;

const WORKFLOW: &str = "https://default0.1a.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/PLANTED/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=PLANTED-%2b_a";
const OLD: &str = "https://prod-11.westeurope.logic.azure.com:443/workflows/PLANTED/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=PLANTED";

fn fixture(url: &str) -> ProviderFixture<Teams> {
    ProviderFixture::new(Teams::default(), &json!({}), &json!({"webhookUrl": url}))
}

/// A destination whose workflow only its tenant may use, on this host.
fn restricted(host: &str) -> ProviderFixture<Teams> {
    let url = format!(
        "https://x.environment{host}:443/powerautomate/automations/direct/cu/24/workflows/PLANTED/triggers/manual/paths/invoke?api-version=1"
    );
    ProviderFixture::new(
        Teams::default(),
        &json!({"tenantId": "contoso.onmicrosoft.com", "clientId": "11112222-bbbb"}),
        &json!({"webhookUrl": url, "clientSecret": "PLANTED"}),
    )
}

fn workflow() -> ProviderFixture<Teams> {
    fixture(WORKFLOW)
}

fn snapshot(name: &str, text: &str) {
    tocsin_testing::assert_snapshot!(name, text);
}
