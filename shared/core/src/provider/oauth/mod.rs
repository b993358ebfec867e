//! OAuth 2.0 client credentials (RFC 6749 §4.4): the request of an access token, and its
//! response.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::token::AccessToken;
use super::wire::{Address, Header, Request, Response};
use crate::outcome::{Failure, FailureKind, Outcome};

/// How the client presents its secret (RFC 6749 §2.3.1), by the names of `OpenID` Connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// By HTTP Basic authentication, which every server must accept.
    #[default]
    ClientSecretBasic,
    /// In the body.
    ClientSecretPost,
}

/// What a client asks for an access token with.
#[derive(Debug)]
pub struct ClientCredentials<'a> {
    /// The token endpoint.
    pub token_url: Url,
    /// The id of the client.
    pub client_id: &'a str,
    /// Its secret.
    pub client_secret: &'a SecretString,
    /// How it presents the secret.
    pub authentication: ClientAuthentication,
    /// What the token is for, as the server wants it: `scope`, `audience`, …
    pub parameters: Vec<(&'static str, &'a str)>,
}

impl ClientCredentials<'_> {
    /// The request of a token.
    #[must_use]
    pub fn request(&self) -> Request {
        let secret = self.client_secret.expose_secret();
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("grant_type", "client_credentials");
        if self.authentication == ClientAuthentication::ClientSecretPost {
            body.append_pair("client_id", self.client_id);
            body.append_pair("client_secret", secret);
        }
        for (name, value) in &self.parameters {
            body.append_pair(name, value);
        }
        let form = "application/x-www-form-urlencoded";
        let address = Address::Public(self.token_url.clone());
        let request = Request::post(address, form, body.finish())
            .header("accept", Header::Plain("application/json".to_owned()))
            .hiding(encoded(secret).into());
        match self.authentication {
            ClientAuthentication::ClientSecretPost => request,
            ClientAuthentication::ClientSecretBasic => {
                let both = format!("{}:{}", encoded(self.client_id), encoded(secret));
                let basic = format!("Basic {}", STANDARD.encode(both));
                request.header("authorization", Header::Secret(basic.into()))
            }
        }
    }
}

/// Both are encoded before they are joined: an id may contain a colon.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Reads the response of a token endpoint (RFC 6749 §5).
///
/// # Errors
///
/// The outcome of the attempt that needs the token. Its text never quotes a response that
/// may contain a token.
pub fn parse_token(response: &Response) -> Result<AccessToken, Outcome> {
    if matches!(response.status, 200..=299) {
        return accepted(response);
    }
    let body = response.json();
    let Some(code) = body["error"].as_str() else {
        return Err(Outcome::from_status(response));
    };
    let detail = match body["error_description"].as_str() {
        Some(description) => format!("{code}: {description}"),
        None => code.to_owned(),
    };
    let kind = match (code, response.status) {
        ("slow_down", _) | (_, 429) => FailureKind::Throttled,
        ("server_error" | "temporarily_unavailable", _) | (_, 500..=599) => {
            FailureKind::Unavailable
        }
        ("invalid_client" | "unauthorized_client" | "access_denied", _) | (_, 401 | 403) => {
            FailureKind::Unauthorized
        }
        _ => FailureKind::Misconfigured,
    };
    Err(Outcome::of_failure(kind, detail, response))
}

fn accepted(response: &Response) -> Result<AccessToken, Outcome> {
    /// `expires_in` is only recommended.
    const DEFAULT_LIFETIME: u64 = 5 * 60;
    let unusable = |problem: &str| {
        let outcome = Outcome::transient(Failure {
            status: Some(response.status),
            ..Failure::new(FailureKind::NotUnderstood, problem)
        });
        Err(outcome)
    };
    let body = response.json();
    let kind = body["token_type"].as_str();
    if kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return unusable("the token endpoint gave a token that is not a bearer token");
    }
    let secret = body["access_token"].as_str().map(SecretString::from);
    let Some(secret) = secret.filter(|secret| Header::bearer("token", secret).is_ok()) else {
        return unusable("the response of the token endpoint has no usable access_token");
    };
    // Some servers send the number as a text.
    let lifetime = match &body["expires_in"] {
        Value::String(seconds) => seconds.parse().ok(),
        other => other.as_u64(),
    };
    Ok(AccessToken {
        secret,
        lifetime: Duration::from_secs(lifetime.unwrap_or(DEFAULT_LIFETIME)),
    })
}

#[cfg(test)]
mod tests;
