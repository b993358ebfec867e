//! The credential of a GitHub destination: a token, or the key of a GitHub App.

use secrecy::SecretString;
use serde::Deserialize;
use tocsin_core::provider::FieldError;

use crate::settings::Settings;

/// The secret of a GitHub destination: exactly one of the two.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Secret {
    /// A fine-grained personal access token with write access to issues.
    pub token: Option<SecretString>,
    /// The private key of the app in the settings, as PEM.
    pub private_key: Option<SecretString>,
}

/// How a destination authenticates.
pub(crate) enum Credential<'a> {
    /// With a token of its own.
    Token(&'a SecretString),
    /// With the access token of an app's installation.
    App {
        app_id: &'a str,
        installation_id: &'a str,
        key: &'a SecretString,
    },
}

impl<'a> Credential<'a> {
    /// The credential of settings and secret together.
    pub(crate) fn of(settings: &'a Settings, secret: &'a Secret) -> Result<Self, FieldError> {
        let reject = |field, problem| Err(FieldError::new(field, problem));
        let (app_id, installation_id) = match (&settings.app_id, &settings.installation_id) {
            (None, None) => {
                return match (&secret.token, &secret.private_key) {
                    (Some(token), None) => Ok(Self::Token(token)),
                    (None, None) => reject("secret.token", "is missing"),
                    (_, Some(_)) => reject(
                        "secret.privateKey",
                        "belongs to an app: give settings.appId and settings.installationId, too",
                    ),
                };
            }
            (Some(app_id), Some(installation_id)) => (app_id, installation_id),
            (None, Some(_)) => return reject("settings.appId", "is missing"),
            (Some(_), None) => return reject("settings.installationId", "is missing"),
        };
        if secret.token.is_some() {
            return reject(
                "secret.token",
                "has no effect beside settings.appId: leave one out",
            );
        }
        let Some(key) = &secret.private_key else {
            return reject("secret.privateKey", "is missing");
        };
        Ok(Self::App {
            app_id,
            installation_id,
            key,
        })
    }
}
