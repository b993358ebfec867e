//! OAuth 2.0 client credentials: what a request's access token is exchanged for.

use secrecy::ExposeSecret;
use tocsin_core::provider::{ClientCredentials, FieldError, Request};

use crate::{Secret, Settings};

/// The request of an access token, if the destination needs one. A token endpoint behind
/// the same gateway may want the client's certificate, too.
pub(crate) fn request(settings: &Settings, secret: &Secret) -> Result<Option<Request>, FieldError> {
    let Some(credentials) = credentials(settings, secret)? else {
        return Ok(None);
    };
    let mut request = credentials.request();
    request.identity = secret.identity()?;
    Ok(Some(request))
}

/// The client credentials of a destination, if it has any.
pub(crate) fn credentials<'a>(
    settings: &'a Settings,
    secret: &'a Secret,
) -> Result<Option<ClientCredentials<'a>>, FieldError> {
    let missing = |field| {
        Err(FieldError::new(
            field,
            "is missing: OAuth needs settings.tokenUrl, settings.clientId and secret.clientSecret",
        ))
    };
    let (token_url, client_id, client_secret) = match (
        &settings.token_url,
        &settings.client_id,
        &secret.client_secret,
    ) {
        (Some(url), Some(id), Some(secret)) => (url, id, secret),
        (None, None, None) if has_no_parameters(settings) => return Ok(None),
        (None, _, _) => return missing("settings.tokenUrl"),
        (_, None, _) => return missing("settings.clientId"),
        (_, _, None) => return missing("secret.clientSecret"),
    };
    let is_plain = matches!(token_url.scheme(), "https" | "http")
        && token_url.has_host()
        && token_url.username().is_empty()
        && token_url.password().is_none()
        && token_url.fragment().is_none();
    if !is_plain {
        return Err(FieldError::new(
            "settings.tokenUrl",
            "must be an https URL without a user name, such as https://login.example.com/oauth2/token",
        ));
    }
    let is_blank = |text: &str| text.trim().is_empty();
    if is_blank(client_id) {
        return Err(FieldError::new("settings.clientId", "must not be empty"));
    }
    if is_blank(client_secret.expose_secret()) {
        return Err(FieldError::new("secret.clientSecret", "must not be empty"));
    }
    let parameters = [("scope", &settings.scope), ("audience", &settings.audience)];
    let parameters = parameters
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)));
    Ok(Some(ClientCredentials {
        token_url: token_url.clone(),
        client_id,
        client_secret,
        authentication: settings.client_authentication.unwrap_or_default(),
        parameters: parameters.collect(),
    }))
}

const fn has_no_parameters(settings: &Settings) -> bool {
    settings.client_authentication.is_none()
        && settings.scope.is_none()
        && settings.audience.is_none()
}
