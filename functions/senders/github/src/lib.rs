#![doc = include_str!("../README.md")]

mod answer;
mod body;
mod form;
mod markdown;
mod request;
mod settings;

use serde_json::{Value, json};
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{FieldError, Lookup, Provider, Request, RequestContext, Response};
use url::Url;

pub use settings::{Secret, Settings};

/// The GitHub provider.
#[derive(Clone, Debug, Default)]
pub struct GitHub {
    /// What stands in for GitHub on a local stack.
    pub base_url: Option<Url>,
}

impl Provider for GitHub {
    const NAME: &'static str = "github";
    type Settings = Settings;
    type Secret = Secret;

    // Issues can only be listed whole: see `request::LATEST`.
    const LOOKUP_ANSWER: usize = 8 * 1024 * 1024;

    fn form() -> Form {
        form::form()
    }

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::check(settings, secret, self.base_url.as_ref())
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        request::create(context)
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"token": "placeholder"})
    }

    fn outcome(&self, context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        answer::created(context, response)
    }

    fn lookup(&self, context: &RequestContext<'_, Self>) -> Result<Option<Request>, FieldError> {
        request::list(context).map(Some)
    }

    fn found(&self, context: &RequestContext<'_, Self>, response: &Response) -> Lookup {
        answer::found(context, response)
    }

    fn follow(
        &self,
        context: &RequestContext<'_, Self>,
        asked: &Request,
        response: &Response,
    ) -> Option<Request> {
        request::renamed(context, asked, response)
    }
}

#[cfg(test)]
mod tests;
