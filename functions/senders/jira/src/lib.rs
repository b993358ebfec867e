#![doc = include_str!("../README.md")]

mod adf;
mod answer;
mod description;
mod form;
mod request;
mod settings;
mod wiki;

use serde_json::{Value, json};
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{FieldError, Lookup, Provider, Request, RequestContext, Response};
use url::Url;

pub use settings::{Deployment, Priority, Secret, Settings};

/// The Jira provider.
#[derive(Clone, Debug, Default)]
pub struct Jira {
    /// What stands in for Jira on a local stack.
    pub base_url: Option<Url>,
}

impl Provider for Jira {
    const NAME: &'static str = "jira";
    type Settings = Settings;
    type Secret = Secret;

    fn form() -> Form {
        form::form()
    }

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::check(settings, secret, self.base_url.as_ref())
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        request::create(context)
    }

    fn placeholder(settings: &Settings) -> Value {
        match settings.deployment {
            Deployment::Cloud => json!({"email": "tocsin@example.com", "apiToken": "placeholder"}),
            Deployment::DataCenter => json!({"token": "placeholder"}),
        }
    }

    fn outcome(&self, context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        answer::created(context, response)
    }

    fn lookup(&self, context: &RequestContext<'_, Self>) -> Result<Option<Request>, FieldError> {
        request::search(context).map(Some)
    }

    fn found(&self, context: &RequestContext<'_, Self>, response: &Response) -> Lookup {
        answer::found(context, response)
    }
}

#[cfg(test)]
mod tests;
