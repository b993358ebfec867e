//! The providers there are. Adding one takes one line in [`Providers::new`].

mod by_role;
mod http;

use std::collections::BTreeMap;

use by_role::by_role;
use http::http;
use serde_json::{Map, Value};
use tocsin_asana::Asana;
use tocsin_aws::{Env, EnvError};
use tocsin_core::provider::{Detail, FieldError, Secrets};
use tocsin_github::GitHub;
use tocsin_jira::Jira;
use tocsin_opsgenie::OpsGenie;
use tocsin_pagerduty::PagerDuty;
use tocsin_sender::{AddressPolicy, AttemptInput, BaseUrls};
use tocsin_servicenow::ServiceNow;
use tocsin_slack::Slack;
use tocsin_sns::Sns;
use tocsin_sqs::Sqs;
use tocsin_teams::Teams;
use tocsin_webhook::Webhook;

use crate::messages::Preview;

/// A provider, whatever its settings and secret are made of.
pub(crate) trait ErasedProvider: Send + Sync {
    /// What is wrong with a destination.
    fn check(
        &self,
        settings: &Map<String, Value>,
        secret: Option<&Secrets>,
    ) -> Result<(), FieldError>;

    /// A made-up secret of the form that these settings ask for, where they ask
    /// for one.
    fn placeholder(&self, settings: &Map<String, Value>) -> Result<Option<Secrets>, FieldError>;

    /// What a secret is good for, given these settings.
    fn binding(&self, settings: &Map<String, Value>) -> Result<SecretBinding, FieldError>;

    /// What would be sent.
    fn preview(&self, input: AttemptInput<'_>, detail: Detail) -> Result<Preview, FieldError>;
}

/// What a secret is good for: the host that gets it, and the fields it has. While
/// this stays the same, new settings may keep the secret; otherwise it would go
/// where it was not meant for, or not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SecretBinding {
    /// Scheme, host and port; `None` where the secret says itself where it goes.
    pub(crate) origin: Option<String>,
    /// The names of the secret's fields.
    pub(crate) fields: Vec<String>,
}

/// What providers have to know of the stack they run in.
#[derive(Clone, Debug)]
pub struct ProvidersConfig {
    /// Which addresses may be called.
    pub addresses: AddressPolicy,
    /// Addresses in place of the providers' own.
    pub base_urls: BaseUrls,
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
        })
    }
}

/// The providers there are.
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
            by_role::<Sns>(),
            by_role::<Sqs>(),
            http(config, |base_url| Teams { base_url }),
            http(config, |_| Webhook),
        ]))
    }

    /// The providers' names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// The provider of this name.
    ///
    /// # Errors
    ///
    /// Names those there are.
    pub(crate) fn get(&self, name: &str) -> Result<&dyn ErasedProvider, FieldError> {
        self.0.get(name).map(AsRef::as_ref).ok_or_else(|| {
            let known: Vec<_> = self.names().collect();
            FieldError::new("type", format!("must be one of {}", known.join(", ")))
        })
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
    ) -> Result<(), FieldError> {
        self.get(provider)?.check(settings, secret)
    }
}

#[cfg(test)]
mod tests;
