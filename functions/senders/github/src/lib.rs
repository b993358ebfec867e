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

/// The GitHub provider.
#[derive(Clone, Debug, Default)]
pub struct GitHub {
    /// The address of the simulator on a local stack. `settings.apiUrl` may lead
    /// there.
    pub base_url: Option<Url>,
}

impl Provider for GitHub {
    const NAME: &'static str = "github";
    type Settings = Settings;
    type Secret = Secret;

    // The list of issues contains their whole bodies: see `lookup::LIST_LIMIT`.
    const LOOKUP_RESPONSE_LIMIT: usize = 8 * 1024 * 1024;

    fn form() -> Form {
        form::form()
    }

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::check(settings, self.base_url.as_ref())?;
        secret::authorization(secret).map(drop)
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        request::create(context)
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"token": "placeholder"})
    }

    fn outcome(&self, context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        outcome::of_response(context, response)
    }

    fn lookup(&self, context: &RequestContext<'_, Self>) -> Result<Option<Request>, FieldError> {
        lookup::request(context).map(Some)
    }

    fn parse_lookup(&self, context: &RequestContext<'_, Self>, response: &Response) -> Lookup {
        lookup::parse(context, response)
    }

    fn follow_redirect(
        &self,
        context: &RequestContext<'_, Self>,
        request: &Request,
        response: &Response,
    ) -> Option<Request> {
        request::to_renamed_repository(context, request, response)
    }
}

#[cfg(test)]
mod tests;
