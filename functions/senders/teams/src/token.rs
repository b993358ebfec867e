//! The access token of Entra for a workflow that only its tenant may use
//! (<https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow>).

use secrecy::{ExposeSecret, SecretString};
use tocsin_core::provider::{
    ClientAuthentication, ClientCredentials, FieldError, Request, api_url,
};
use url::Url;

use crate::secret::{Caller, cloud};
use crate::{Secret, Settings};

/// The application that calls the workflow.
#[derive(Debug)]
pub(crate) struct Application<'a> {
    tenant_id: &'a str,
    client_id: &'a str,
    client_secret: &'a SecretString,
}

impl<'a> Application<'a> {
    /// The application in the settings and the secret, if there is one.
    pub(crate) fn of(
        settings: &'a Settings,
        secret: &'a Secret,
    ) -> Result<Option<Self>, FieldError> {
        let missing = |field| {
            Err(FieldError::new(
                field,
                "is missing: an application needs settings.tenantId, settings.clientId and secret.clientSecret",
            ))
        };
        let application = match (
            &settings.tenant_id,
            &settings.client_id,
            &secret.client_secret,
        ) {
            (None, None, None) => return Ok(None),
            (None, _, _) => return missing("settings.tenantId"),
            (_, None, _) => return missing("settings.clientId"),
            (_, _, None) => return missing("secret.clientSecret"),
            (Some(tenant_id), Some(client_id), Some(client_secret)) => Self {
                tenant_id,
                client_id,
                client_secret,
            },
        };
        application.check()?;
        Ok(Some(application))
    }

    fn check(&self) -> Result<(), FieldError> {
        let is_id = |id: &str| {
            let mut bytes = id.bytes();
            (1..=255).contains(&id.len())
                && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
        };
        let reject = |field, problem| Err(FieldError::new(field, problem));
        if !is_id(self.tenant_id) || self.tenant_id.contains("..") {
            return reject(
                "settings.tenantId",
                "must be the id or a domain of the tenant",
            );
        }
        if !is_id(self.client_id) {
            return reject("settings.clientId", "must be the id of the application");
        }
        if self.client_secret.expose_secret().trim().is_empty() {
            return reject("secret.clientSecret", "must not be empty");
        }
        Ok(())
    }
}

pub(crate) fn caller(application: Option<&Application<'_>>) -> Caller {
    application.map_or(Caller::Anyone, |_| Caller::Application)
}

pub(crate) fn request(
    settings: &Settings,
    secret: &Secret,
    base_url: Option<&Url>,
) -> Result<Option<Request>, FieldError> {
    let Some(application) = Application::of(settings, secret)? else {
        return Ok(None);
    };
    let Some(cloud) = cloud(secret.webhook_url.expose(), base_url) else {
        return Err(FieldError::new(
            "secret.webhookUrl",
            "is not the URL of a workflow",
        ));
    };
    let path = format!("{}/oauth2/v2.0/token", application.tenant_id);
    let credentials = ClientCredentials {
        token_url: api_url(cloud.authority, base_url, &path)?,
        client_id: application.client_id,
        client_secret: application.client_secret,
        authentication: ClientAuthentication::ClientSecretPost,
        parameters: vec![("scope", cloud.scope)],
    };
    Ok(Some(credentials.request()))
}
