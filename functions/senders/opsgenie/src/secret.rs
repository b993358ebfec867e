//! The credential of an OpsGenie destination.

use secrecy::SecretString;
use serde::Deserialize;
use tocsin_core::provider::{FieldError, Header, visible};

/// The secret of an OpsGenie destination.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// The key of an API integration.
    pub api_key: SecretString,
}

/// OpsGenie's own scheme. Keys are UUIDs today, but the documentation does not
/// promise it.
pub(crate) fn authorization(secret: &Secret) -> Result<Header, FieldError> {
    let key = visible("secret.apiKey", &secret.api_key)?;
    Ok(Header::Secret(format!("GenieKey {key}").into()))
}
