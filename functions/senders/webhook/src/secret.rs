//! The credential of a webhook destination: its URL, headers and signing keys.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;
use tocsin_core::provider::{ClientIdentity, FieldError, SecretUrl};
use tocsin_sender::is_usable;

use crate::request::Key;

/// The secret of a webhook destination. The URL is part of it, since it often contains a
/// token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// The URL that receives the requests.
    pub url: SecretUrl,
    /// Headers of each request, such as `Authorization`.
    #[serde(default)]
    pub headers: BTreeMap<String, SecretString>,
    /// The key that signs each request by Standard Webhooks: `whsec_` and base64.
    #[serde(default)]
    pub signing_key: Option<SecretString>,
    /// The key before a rotation. Requests have both signatures until it is removed, so
    /// that the receiver can change keys at any time.
    #[serde(default)]
    pub previous_signing_key: Option<SecretString>,
    /// The secret of the OAuth client.
    #[serde(default)]
    pub client_secret: Option<SecretString>,
    /// The certificate that the client presents, with its chain, as PEM.
    #[serde(default)]
    pub client_certificate: Option<SecretString>,
    /// Its private key, as PEM.
    #[serde(default)]
    pub client_key: Option<SecretString>,
}

const CERTIFICATE: &str = "secret.clientCertificate";
const KEY: &str = "secret.clientKey";

impl Secret {
    /// The certificate and its key, if there are any.
    pub(crate) fn identity(&self) -> Result<Option<ClientIdentity>, FieldError> {
        match (&self.client_certificate, &self.client_key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => {
                ClientIdentity::read((CERTIFICATE, certificate), (KEY, key)).map(Some)
            }
            (None, Some(_)) => Err(FieldError::new(
                CERTIFICATE,
                "is missing: the key has no effect alone",
            )),
            (Some(_), None) => Err(FieldError::new(
                KEY,
                "is missing: the certificate needs its private key",
            )),
        }
    }
}

pub(crate) fn check_identity(secret: &Secret) -> Result<(), FieldError> {
    match secret.identity()? {
        Some(identity) if !is_usable(&identity) => Err(FieldError::new(
            KEY,
            "does not belong to the first certificate of secret.clientCertificate",
        )),
        _ => Ok(()),
    }
}

pub(crate) fn check_url(secret: &Secret) -> Result<(), FieldError> {
    let url = secret.url.expose();
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        return Err(FieldError::new(
            "secret.url",
            "must be an https URL, such as https://example.com/hook",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FieldError::new(
            "secret.url",
            "must not contain a user name or password: put them into an Authorization header under secret.headers",
        ));
    }
    Ok(())
}

pub(crate) fn check_keys(secret: &Secret) -> Result<(), FieldError> {
    if secret.previous_signing_key.is_some() && secret.signing_key.is_none() {
        return Err(FieldError::new(
            "secret.previousSigningKey",
            "has no effect without secret.signingKey",
        ));
    }
    for (field, key) in [
        ("secret.signingKey", &secret.signing_key),
        ("secret.previousSigningKey", &secret.previous_signing_key),
    ] {
        if let Some(key) = key {
            Key::parse(field, key)?;
        }
    }
    Ok(())
}
