#![doc = include_str!("../README.md")]

mod answer;
mod body;
mod markdown;
mod request;
mod settings;

use serde_json::{Value, json};
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::{FieldError, Job, Lookup, Provider, Request, Response};
use url::Url;

pub use settings::{Secret, Settings};

/// The GitHub provider.
#[derive(Clone, Debug, Default)]
pub struct GitHub {
    /// What stands in for GitHub on a local stack.
    pub stand_in: Option<Url>,
}

impl Provider for GitHub {
    const NAME: &'static str = "github";
    type Settings = Settings;
    type Secret = Secret;

    // Issues can only be listed whole: see `request::LATEST`.
    const LOOKUP_ANSWER: usize = 8 * 1024 * 1024;

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::check(settings, secret, self.stand_in.as_ref())
    }

    fn request(&self, job: &Job<'_, Self>) -> Result<Request, FieldError> {
        request::create(job)
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"token": "placeholder"})
    }

    fn outcome(&self, job: &Job<'_, Self>, response: &Response) -> Outcome {
        answer::created(job, response)
    }

    fn lookup(&self, job: &Job<'_, Self>) -> Result<Option<Request>, FieldError> {
        request::list(job).map(Some)
    }

    fn found(&self, job: &Job<'_, Self>, response: &Response) -> Lookup {
        answer::found(job, response)
    }

    fn follow(&self, job: &Job<'_, Self>, asked: &Request, response: &Response) -> Option<Request> {
        request::renamed(job, asked, response)
    }
}

#[cfg(test)]
mod tests;
