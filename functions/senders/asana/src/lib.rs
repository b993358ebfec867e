#![doc = include_str!("../README.md")]

mod form;
mod lookup;
mod message;
mod outcome;
mod request;
mod secret;
mod settings;

use serde_json::{Value, json};
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{FieldError, Lookup, Provider, Request, RequestContext, Response};
use url::Url;

pub use secret::Secret;
pub use settings::Settings;

/// The Asana provider.
#[derive(Clone, Debug, Default)]
pub struct Asana {
    /// The address of the simulator on a local stack, instead of
    /// `https://app.asana.com`.
    pub base_url: Option<Url>,
}

impl Provider for Asana {
    const NAME: &'static str = "asana";
    type Settings = Settings;
    type Secret = Secret;

    fn form() -> Form {
        form::form()
    }

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::check(settings)?;
        secret::authorization(secret).map(drop)
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        request::create(context, self.base_url.as_ref())
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"accessToken": "placeholder"})
    }

    fn outcome(&self, _context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        outcome::of_response(response, self.base_url.as_ref())
    }

    fn lookup(&self, context: &RequestContext<'_, Self>) -> Result<Option<Request>, FieldError> {
        lookup::request(context, self.base_url.as_ref())
    }

    fn parse_lookup(&self, context: &RequestContext<'_, Self>, response: &Response) -> Lookup {
        lookup::parse(context, response, self.base_url.as_ref())
    }
}

#[cfg(test)]
mod tests;
