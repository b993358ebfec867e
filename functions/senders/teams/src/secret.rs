//! The credential of a Teams destination: the URL of a workflow, and the secret of an
//! application where only the tenant may use it.

use secrecy::SecretString;
use serde::Deserialize;
use tocsin_core::provider::{FieldError, SecretUrl, is_provider_host};
use url::Url;

/// The secret of a Teams destination.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// The whole URL of a workflow's webhook trigger. Its `sig`, where it has one, is the
    /// credential.
    pub webhook_url: SecretUrl,
    /// The secret of the application in Entra.
    #[serde(default)]
    pub client_secret: Option<SecretString>,
}

/// One of Microsoft's clouds: where its workflows are, and what an application needs to
/// call one that only its tenant may use.
///
/// Hosts: <https://learn.microsoft.com/en-us/power-automate/ip-address-configuration>.
/// Audiences: <https://learn.microsoft.com/en-us/power-automate/oauth-authentication>.
/// Authorities: <https://learn.microsoft.com/en-us/entra/identity-platform/authentication-national-cloud>;
/// GCC uses the public one.
pub(crate) struct Cloud {
    host: &'static str,
    /// The base URL of Entra.
    pub(crate) authority: &'static str,
    /// The audience of the token, without the slash at its end, and the scope for that:
    /// Entra takes one slash away, and the audience must keep one.
    pub(crate) scope: &'static str,
}

const CLOUDS: [Cloud; 6] = [
    Cloud {
        host: ".api.powerplatform.com",
        authority: "https://login.microsoftonline.com",
        scope: "https://service.flow.microsoft.com//.default",
    },
    Cloud {
        host: LEGACY,
        authority: "https://login.microsoftonline.com",
        scope: "https://service.flow.microsoft.com//.default",
    },
    // GCC.
    Cloud {
        host: ".api.gov.powerplatform.microsoft.us",
        authority: "https://login.microsoftonline.com",
        scope: "https://gov.service.flow.microsoft.us//.default",
    },
    // GCC High.
    Cloud {
        host: ".api.high.powerplatform.microsoft.us",
        authority: "https://login.microsoftonline.us",
        scope: "https://high.service.flow.microsoft.us//.default",
    },
    // Department of Defense.
    Cloud {
        host: ".api.appsplatform.us",
        authority: "https://login.microsoftonline.us",
        scope: "https://service.flow.appsplatform.us//.default",
    },
    // 21Vianet, China.
    Cloud {
        host: ".api.powerplatform.partner.microsoftonline.cn",
        authority: "https://login.partner.microsoftonline.cn",
        scope: "https://service.powerautomate.cn//.default",
    },
];

/// The hosts of public workflows before December 2025.
const LEGACY: &str = ".logic.azure.com";

/// The cloud of a workflow. On a local stack it is the public one.
pub(crate) fn cloud(url: &Url, base_url: Option<&Url>) -> Option<&'static Cloud> {
    let is_local = base_url.is_some_and(|base| base.origin() == url.origin());
    let mut clouds = CLOUDS.iter();
    clouds.find(|cloud| is_local || is_provider_host(url, &[cloud.host], None))
}

/// The hosts of Office 365 connectors, which Microsoft has retired:
/// <https://devblogs.microsoft.com/microsoft365dev/retirement-of-office-365-connectors-within-microsoft-teams/>
const CONNECTORS: [&str; 4] = [
    "outlook.office.com",
    "outlook.office365.com",
    "webhook.office.com",
    ".webhook.office.com",
];

/// Who may call a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Anyone who knows the signature in the URL.
    Anyone,
    /// An application with an access token.
    Application,
}

pub(crate) fn check(
    secret: &Secret,
    caller: Caller,
    base_url: Option<&Url>,
) -> Result<(), FieldError> {
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
    if cloud(url, None).is_none() {
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
    match (caller, has("sig")) {
        (Caller::Anyone, true) | (Caller::Application, false) => Ok(()),
        (Caller::Anyone, false) => reject(
            "has no sig=…: let the workflow's trigger be used by \"Anyone\" and copy the whole URL, or give settings.tenantId, settings.clientId and secret.clientSecret",
        ),
        // The service refuses a request with both.
        (Caller::Application, true) => reject(
            "has a sig=…, so that anyone may use it: restrict the workflow's trigger to the tenant and copy its URL, or leave out settings.tenantId, settings.clientId and secret.clientSecret",
        ),
    }
}

/// Whether the URL has the old form, which stopped working on 30 November 2025:
/// <https://learn.microsoft.com/en-us/answers/questions/5606972/your-flow-has-a-new-trigger-url>
pub(crate) fn is_legacy(url: &Url) -> bool {
    is_provider_host(url, &[LEGACY], None)
}
