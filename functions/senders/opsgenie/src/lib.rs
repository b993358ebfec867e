#![doc = include_str!("../README.md")]

mod description;
mod details;
mod form;
mod outcome;
mod request;
mod settings;

use serde_json::{Value, json};
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{FieldError, Provider, Request, RequestContext, Response};
use url::Url;

pub use settings::{Priority, Region, Responder, ResponderKind, Secret, Settings};

/// The OpsGenie provider, for Jira Service Management as well.
#[derive(Clone, Debug, Default)]
pub struct OpsGenie {
    /// What takes the place of OpsGenie's and Atlassian's hosts on a local stack.
    pub base_url: Option<Url>,
}

impl Provider for OpsGenie {
    const NAME: &'static str = "opsgenie";
    type Settings = Settings;
    type Secret = Secret;

    fn form() -> Form {
        form::form()
    }

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::check(settings, secret)
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        request::build(context, self.base_url.as_ref())
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"apiKey": "placeholder"})
    }

    fn outcome(&self, context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        outcome::read(context, response)
    }
}

#[cfg(test)]
mod tests;
