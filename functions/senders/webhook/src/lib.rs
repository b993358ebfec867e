#![doc = include_str!("../README.md")]

mod form;
mod message;
mod outcome;
mod request;
mod secret;
mod settings;

use std::time::Duration;

use serde_json::{Value, json};
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{FieldError, Provider, Request, RequestContext, Response};

pub use secret::Secret;
pub use settings::Settings;

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
        secret::check_url(secret)?;
        settings::check_time_limit(settings)?;
        settings::check_headers(settings, secret)?;
        secret::check_keys(secret)
    }

    fn time_limit(settings: &Settings) -> Duration {
        settings.time_limit()
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        request::build(context)
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"url": "https://example.com/placeholder"})
    }

    fn outcome(&self, _context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        outcome::of_response(response)
    }
}

#[cfg(test)]
mod tests;
