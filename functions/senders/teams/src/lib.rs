#![doc = include_str!("../README.md")]

mod form;
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
use tocsin_core::provider::{FieldError, Provider, Request, RequestContext, Response};
use url::Url;

pub use secret::Secret;
pub use settings::Settings;
use token::Application;

/// The Microsoft Teams provider.
#[derive(Clone, Debug, Default)]
pub struct Teams {
    /// The address of the simulator on a local stack. Webhook URLs may lead there.
    pub base_url: Option<Url>,
}

impl Provider for Teams {
    const NAME: &'static str = "teams";
    type Settings = Settings;
    type Secret = Secret;

    fn form() -> Form {
        form::form()
    }

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        let application = Application::of(settings, secret)?;
        let caller = token::caller(application.as_ref());
        secret::check(secret, caller, self.base_url.as_ref())
    }

    fn token_request(
        &self,
        settings: &Settings,
        secret: &Secret,
        _now: Timestamp,
    ) -> Result<Option<Request>, FieldError> {
        token::request(settings, secret, self.base_url.as_ref())
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        self.check(context.settings, context.secret)?;
        request::build(context)
    }

    fn placeholder(settings: &Settings) -> Value {
        const URL: &str =
            "https://placeholder.environment.api.powerplatform.com/powerautomate?api-version=1";
        match settings.client_id {
            Some(_) => json!({"webhookUrl": URL, "clientSecret": "placeholder"}),
            None => json!({"webhookUrl": format!("{URL}&sig=placeholder")}),
        }
    }

    fn outcome(&self, context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        outcome::of_response(context.secret.webhook_url.expose(), response)
    }
}

#[cfg(test)]
mod tests;
