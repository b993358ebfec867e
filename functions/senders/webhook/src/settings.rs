//! The settings of a webhook destination, and the check of its headers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tocsin_core::provider::{ClientAuthentication, FieldError, MAX_TIME_LIMIT};
use url::Url;

use crate::secret::Secret;

/// The settings of a webhook destination.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Settings {
    /// Headers of each request, without credentials.
    pub headers: BTreeMap<String, String>,
    /// How long a request may take, in seconds.
    pub timeout_seconds: Option<u64>,
    /// The token endpoint of OAuth 2.0, with [`Settings::client_id`].
    pub token_url: Option<Url>,
    /// The id of the OAuth client.
    pub client_id: Option<String>,
    /// How the client presents its secret.
    pub client_authentication: Option<ClientAuthentication>,
    /// What the access token is for.
    pub scope: Option<String>,
    /// The API that the access token is for, where the server wants it.
    pub audience: Option<String>,
}

/// A receiver that processes the alert before it answers is often slower than a vendor's
/// API; Standard Webhooks recommends 15 to 30 s.
const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(15);

impl Settings {
    pub(crate) fn time_limit(&self) -> Duration {
        self.timeout_seconds
            .map_or(DEFAULT_TIME_LIMIT, Duration::from_secs)
            .min(MAX_TIME_LIMIT)
    }
}

pub(crate) fn check_time_limit(settings: &Settings) -> Result<(), FieldError> {
    let most = MAX_TIME_LIMIT.as_secs();
    match settings.timeout_seconds {
        Some(seconds) if !(1..=most).contains(&seconds) => Err(FieldError::new(
            "settings.timeoutSeconds",
            format!("must be 1 to {most}"),
        )),
        _ => Ok(()),
    }
}

/// Headers that the sender sets itself, or that control the connection.
const RESERVED: [&str; 15] = [
    "accept",
    "connection",
    // The body is never encoded: with this header the receiver could not read it.
    "content-encoding",
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

/// Words in the names of headers with credentials. Such headers belong in the secret,
/// which nobody can read back, and not in the settings, which everybody may list. A word
/// too many does no harm: the secret accepts any header.
const CREDENTIAL_WORDS: [&str; 7] = [
    "auth",
    "cookie",
    "key",
    "password",
    "secret",
    "signature",
    "token",
];

/// The most headers of a destination, in settings and secret together.
const HEADER_LIMIT: usize = 20;

/// Checks the headers of settings and secret together.
pub(crate) fn check_headers(settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
    for (name, value) in &settings.headers {
        check_header("settings.headers", name, value)?;
    }
    for (name, value) in &secret.headers {
        check_header("secret.headers", name, value.expose_secret())?;
    }
    check_names("settings.headers", settings.headers.keys())?;
    check_names("secret.headers", secret.headers.keys())?;
    check_apart(settings, secret)?;
    let mut names = secret.headers.keys();
    if settings.token_url.is_some() && names.any(|name| name.eq_ignore_ascii_case("authorization"))
    {
        return Err(FieldError::new(
            "secret.headers.authorization",
            "has the place of the access token: leave it out, or settings.tokenUrl",
        ));
    }
    if settings.headers.len() + secret.headers.len() > HEADER_LIMIT {
        return Err(FieldError::new(
            "settings.headers",
            format!("has more than {HEADER_LIMIT} entries together with secret.headers"),
        ));
    }
    Ok(())
}

/// Rejects names of headers that differ only in case.
fn check_names<'a>(field: &str, names: impl Iterator<Item = &'a String>) -> Result<(), FieldError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(FieldError::new(
                format!("{field}.{name}"),
                "is listed twice, in upper and lower case: keep one of them",
            ));
        }
    }
    Ok(())
}

/// Rejects credentials in the settings, and headers that are in both places.
fn check_apart(settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
    for name in settings.headers.keys() {
        let field = format!("settings.headers.{name}");
        let lower = name.to_ascii_lowercase();
        if let Some(word) = CREDENTIAL_WORDS.iter().find(|word| lower.contains(*word)) {
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
                "is under secret.headers as well: keep one of them",
            ));
        }
    }
    Ok(())
}

fn check_header(field: &str, name: &str, value: &str) -> Result<(), FieldError> {
    // RFC 9110 §5.6.2: the characters of a token.
    let is_token_byte = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || name.len() > 100 || !name.bytes().all(is_token_byte) {
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
    let is_value_byte = |b: u8| b == b'\t' || (b' '..=b'~').contains(&b);
    if value.len() > 4_096 || !value.bytes().all(is_value_byte) || value.trim() != value {
        return Err(FieldError::new(
            at,
            "must be visible ASCII without line breaks or outer spaces, at most 4096 bytes",
        ));
    }
    Ok(())
}
