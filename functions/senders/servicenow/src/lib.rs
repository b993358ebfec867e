#![doc = include_str!("../README.md")]

mod auth;
mod event;
mod form;
mod incident;
mod layout;
mod outcome;
mod settings;

use serde_json::{Value, json};
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{
    Address, FieldError, Header, Lookup, Provider, Request, RequestContext, Response, api_url,
};
use url::Url;

pub use settings::{Mode, Secret, Settings};

/// The ServiceNow provider.
#[derive(Clone, Debug, Default)]
pub struct ServiceNow {
    /// What takes the place of every instance on a local stack.
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
        auth::header(secret).map(drop)
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        let url = self.address(context.settings, context.settings.mode.path())?;
        let (url, body) = match context.settings.mode {
            Mode::Incident => (incident::creating(url), incident::of(context)),
            Mode::Event => (url, event::of(context)),
        };
        let request = Request::post_json(Address::Public(url), body.to_string());
        signed(request, context)
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"apiKey": "placeholder"})
    }

    fn outcome(&self, context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        outcome::read(self, context, response)
    }

    /// Incidents may share a `correlation_id`, so ServiceNow does not
    /// deduplicate them. Events it does, by their `message_key`.
    fn lookup(&self, context: &RequestContext<'_, Self>) -> Result<Option<Request>, FieldError> {
        if context.settings.mode == Mode::Event {
            return Ok(None);
        }
        let url = incident::looking_up(
            self.address(context.settings, Mode::Incident.path())?,
            context,
        );
        let json = Header::Plain("application/json".to_owned());
        let question = Request::get(Address::Public(url)).header("content-type", json);
        signed(question, context).map(Some)
    }

    fn found(&self, context: &RequestContext<'_, Self>, response: &Response) -> Lookup {
        outcome::found(self, context, response)
    }
}

impl ServiceNow {
    /// A path of the destination's instance.
    pub(crate) fn address(&self, settings: &Settings, path: &str) -> Result<Url, FieldError> {
        let base = settings.base().map_or("", Url::as_str);
        api_url(base, self.base_url.as_ref(), path)
    }
}

/// Without both `accept` and `content-type` the Table API answers 400.
fn signed(
    request: Request,
    context: &RequestContext<'_, ServiceNow>,
) -> Result<Request, FieldError> {
    let (name, value) = auth::header(context.secret)?;
    Ok(request
        .header("accept", Header::Plain("application/json".to_owned()))
        .header(name, value))
}

#[cfg(test)]
mod tests;
