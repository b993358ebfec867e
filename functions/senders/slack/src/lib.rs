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

/// The Slack provider.
#[derive(Clone, Debug, Default)]
pub struct Slack {
    /// The address of the simulator on a local stack. Bots call it instead of Slack,
    /// and webhook URLs may lead there.
    pub base_url: Option<Url>,
}

impl Provider for Slack {
    const NAME: &'static str = "slack";
    type Settings = Settings;
    type Secret = Secret;

    fn form() -> Form {
        form::form()
    }

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        secret::mode(settings, secret, self.base_url.as_ref()).map(drop)
    }

    fn request(&self, context: &RequestContext<'_, Self>) -> Result<Request, FieldError> {
        let mode = secret::mode(context.settings, context.secret, self.base_url.as_ref())?;
        request::build(context, &mode, self.base_url.as_ref())
    }

    fn placeholder(settings: &Settings) -> Value {
        match settings.channel_id {
            Some(_) => json!({"botToken": "xoxb-placeholder"}),
            None => {
                json!({"webhookUrl": "https://hooks.slack.com/services/T00000000/B00000000/placeholder"})
            }
        }
    }

    fn outcome(&self, context: &RequestContext<'_, Self>, response: &Response) -> Outcome {
        match context.secret.bot_token {
            Some(_) => outcome::of_bot_response(response),
            None => outcome::of_webhook_response(response),
        }
    }
}

#[cfg(test)]
mod tests;
