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
use tocsin_core::provider::{
    FieldError, Lookup, Provider, Reduced, Request, RequestContext, Response,
};
use url::Url;

pub use secret::Secret;
pub use settings::{Deployment, Priority, Settings};

/// The Jira provider.
#[derive(Clone, Debug, Default)]
pub struct Jira {
    /// The address of the simulator on a local stack. `settings.siteUrl` may lead
    /// there.
    pub base_url: Option<Url>,
}

impl Provider for Jira {
    const NAME: &'static str = "jira";
    type Settings = Settings;
    type Secret = Secret;

    fn form() -> Form {
        form::form()
    }

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::check(settings, self.base_url.as_ref())?;
        secret::authorization(settings, secret).map(drop)
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        request::create(context)
    }

    fn placeholder(settings: &Settings) -> Value {
        match settings.deployment {
            Deployment::Cloud => json!({"email": "tocsin@example.com", "apiToken": "placeholder"}),
            Deployment::DataCenter => json!({"token": "placeholder"}),
        }
    }

    fn outcome(&self, context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        outcome::of_response(context, response)
    }

    fn without_refused(
        &self,
        context: &RequestContext<'_, Self>,
        request: &Request,
        response: &Response,
    ) -> Option<Reduced> {
        request::without_refused(context, request, response)
    }

    fn lookup(&self, context: &RequestContext<'_, Self>) -> Result<Option<Request>, FieldError> {
        lookup::request(context).map(Some)
    }

    fn parse_lookup(&self, context: &RequestContext<'_, Self>, response: &Response) -> Lookup {
        lookup::parse(context, response)
    }
}

#[cfg(test)]
mod tests;
