#![doc = include_str!("../README.md")]

mod form;
mod message;
mod outcome;
mod request;
mod secret;
mod settings;
mod token;

use std::time::Duration;

use serde_json::{Value, json};
use tocsin_core::Timestamp;
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
        secret::check_keys(secret)?;
        secret::check_identity(secret)?;
        token::credentials(settings, secret).map(drop)
    }

    fn time_limit(settings: &Settings) -> Duration {
        settings.time_limit()
    }

    fn token_request(
        &self,
        settings: &Settings,
        secret: &Secret,
        _now: Timestamp,
    ) -> Result<Option<Request>, FieldError> {
        token::request(settings, secret)
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        request::build(context)
    }

    fn placeholder(settings: &Settings) -> Value {
        let mut secret = json!({"url": "https://example.com/placeholder"});
        if settings.token_url.is_some() {
            secret["clientSecret"] = "placeholder".into();
        }
        secret
    }

    fn outcome(&self, _context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        outcome::of_response(response)
    }
}

#[cfg(test)]
mod tests;
