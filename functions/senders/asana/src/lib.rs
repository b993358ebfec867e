#![doc = include_str!("../README.md")]

mod answer;
mod form;
mod notes;
mod request;
mod settings;

use serde_json::{Value, json};
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{FieldError, Lookup, Provider, Request, RequestContext, Response};
use url::Url;

pub use settings::{Secret, Settings};

/// The Asana provider.
#[derive(Clone, Debug, Default)]
pub struct Asana {
    /// What stands in for `https://app.asana.com` on a local stack.
    pub base_url: Option<Url>,
}

impl Provider for Asana {
    const NAME: &'static str = "asana";
    type Settings = Settings;
    type Secret = Secret;

    // Tasks are listed with their whole notes: see `request::MOST`.
    const LOOKUP_ANSWER: usize = 8 * 1024 * 1024;

    fn form() -> Form {
        form::form()
    }

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::check(settings, secret)
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        request::create(context, self.base_url.as_ref())
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"accessToken": "placeholder"})
    }

    fn outcome(&self, _job: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        answer::created(response)
    }

    fn lookup(&self, context: &RequestContext<'_, Self>) -> Result<Option<Request>, FieldError> {
        request::list(context, self.base_url.as_ref())
    }

    fn found(&self, context: &RequestContext<'_, Self>, response: &Response) -> Lookup {
        answer::found(context, response)
    }
}

#[cfg(test)]
mod tests;
