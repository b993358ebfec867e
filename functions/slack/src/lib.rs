#![doc = include_str!("../README.md")]

mod blocks;
mod errors;
mod outcome;
mod request;
mod settings;

use serde_json::{Value, json};
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::{FieldError, Job, Provider, Request, Response};
use url::Url;

pub use settings::{Secret, Settings};

/// The Slack provider.
#[derive(Clone, Debug, Default)]
pub struct Slack {
    /// What stands in for Slack on a local stack: the bot's requests go there,
    /// and webhook URLs may lie there.
    pub stand_in: Option<Url>,
}

impl Provider for Slack {
    const NAME: &'static str = "slack";
    type Settings = Settings;
    type Secret = Secret;

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::mode(settings, secret, self.stand_in.as_ref()).map(drop)
    }

    fn request(&self, job: &Job<'_, Self>) -> Result<Request, FieldError> {
        let mode = settings::mode(job.settings, job.secret, self.stand_in.as_ref())?;
        request::build(job, &mode, self.stand_in.as_ref())
    }

    fn placeholder(settings: &Settings) -> Value {
        match settings.channel_id {
            Some(_) => json!({"botToken": "xoxb-placeholder"}),
            None => {
                json!({"webhookUrl": "https://hooks.slack.com/services/T00000000/B00000000/placeholder"})
            }
        }
    }

    fn outcome(&self, job: &Job<'_, Self>, response: &Response) -> Outcome {
        match job.secret.bot_token {
            Some(_) => outcome::of_bot(response),
            None => outcome::of_webhook(response),
        }
    }
}

#[cfg(test)]
mod tests;
