#![doc = include_str!("../README.md")]

mod form;
mod lookup;
mod message;
mod outcome;
mod request;
mod secret;
mod settings;
mod token;

use serde_json::{Value, json};
use tocsin_core::Timestamp;
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{
    AccessToken, FieldError, Header, Lookup, Provider, Request, RequestContext, Response,
};
use url::Url;

use secret::Credential;
pub use secret::Secret;
pub use settings::Settings;
use token::AppKey;

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

    fn form() -> Form {
        form::form()
    }

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::check(settings, self.base_url.as_ref())?;
        match Credential::of(settings, secret)? {
            Credential::Token(token) => Header::bearer("secret.token", token).map(drop),
            Credential::App { key, .. } => AppKey::read(key).map(drop),
        }
    }

    fn token_request(
        &self,
        settings: &Settings,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Option<Request>, FieldError> {
        token::request(settings, &Credential::of(settings, secret)?, now)
    }

    fn parse_token(&self, response: &Response) -> Result<AccessToken, Outcome> {
        token::parse(response)
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        request::create(context)
    }

    fn placeholder(settings: &Settings) -> Value {
        match settings.app_id {
            Some(_) => json!({"privateKey": form::EXAMPLE_KEY}),
            None => json!({"token": "placeholder"}),
        }
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
