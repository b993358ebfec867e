#![doc = include_str!("../README.md")]

mod form;
mod message;
mod outcome;
mod request;
mod secret;
mod settings;

use serde_json::{Value, json};
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{FieldError, Provider, Request, RequestContext, Response};
use url::Url;

pub use secret::Secret;
pub use settings::{Region, Settings};

/// The PagerDuty provider.
#[derive(Clone, Debug, Default)]
pub struct PagerDuty {
    /// The address of the simulator on a local stack, instead of PagerDuty's hosts.
    pub base_url: Option<Url>,
}

impl Provider for PagerDuty {
    const NAME: &'static str = "pagerduty";
    type Settings = Settings;
    type Secret = Secret;

    fn form() -> Form {
        form::form()
    }

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        secret::check(secret)?;
        settings::check(settings)
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        request::build(context, self.base_url.as_ref())
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"routingKey": "PLACEHOLDERPLACEHOLDERPLACEHOLDE"})
    }

    fn outcome(&self, context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        outcome::of_response(context, response)
    }
}

#[cfg(test)]
mod tests;
