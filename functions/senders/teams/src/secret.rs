//! The credential of a Teams destination: the URL of a workflow.

use serde::Deserialize;
use tocsin_core::provider::{FieldError, SecretUrl, is_provider_host};
use url::Url;

/// The secret of a Teams destination.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// The whole URL of a workflow's webhook trigger. Its `sig` is the credential.
    pub webhook_url: SecretUrl,
}

/// The hosts of workflows: the current ones, and those before December 2025.
const HOSTS: [&str; 2] = [".api.powerplatform.com", LEGACY];
const LEGACY: &str = ".logic.azure.com";

/// The hosts of Office 365 connectors, which Microsoft has retired:
/// <https://devblogs.microsoft.com/microsoft365dev/retirement-of-office-365-connectors-within-microsoft-teams/>
const CONNECTORS: [&str; 4] = [
    "outlook.office.com",
    "outlook.office365.com",
    "webhook.office.com",
    ".webhook.office.com",
];

pub(crate) fn check(secret: &Secret, base_url: Option<&Url>) -> Result<(), FieldError> {
    let url = secret.webhook_url.expose();
    let reject = |problem| Err(FieldError::new("secret.webhookUrl", problem));
    if base_url.is_some_and(|base| base.origin() == url.origin()) {
        return Ok(());
    }
    if is_provider_host(url, &CONNECTORS, None) {
        return reject(
            "is the URL of an Office 365 connector, which Microsoft has retired: in Teams, open the channel's Workflows, \
             choose \"Send webhook alerts to a channel\" and use the URL it gives",
        );
    }
    if !is_provider_host(url, &HOSTS, None) {
        return reject(
            "must be the URL of a workflow: https://….environment.api.powerplatform.com:443/powerautomate/…",
        );
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return reject("must be the URL as Teams shows it, with nothing added");
    }
    let has = |parameter: &str| {
        url.query_pairs()
            .any(|(name, value)| name == parameter && !value.is_empty())
    };
    // A shell cuts a URL without quotes at the first "&". The service refuses every
    // request without these two.
    if !has("api-version") {
        return reject(
            "has no api-version=…: copy the whole URL of the workflow's trigger, with all that follows the question mark",
        );
    }
    if !has("sig") {
        return reject(
            "has no sig=…: let the workflow's trigger be used by \"Anyone\", and copy the whole URL",
        );
    }
    Ok(())
}

/// Whether the URL has the old form, which stopped working on 30 November 2025:
/// <https://learn.microsoft.com/en-us/answers/questions/5606972/your-flow-has-a-new-trigger-url>
pub(crate) fn is_legacy(url: &Url) -> bool {
    is_provider_host(url, &[LEGACY], None)
}
