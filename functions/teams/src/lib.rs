#![doc = include_str!("../README.md")]

mod card;
mod errors;
mod outcome;
mod request;
mod settings;

use serde_json::{Value, json};
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::{FieldError, Job, Provider, Request, Response};
use url::Url;

pub use settings::{Secret, Settings};

/// The Microsoft Teams provider.
#[derive(Clone, Debug, Default)]
pub struct Teams {
    /// What stands in for Microsoft on a local stack: webhook URLs may lie there.
    pub stand_in: Option<Url>,
}

impl Provider for Teams {
    const NAME: &'static str = "teams";
    type Settings = Settings;
    type Secret = Secret;

    fn check(&self, _settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::check(secret.webhook_url.expose(), self.stand_in.as_ref())
    }

    fn request(&self, job: &Job<'_, Self>) -> Result<Request, FieldError> {
        self.check(job.settings, job.secret)?;
        Ok(request::build(job))
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({
            "webhookUrl": "https://placeholder.environment.api.powerplatform.com/powerautomate?api-version=1&sig=placeholder",
        })
    }

    fn outcome(&self, job: &Job<'_, Self>, response: &Response) -> Outcome {
        outcome::of(job.secret.webhook_url.expose(), response)
    }
}

#[cfg(test)]
mod tests;
