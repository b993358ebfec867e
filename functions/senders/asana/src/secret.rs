//! The credential of an Asana destination.

use secrecy::SecretString;
use serde::Deserialize;
use tocsin_core::provider::{FieldError, Header};

/// The secret of an Asana destination.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// A service account's token, or a personal access token.
    pub access_token: SecretString,
}

pub(crate) fn authorization(secret: &Secret) -> Result<Header, FieldError> {
    Header::bearer("secret.accessToken", &secret.access_token)
}
