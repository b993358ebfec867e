//! The access token of a GitHub App's installation, which is requested with a JWT that the
//! app's key signs
//! (<https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>).

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tocsin_core::Timestamp;
use tocsin_core::outcome::{Failure, FailureKind, Outcome};
use tocsin_core::provider::{
    AccessToken, Address, FieldError, Header, PemSection, Request, Response, api_url,
};

use crate::outcome::failed;
use crate::request::headers;
use crate::secret::Credential;
use crate::settings::Settings;

/// How much our clock may be ahead of GitHub's, as GitHub recommends.
const CLOCK_SKEW: i64 = 60;
/// How long a JWT is valid, from its `iat` on: GitHub takes 10 minutes from now at most.
const JWT_LIFETIME: i64 = 10 * 60;

/// The key of a GitHub App.
pub(crate) struct AppKey(KeyPair);

impl AppKey {
    /// Reads the PEM file that GitHub generates (PKCS#1), or the same key as PKCS#8.
    pub(crate) fn read(pem: &SecretString) -> Result<Self, FieldError> {
        let sections = PemSection::parse(pem.expose_secret()).unwrap_or_default();
        let key = match &sections[..] {
            [one] if one.label == "RSA PRIVATE KEY" => KeyPair::from_der(&one.der).ok(),
            [one] if one.label == "PRIVATE KEY" => KeyPair::from_pkcs8(&one.der).ok(),
            _ => None,
        };
        key.map(Self).ok_or_else(|| {
            FieldError::new(
                "secret.privateKey",
                "must be the PEM file of the app's private key, whole and not encrypted",
            )
        })
    }

    /// The JWT by which the app authenticates.
    fn jwt(&self, app_id: &str, now: Timestamp) -> Result<SecretString, FieldError> {
        let issued_at = now.unix_seconds() - CLOCK_SKEW;
        let claims = json!({"iat": issued_at, "exp": issued_at + JWT_LIFETIME, "iss": app_id});
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let header = encode(r#"{"alg":"RS256","typ":"JWT"}"#);
        let signed = format!("{header}.{}", encode(&claims.to_string()));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .map_err(|_| FieldError::new("secret.privateKey", "cannot sign"))?;
        let signature = URL_SAFE_NO_PAD.encode(signature);
        Ok(format!("{signed}.{signature}").into())
    }
}

/// `POST /app/installations/{installation_id}/access_tokens`
/// (<https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app>).
pub(crate) fn request(
    settings: &Settings,
    credential: &Credential<'_>,
    now: Timestamp,
) -> Result<Option<Request>, FieldError> {
    let Credential::App {
        app_id,
        installation_id,
        key,
    } = credential
    else {
        return Ok(None);
    };
    let path = format!("app/installations/{installation_id}/access_tokens");
    let url = api_url(settings.api_url.as_str(), None, &path)?;
    // The token can do no more than Tocsin needs, whatever else the app may do.
    let body = json!({"permissions": {"issues": "write"}});
    let request = Request::post_json(Address::Public(url), body.to_string());
    let jwt = AppKey::read(key)?.jwt(app_id, now)?;
    Ok(Some(headers(
        request,
        Header::bearer("secret.privateKey", &jwt)?,
    )))
}

/// Reads the response. GitHub's errors are not those of OAuth.
pub(crate) fn parse(response: &Response) -> Result<AccessToken, Outcome> {
    /// All tokens of installations expire after an hour.
    const LIFETIME: Duration = Duration::from_hours(1);
    if !matches!(response.status, 200..=299) {
        return Err(failed(response));
    }
    let body = response.json();
    let secret = body["token"].as_str().map(SecretString::from);
    let Some(secret) = secret.filter(|secret| Header::bearer("token", secret).is_ok()) else {
        // The response may have the token all the same, so it is not quoted.
        return Err(Outcome::transient(Failure {
            status: Some(response.status),
            ..Failure::new(
                FailureKind::NotUnderstood,
                "the response has no usable token",
            )
        }));
    };
    let expires_at = body["expires_at"]
        .as_str()
        .and_then(|at| at.parse::<Timestamp>().ok());
    Ok(AccessToken {
        secret,
        lifetime: expires_at.map_or(LIFETIME, |at| at.since(response.received_at).min(LIFETIME)),
    })
}
