//! The three ways to authenticate, of which a destination has one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use tocsin_core::provider::FieldError;

use crate::settings::Secret;

/// The header that authenticates a request.
///
/// Inbound API keys travel in a header of their own:
/// <https://www.servicenow.com/docs/r/platform-security/authentication/configure-api-key.html>.
pub(crate) fn header(secret: &Secret) -> Result<(&'static str, SecretString), FieldError> {
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
            let token = visible("secret.token", token)?;
            Ok(("authorization", format!("Bearer {token}").into()))
        }
        (None, None, None, Some(key)) => Ok(("x-sn-apikey", visible("secret.apiKey", key)?.into())),
        (Some(_), None, None, None) => Err(FieldError::new("secret.password", "is missing")),
        (None, Some(_), None, None) => Err(FieldError::new("secret.username", "is missing")),
        _ => Err(FieldError::new(
            "secret",
            "must hold exactly one of `username` with `password`, `token`, and `apiKey`",
        )),
    }
}

/// RFC 7617: a colon would end the user name, control characters are forbidden.
fn basic(username: &SecretString, password: &SecretString) -> Result<SecretString, FieldError> {
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
    Ok(format!("Basic {both}").into())
}

fn visible(field: &str, secret: &SecretString) -> Result<String, FieldError> {
    let text = secret.expose_secret();
    if (8..=4_096).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err(FieldError::new(
            field,
            "must be 8 to 4096 visible ASCII characters without spaces",
        ))
    }
}
