//! What a Teams destination has configured: its workflow's URL and nothing else.

use serde::{Deserialize, Serialize};
use tocsin_core::provider::{FieldError, SecretUrl, is_provider_host};
use url::Url;

/// What may be seen: nothing, so far.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {}

/// What must not be seen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// The URL of a workflow's webhook trigger, whole: its `sig` is the credential.
    pub webhook_url: SecretUrl,
}

/// Where workflows are called: today's hosts, and those of before December 2025.
const HOSTS: [&str; 2] = [".api.powerplatform.com", LEGACY];
const LEGACY: &str = ".logic.azure.com";

/// Where Office 365 connectors were called, which Microsoft has retired:
/// <https://devblogs.microsoft.com/microsoft365dev/retirement-of-office-365-connectors-within-microsoft-teams/>
const CONNECTORS: [&str; 4] = [
    "outlook.office.com",
    "outlook.office365.com",
    "webhook.office.com",
    ".webhook.office.com",
];

pub(crate) fn check(url: &Url, base_url: Option<&Url>) -> Result<(), FieldError> {
    let refuse = |problem| Err(FieldError::new("secret.webhookUrl", problem));
    if base_url.is_some_and(|base| base.origin() == url.origin()) {
        return Ok(());
    }
    if is_provider_host(url, &CONNECTORS, None) {
        return refuse(
            "is an Office 365 connector's, which Microsoft has retired: in Teams, open the channel's Workflows, \
             choose \"Send webhook alerts to a channel\" and use the URL it gives",
        );
    }
    if !is_provider_host(url, &HOSTS, None) {
        return refuse(
            "must be a workflow's: https://….environment.api.powerplatform.com:443/powerautomate/…",
        );
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return refuse("must be the URL as Teams shows it, with nothing added");
    }
    let has = |wanted: &str| {
        url.query_pairs()
            .any(|(name, value)| name == wanted && !value.is_empty())
    };
    // What a shell leaves of a URL that was not quoted: all up to the first "&".
    // Without either, the workflow's service refuses every request.
    if !has("api-version") {
        return refuse(
            "has no api-version=…: copy the whole URL of the workflow's trigger, with all that follows the question mark",
        );
    }
    if !has("sig") {
        return refuse(
            "has no sig=…: let the workflow's trigger be used by \"Anyone\", and copy the whole URL",
        );
    }
    Ok(())
}

/// Whether the URL is of the form that stopped working on 30 November 2025:
/// <https://learn.microsoft.com/en-us/answers/questions/5606972/your-flow-has-a-new-trigger-url>
pub(crate) fn is_legacy(url: &Url) -> bool {
    is_provider_host(url, &[LEGACY], None)
}
