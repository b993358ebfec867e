//! The providers there are. Adding one takes one line in [`Providers::new`].

mod by_role;
mod http;

use std::collections::BTreeMap;

use by_role::by_role;
use http::http;
use serde_json::{Map, Value};
use tocsin_asana::Asana;
use tocsin_aws::{Env, EnvError};
use tocsin_core::provider::{FieldError, Form, Secrets};
use tocsin_github::GitHub;
use tocsin_jira::Jira;
use tocsin_opsgenie::OpsGenie;
use tocsin_pagerduty::PagerDuty;
use tocsin_sender::{AddressPolicy, BaseUrls, Work};
use tocsin_servicenow::ServiceNow;
use tocsin_slack::Slack;
use tocsin_sns::Sns;
use tocsin_sqs::Sqs;
use tocsin_teams::Teams;
use tocsin_webhook::Webhook;

use crate::messages::Preview;

/// A provider, whatever its settings and secret are made of.
pub(crate) trait Kind: Send + Sync {
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
    fn bond(&self, settings: &Map<String, Value>) -> Result<Bond, FieldError>;

    /// What would be sent.
    fn preview(&self, work: Work<'_>, form: Form) -> Result<Preview, FieldError>;
}

/// What a secret is good for: the host that gets it, and the fields it has. While
/// this stays the same, new settings may keep the secret; otherwise it would go
/// where it was not meant for, or not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bond {
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
        let private = env
            .parsed("TOCSIN_ALLOW_PRIVATE_ENDPOINTS")?
            .unwrap_or(false);
        Ok(Self {
            addresses: if private {
                AddressPolicy::Any
            } else {
                AddressPolicy::PublicHttps
            },
            base_urls: BaseUrls::read(env)?,
        })
    }
}

/// The providers there are.
pub struct Providers(BTreeMap<&'static str, Box<dyn Kind>>);

impl Providers {
    /// All of them.
    #[must_use]
    pub fn new(config: &ProvidersConfig) -> Self {
        Self(BTreeMap::from([
            http(config, |stand_in| Asana { stand_in }),
            http(config, |stand_in| GitHub { stand_in }),
            http(config, |stand_in| Jira { stand_in }),
            http(config, |stand_in| OpsGenie { stand_in }),
            http(config, |stand_in| PagerDuty { stand_in }),
            http(config, |stand_in| ServiceNow { stand_in }),
            http(config, |stand_in| Slack { stand_in }),
            by_role::<Sns>(),
            by_role::<Sqs>(),
            http(config, |stand_in| Teams { stand_in }),
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
    pub(crate) fn get(&self, name: &str) -> Result<&dyn Kind, FieldError> {
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
