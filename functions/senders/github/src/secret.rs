//! The credential of a GitHub destination.

use secrecy::SecretString;
use serde::Deserialize;
use tocsin_core::provider::{FieldError, Header};

/// The secret of a GitHub destination.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// A fine-grained personal access token with write access to issues.
    pub token: SecretString,
}

pub(crate) fn authorization(secret: &Secret) -> Result<Header, FieldError> {
    Header::bearer("secret.token", &secret.token)
}
