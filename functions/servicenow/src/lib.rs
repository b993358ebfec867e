#![doc = include_str!("../README.md")]

mod auth;
mod event;
mod incident;
mod layout;
mod outcome;
mod settings;

use serde_json::{Value, json};
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::{
    Address, FieldError, Header, Job, Lookup, Provider, Request, Response, api_url,
};
use url::Url;

pub use settings::{Mode, Secret, Settings};

/// The ServiceNow provider.
#[derive(Clone, Debug, Default)]
pub struct ServiceNow {
    /// What takes the place of every instance on a local stack.
    pub stand_in: Option<Url>,
}

impl Provider for ServiceNow {
    const NAME: &'static str = "servicenow";
    type Settings = Settings;
    type Secret = Secret;

    fn check(&self, settings: &Settings, secret: &Secret) -> Result<(), FieldError> {
        settings::check(settings, self.stand_in.as_ref())?;
        auth::header(secret).map(drop)
    }

    fn request(&self, job: &Job<'_, Self>) -> Result<Request, FieldError> {
        let url = self.address(job.settings, job.settings.mode.path())?;
        let (url, body) = match job.settings.mode {
            Mode::Incident => (incident::creating(url), incident::of(job)),
            Mode::Event => (url, event::of(job)),
        };
        let request = Request::post_json(Address::Public(url), body.to_string());
        signed(request, job)
    }

    fn placeholder(_settings: &Settings) -> Value {
        json!({"apiKey": "placeholder"})
    }

    fn outcome(&self, job: &Job<'_, Self>, response: &Response) -> Outcome {
        outcome::read(self, job, response)
    }

    /// Incidents may share a `correlation_id`, so ServiceNow does not
    /// deduplicate them. Events it does, by their `message_key`.
    fn lookup(&self, job: &Job<'_, Self>) -> Result<Option<Request>, FieldError> {
        if job.settings.mode == Mode::Event {
            return Ok(None);
        }
        let url = incident::looking_up(self.address(job.settings, Mode::Incident.path())?, job);
        let json = Header::Plain("application/json".to_owned());
        let question = Request::get(Address::Public(url)).header("content-type", json);
        signed(question, job).map(Some)
    }

    fn found(&self, job: &Job<'_, Self>, response: &Response) -> Lookup {
        outcome::found(self, job, response)
    }
}

impl ServiceNow {
    /// A path of the destination's instance.
    pub(crate) fn address(&self, settings: &Settings, path: &str) -> Result<Url, FieldError> {
        let base = settings.base().map_or("", Url::as_str);
        api_url(base, self.stand_in.as_ref(), path)
    }
}

/// Without both `accept` and `content-type` the Table API answers 400.
fn signed(request: Request, job: &Job<'_, ServiceNow>) -> Result<Request, FieldError> {
    let (name, value) = auth::header(job.secret)?;
    Ok(request
        .header("accept", Header::Plain("application/json".to_owned()))
        .header(name, value))
}

#[cfg(test)]
mod tests;
