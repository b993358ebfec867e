#![doc = include_str!("../README.md")]

mod form;
mod message;
mod outcome;
mod request;
mod secret;
mod settings;

use serde_json::{Value, json};
use tocsin_core::outcome::{Outcome, Receipt};
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{FieldError, Provider, Request, RequestContext, Response};
use url::Url;

pub use secret::Secret;
pub use settings::{Priority, Region, Responder, ResponderKind, Settings};

/// The OpsGenie provider, for Jira Service Management as well.
#[derive(Clone, Debug, Default)]
pub struct OpsGenie {
    /// The address of the simulator on a local stack, instead of OpsGenie's and
    /// Atlassian's hosts.
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
        secret::authorization(secret)?;
        settings::check(settings)
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        request::build(context, self.base_url.as_ref())
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"apiKey": "placeholder"})
    }

    fn outcome(&self, context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        outcome::of_response(context, response)
    }

    fn confirmation(
        &self,
        context: &RequestContext<'_, Self>,
        accepted: &Response,
    ) -> Result<Option<Request>, FieldError> {
        outcome::request_to_confirm(accepted)
            .map(|id| request::result_of(context, self.base_url.as_ref(), &id))
            .transpose()
    }

    fn parse_confirmation(&self, receipt: Receipt, response: &Response) -> Outcome {
        outcome::confirmed(receipt, response)
    }
}

#[cfg(test)]
mod tests;
