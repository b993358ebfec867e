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
    FieldError, Lookup, Provider, Request, RequestContext, Response, api_url,
};
use url::Url;

pub use secret::Secret;
pub use settings::{Mode, Settings};

/// The ServiceNow provider.
#[derive(Clone, Debug, Default)]
pub struct ServiceNow {
    /// The address of the simulator on a local stack, instead of any instance.
    pub base_url: Option<Url>,
}

impl Provider for ServiceNow {
    const NAME: &'static str = "servicenow";
    type Settings = Settings;
    type Secret = Secret;

    fn form() -> Form {
        form::form()
    }

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::check(settings, self.base_url.as_ref())?;
        secret::header(secret).map(drop)
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        request::create(self, context)
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"apiKey": "placeholder"})
    }

    fn outcome(&self, context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        outcome::of_response(self, context, response)
    }

    fn lookup(&self, context: &RequestContext<'_, Self>) -> Result<Option<Request>, FieldError> {
        lookup::request(self, context)
    }

    fn parse_lookup(&self, context: &RequestContext<'_, Self>, response: &Response) -> Lookup {
        lookup::parse(self, context, response)
    }

    fn joins_earlier(&self, context: &RequestContext<'_, Self>) -> bool {
        context.alert.is_update() && context.settings.mode == Mode::Incident
    }

    fn update(
        &self,
        context: &RequestContext<'_, Self>,
        response: &Response,
    ) -> Result<Option<Request>, FieldError> {
        lookup::update(self, context, response)
    }
}

impl ServiceNow {
    /// The URL of `path` on the destination's instance.
    pub(crate) fn address(&self, settings: &Settings, path: &str) -> Result<Url, FieldError> {
        let base = settings.base().map_or("", Url::as_str);
        api_url(base, self.base_url.as_ref(), path)
    }
}

#[cfg(test)]
mod tests;
