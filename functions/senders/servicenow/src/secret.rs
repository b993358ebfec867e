//! The credential of a ServiceNow destination: one of three ways to authenticate.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tocsin_core::provider::{FieldError, Header, visible};

/// The secret of a ServiceNow destination: exactly one of `username` with `password`,
/// `token`, and `api_key`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Secret {
    /// Basic authentication, with `password`.
    pub username: Option<SecretString>,
    /// Basic authentication, with `username`.
    pub password: Option<SecretString>,
    /// An OAuth access token.
    pub token: Option<SecretString>,
    /// An inbound REST API key.
    pub api_key: Option<SecretString>,
}

/// The header that authenticates a request.
///
/// Inbound API keys have a separate header:
/// <https://www.servicenow.com/docs/r/platform-security/authentication/configure-api-key.html>.
pub(crate) fn header(secret: &Secret) -> Result<(&'static str, Header), FieldError> {
    match (
        &secret.username,
        &secret.password,
        &secret.token,
        &secret.api_key,
    ) {
        (Some(username), Some(password), None, None) => {
            Ok(("authorization", basic(username, password)?))
        }
        (None, None, Some(token), None) => {
            Ok(("authorization", Header::bearer("secret.token", token)?))
        }
        (None, None, None, Some(key)) => {
            visible("secret.apiKey", key)?;
            Ok(("x-sn-apikey", Header::Secret(key.clone())))
        }
        (Some(_), None, None, None) => Err(FieldError::new("secret.password", "is missing")),
        (None, Some(_), None, None) => Err(FieldError::new("secret.username", "is missing")),
        _ => Err(FieldError::new(
            "secret",
            "must hold exactly one of `username` with `password`, `token`, and `apiKey`",
        )),
    }
}

/// RFC 7617: a colon would end the user name, control characters are forbidden.
fn basic(username: &SecretString, password: &SecretString) -> Result<Header, FieldError> {
    let username = username.expose_secret();
    if username.is_empty() || username.contains(':') || username.chars().any(char::is_control) {
        return Err(FieldError::new(
            "secret.username",
            "must be a user name, without colons and control characters",
        ));
    }
    let password = password.expose_secret();
    if password.is_empty() || password.chars().any(char::is_control) {
        return Err(FieldError::new(
            "secret.password",
            "must be a password, without control characters",
        ));
    }
    let both = STANDARD.encode(format!("{username}:{password}"));
    Ok(Header::Secret(format!("Basic {both}").into()))
}
