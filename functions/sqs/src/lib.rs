#![doc = include_str!("../README.md")]

mod outcome;
mod request;
mod settings;

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use tocsin_core::outcome::{Failure, FailureKind, Outcome};
use tocsin_core::provider::{FieldError, Form, read_settings};
use tocsin_sender::aws::ClientCache;
use tocsin_sender::{Context, Deliver, Work, misconfigured, second_try};

pub use settings::{Settings, check};

pub use request::Letter;

/// The Amazon SQS provider.
#[derive(Debug)]
pub struct Sqs {
    clients: ClientCache<Client>,
}

impl Deliver for Sqs {
    const NAME: &'static str = "sqs";

    async fn deliver(&self, _context: &Context, work: Work<'_>) -> Outcome {
        self.attempt(work).await
    }
}

impl Sqs {
    /// The provider, with the function's own configuration.
    #[must_use]
    pub fn new(own: SdkConfig) -> Self {
        Self {
            clients: ClientCache::new(own, Client::new),
        }
    }

    async fn attempt(&self, work: Work<'_>) -> Outcome {
        let checked = read_settings(work.settings)
            .and_then(|settings: Settings| check(&settings).map(|target| (settings, target)));
        let (settings, target) = match checked {
            Ok(checked) => checked,
            Err(error) => return misconfigured(&error),
        };
        let client = self.clients.get(settings.identity(&target)).await;
        let whole = request::build(work, &settings, &target, Form::Full);
        match send(&client, &settings, &whole).await {
            Outcome::Permanent { failure } if failure.kind == FailureKind::Refused => {
                let least = request::build(work, &settings, &target, Form::Minimal);
                second_try(failure, send(&client, &settings, &least).await)
            }
            outcome => outcome,
        }
    }
}

/// What would be sent.
///
/// # Errors
///
/// Names the setting that is wrong.
pub fn letter(work: Work<'_>, form: Form) -> Result<Letter, FieldError> {
    let settings: Settings = read_settings(work.settings)?;
    let target = check(&settings)?;
    Ok(request::build(work, &settings, &target, form))
}

async fn send(client: &Client, settings: &Settings, letter: &Letter) -> Outcome {
    let mut attributes = HashMap::new();
    for (name, value) in &letter.attributes {
        let built = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(value)
            .build();
        match built {
            Ok(value) => attributes.insert((*name).to_owned(), value),
            Err(error) => {
                return Outcome::permanent(Failure::new(FailureKind::Internal, error.to_string()));
            }
        };
    }
    let answer = client
        .send_message()
        .queue_url(settings.queue_url.as_str())
        .message_body(&letter.body)
        .set_message_attributes(Some(attributes))
        .set_message_group_id(letter.group_id.clone())
        .set_message_deduplication_id(letter.deduplication_id.clone())
        .send()
        .await;
    outcome::read(answer, letter.remark.clone())
}

#[cfg(test)]
mod tests;
