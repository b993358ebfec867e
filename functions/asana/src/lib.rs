#![doc = include_str!("../README.md")]

mod answer;
mod notes;
mod request;
mod settings;

use serde_json::{Value, json};
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::{FieldError, Job, Lookup, Provider, Request, Response};
use url::Url;

pub use settings::{Secret, Settings};

/// The Asana provider.
#[derive(Clone, Debug, Default)]
pub struct Asana {
    /// What stands in for `https://app.asana.com` on a local stack.
    pub stand_in: Option<Url>,
}

impl Provider for Asana {
    const NAME: &'static str = "asana";
    type Settings = Settings;
    type Secret = Secret;

    // Tasks are listed with their whole notes: see `request::MOST`.
    const LOOKUP_ANSWER: usize = 8 * 1024 * 1024;

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::check(settings, secret)
    }

    fn request(&self, job: &Job<'_, Self>) -> Result<Request, FieldError> {
        request::create(job, self.stand_in.as_ref())
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"accessToken": "placeholder"})
    }

    fn outcome(&self, _job: &Job<'_, Self>, response: &Response) -> Outcome {
        answer::created(response)
    }

    fn lookup(&self, job: &Job<'_, Self>) -> Result<Option<Request>, FieldError> {
        request::list(job, self.stand_in.as_ref())
    }

    fn found(&self, job: &Job<'_, Self>, response: &Response) -> Lookup {
        answer::found(job, response)
    }
}

#[cfg(test)]
mod tests;
