//! The stack's providers. Adding one takes one line in [`Providers::new`].

mod aws;
mod http;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tocsin_api_types::{ApiError, Preview, ProviderDescription};
use tocsin_asana::Asana;
use tocsin_aws::{Env, EnvError};
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{Detail, FieldError, Secrets};
use tocsin_github::GitHub;
use tocsin_jira::Jira;
use tocsin_opsgenie::OpsGenie;
use tocsin_pagerduty::PagerDuty;
use tocsin_sender::messaging::OwnEndpoints;
use tocsin_sender::{AddressPolicy, AttemptInput, BaseUrls};
use tocsin_servicenow::ServiceNow;
use tocsin_slack::Slack;
use tocsin_sns::Sns;
use tocsin_sqs::Sqs;
use tocsin_teams::Teams;
use tocsin_webhook::Webhook;

use aws::aws;
use http::http;

/// A provider without the types of its settings and secret.
pub(crate) trait ErasedProvider: Send + Sync {
    /// What to ask a person for to configure a destination.
    fn form(&self) -> Form;

    /// Checks a destination's settings and secret.
    fn check(
        &self,
        settings: &Map<String, Value>,
        secret: Option<&Secrets>,
    ) -> Result<(), FieldError>;

    /// A made-up secret with the fields that these settings need; `None` if the
    /// provider has no secrets.
    fn placeholder(&self, settings: &Map<String, Value>) -> Result<Option<Secrets>, FieldError>;

    /// To what these settings bind a secret.
    fn binding(&self, settings: &Map<String, Value>) -> Result<SecretBinding, FieldError>;

    /// The hosts that a destination with this secret calls, each with its port unless
    /// that is the default one. Without the secret only those that the settings name.
    fn hosts(
        &self,
        settings: &Map<String, Value>,
        secret: Option<&Secrets>,
    ) -> Result<Vec<String>, FieldError>;

    /// The message that would be sent.
    fn preview(&self, input: AttemptInput<'_>, detail: Detail) -> Result<Preview, FieldError>;

    /// The names of the fields of the settings and of the secret.
    #[cfg(test)]
    fn known_fields(&self) -> form_tests::KnownFields;
}

/// To what settings bind a secret: the host that gets it, and the fields it has. New
/// settings may keep a secret only if this stays the same; otherwise the secret would
/// be sent to a host that it was not given for, or would not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SecretBinding {
    /// Scheme, host and port, of several hosts with a space between; `None` if the secret
    /// itself is the address.
    pub(crate) origin: Option<String>,
    /// The names of the secret's fields.
    pub(crate) fields: Vec<String>,
}

/// What providers need to know about their stack.
#[derive(Clone, Debug)]
pub struct ProvidersConfig {
    /// The addresses that may be called.
    pub addresses: AddressPolicy,
    /// Addresses that replace the providers' own.
    pub base_urls: BaseUrls,
    /// Queues and topics that no destination may lead to.
    pub own: OwnEndpoints,
}

impl ProvidersConfig {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is wrong.
    pub fn read(env: &Env) -> Result<Self, EnvError> {
        Ok(Self {
            addresses: AddressPolicy::read(env)?,
            base_urls: BaseUrls::read(env)?,
            own: OwnEndpoints::read(env)?,
        })
    }
}

/// The stack's providers, by name.
pub struct Providers(BTreeMap<&'static str, Box<dyn ErasedProvider>>);

impl Providers {
    /// All of them.
    #[must_use]
    pub fn new(config: &ProvidersConfig) -> Self {
        Self(BTreeMap::from([
            http(config, |base_url| Asana { base_url }),
            http(config, |base_url| GitHub { base_url }),
            http(config, |base_url| Jira { base_url }),
            http(config, |base_url| OpsGenie { base_url }),
            http(config, |base_url| PagerDuty { base_url }),
            http(config, |base_url| ServiceNow { base_url }),
            http(config, |base_url| Slack { base_url }),
            aws::<Sns>(config),
            aws::<Sqs>(config),
            http(config, |base_url| Teams { base_url }),
            http(config, |_| Webhook),
        ]))
    }

    /// The names of the providers.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// Checks a destination of this provider.
    ///
    /// # Errors
    ///
    /// Names the field that is wrong.
    pub fn check(
        &self,
        provider: &str,
        settings: &Map<String, Value>,
        secret: Option<&Secrets>,
    ) -> Result<(), ApiError> {
        Ok(self.get(provider)?.check(settings, secret)?)
    }

    /// The message that `provider` would send, with secrets masked.
    ///
    /// # Errors
    ///
    /// Names the field that is wrong.
    pub fn preview(
        &self,
        provider: &str,
        input: AttemptInput<'_>,
        detail: Detail,
    ) -> Result<Preview, ApiError> {
        Ok(self.get(provider)?.preview(input, detail)?)
    }

    /// The provider of this name; the error lists the names.
    pub(crate) fn get(&self, name: &str) -> Result<&dyn ErasedProvider, ApiError> {
        self.0.get(name).map(AsRef::as_ref).ok_or_else(|| {
            let names: Vec<_> = self.names().collect();
            let problem = format!("`type` must be one of {}", names.join(", "));
            ApiError::invalid("type", problem)
        })
    }

    /// Every provider with its form.
    pub(crate) fn describe(&self) -> Vec<ProviderDescription> {
        let all = self.0.iter();
        all.map(|(&name, provider)| ProviderDescription {
            name: name.to_owned(),
            form: provider.form(),
        })
        .collect()
    }
}

#[cfg(test)]
mod form_tests;
#[cfg(test)]
mod tests;
