//! The credential of a Jira destination: an API token on Cloud, of a person's account or
//! of a service account, and a personal access token on Data Center.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde::Deserialize;
use tocsin_core::provider::{FieldError, Header, visible};

use crate::settings::{Deployment, Settings};

/// The secret of a Jira destination.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// Cloud: the e-mail address of the account that owns the API token.
    pub email: Option<SecretString>,
    /// Cloud: the API token.
    pub api_token: Option<SecretString>,
    /// Data Center: a personal access token. Cloud: the API token of a service account,
    /// which has no e-mail address.
    pub token: Option<SecretString>,
}

/// The `authorization` header: Basic for the account of a person on Cloud, Bearer for a
/// service account
/// (<https://support.atlassian.com/user-management/docs/manage-api-tokens-for-service-accounts/>)
/// and on Data Center.
pub(crate) fn authorization(settings: &Settings, secret: &Secret) -> Result<Header, FieldError> {
    match (settings.deployment, &secret.token) {
        (Deployment::Cloud, Some(token)) => {
            let hint = "is not used with token, which is that of a service account";
            reject("secret.email", secret.email.as_ref(), hint)?;
            reject("secret.apiToken", secret.api_token.as_ref(), hint)?;
            if settings.has_site_host() {
                return Err(FieldError::new(
                    "secret.token",
                    "is for Data Center, or for a service account with siteUrl https://api.atlassian.com/ex/jira/<cloudId>; others on Cloud take email and apiToken",
                ));
            }
            Header::bearer("secret.token", token)
        }
        (Deployment::Cloud, None) => {
            let names_nobody = secret.email.is_none() && secret.api_token.is_none();
            if names_nobody && !settings.has_site_host() {
                return Err(FieldError::new(
                    "secret.token",
                    "is missing: that of a service account, or email and apiToken of a person's",
                ));
            }
            let email = visible(
                "secret.email",
                required("secret.email", secret.email.as_ref())?,
            )?;
            if email.contains(':') || !email.contains('@') {
                return Err(FieldError::new("secret.email", "must be an e-mail address"));
            }
            let token = required("secret.apiToken", secret.api_token.as_ref())?;
            let token = visible("secret.apiToken", token)?;
            let pair = STANDARD.encode(format!("{email}:{token}"));
            Ok(Header::Secret(format!("Basic {pair}").into()))
        }
        (Deployment::DataCenter, token) => {
            let hint = "belongs to Cloud; Data Center takes a personal access token as token";
            reject("secret.email", secret.email.as_ref(), hint)?;
            reject("secret.apiToken", secret.api_token.as_ref(), hint)?;
            Header::bearer("secret.token", required("secret.token", token.as_ref())?)
        }
    }
}

fn required<'a>(
    field: &str,
    value: Option<&'a SecretString>,
) -> Result<&'a SecretString, FieldError> {
    value.ok_or_else(|| FieldError::new(field, "is missing"))
}

fn reject(field: &str, value: Option<&SecretString>, problem: &str) -> Result<(), FieldError> {
    value.map_or(Ok(()), |_| Err(FieldError::new(field, problem)))
}
