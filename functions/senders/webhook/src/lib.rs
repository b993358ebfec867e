#![doc = include_str!("../README.md")]

mod form;
mod request;
mod settings;
mod signature;

use serde_json::{Value, json};
use tocsin_core::outcome::{Failure, FailureKind, Outcome};
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{FieldError, Provider, Request, RequestContext, Response};

pub use settings::{Secret, Settings};

/// The custom webhook provider.
#[derive(Clone, Debug)]
pub struct Webhook;

impl Provider for Webhook {
    const NAME: &'static str = "webhook";
    type Settings = Settings;
    type Secret = Secret;

    fn form() -> Form {
        form::form()
    }

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::check(settings, secret)
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        request::build(context)
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"url": "https://example.com/placeholder"})
    }

    fn outcome(&self, _job: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        match response.status {
            // Standard Webhooks 1.0.0: the receiver is gone and wants no more.
            410 => Outcome::permanent(Failure::answered(FailureKind::Misconfigured, response)),
            _ => Outcome::from_status(response),
        }
    }
}

#[cfg(test)]
mod tests;
