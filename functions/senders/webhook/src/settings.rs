//! What a webhook destination has configured.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tocsin_core::provider::{FieldError, SecretUrl};

use crate::signature::Key;

/// What may be seen.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Settings {
    /// Headers to send along, none of them secret.
    pub headers: BTreeMap<String, String>,
}

/// What must not. The URL is part of it: webhook URLs often carry a token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// Where to post to.
    pub url: SecretUrl,
    /// Headers to send along, such as `Authorization`.
    #[serde(default)]
    pub headers: BTreeMap<String, SecretString>,
    /// Signs each request by Standard Webhooks: `whsec_` and base64.
    #[serde(default)]
    pub signing_key: Option<SecretString>,
    /// The key before the present one: requests carry both signatures, so that
    /// the receiver can change over whenever it likes.
    #[serde(default)]
    pub previous_signing_key: Option<SecretString>,
}

/// Headers that the sender sets by itself, or that change how HTTP works.
const RESERVED: [&str; 14] = [
    "accept",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

/// What the names of headers that carry credentials have in them. Such headers
/// belong into the secret, which nobody reads back, and not into the settings,
/// which everybody may list. Better one too many: the secret takes any header.
const CREDENTIALS: [&str; 7] = [
    "auth",
    "cookie",
    "key",
    "password",
    "secret",
    "signature",
    "token",
];

/// Headers a destination may have, of either kind.
const MOST_HEADERS: usize = 20;

pub(crate) fn check(settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
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
            "must not hold a user name or password; put them into an Authorization header under secret.headers",
        ));
    }
    for (name, value) in &settings.headers {
        check_header("settings.headers", name, value)?;
    }
    for (name, value) in &secret.headers {
        check_header("secret.headers", name, value.expose_secret())?;
    }
    check_names("settings.headers", settings.headers.keys())?;
    check_names("secret.headers", secret.headers.keys())?;
    check_apart(settings, secret)?;
    if settings.headers.len() + secret.headers.len() > MOST_HEADERS {
        return Err(FieldError::new(
            "settings.headers",
            format!("has more than {MOST_HEADERS} entries together with secret.headers"),
        ));
    }
    if secret.previous_signing_key.is_some() && secret.signing_key.is_none() {
        return Err(FieldError::new(
            "secret.previousSigningKey",
            "is of use only together with secret.signingKey",
        ));
    }
    for (field, key) in [
        ("secret.signingKey", &secret.signing_key),
        ("secret.previousSigningKey", &secret.previous_signing_key),
    ] {
        if let Some(key) = key {
            Key::read(field, key)?;
        }
    }
    Ok(())
}

/// Names of headers are the same whatever their case.
fn check_names<'a>(field: &str, names: impl Iterator<Item = &'a String>) -> Result<(), FieldError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(FieldError::new(
                format!("{field}.{name}"),
                "stands there twice, in upper and lower case; keep one of them",
            ));
        }
    }
    Ok(())
}

/// Credentials stand in the secret, and no header in both places.
fn check_apart(settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
    for name in settings.headers.keys() {
        let field = format!("settings.headers.{name}");
        let lower = name.to_ascii_lowercase();
        if let Some(word) = CREDENTIALS.iter().find(|word| lower.contains(*word)) {
            return Err(FieldError::new(
                field,
                format!(
                    "has \"{word}\" in its name, as credentials have: put it under secret.headers"
                ),
            ));
        }
        let mut hidden = secret.headers.keys();
        if hidden.any(|other| other.eq_ignore_ascii_case(name)) {
            return Err(FieldError::new(
                field,
                "stands under secret.headers as well; keep one of them",
            ));
        }
    }
    Ok(())
}

fn check_header(field: &str, name: &str, value: &str) -> Result<(), FieldError> {
    // RFC 9110 §5.6.2: what may stand in a token.
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || name.len() > 100 || !name.bytes().all(token) {
        return Err(FieldError::new(
            field,
            "has a name that cannot be a header's: letters, digits and hyphens, at most 100",
        ));
    }
    let at = format!("{field}.{name}");
    if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(FieldError::new(at, "is set by the sender itself"));
    }
    // RFC 9110 §5.5: visible ASCII, spaces and tabs between.
    let visible = |b: u8| b == b'\t' || (b' '..=b'~').contains(&b);
    if value.len() > 4_096 || !value.bytes().all(visible) || value.trim() != value {
        return Err(FieldError::new(
            at,
            "must be visible ASCII without line breaks or outer spaces, at most 4096 bytes",
        ));
    }
    Ok(())
}
