#![doc = include_str!("../README.md")]

mod form;
mod message;
mod outcome;
mod request;
mod secret;
mod settings;

use serde_json::{Value, json};
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{FieldError, Provider, Request, RequestContext, Response};
use url::Url;

pub use secret::Secret;
pub use settings::Settings;

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

    fn check(&self, _settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        secret::check(secret, self.base_url.as_ref())
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        self.check(context.settings, context.secret)?;
        Ok(request::build(context))
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({
            "webhookUrl": "https://placeholder.environment.api.powerplatform.com/powerautomate?api-version=1&sig=placeholder",
        })
    }

    fn outcome(&self, context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        outcome::of_response(context.secret.webhook_url.expose(), response)
    }
}

#[cfg(test)]
mod tests;
