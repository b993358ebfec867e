#![doc = include_str!("../README.md")]

mod outcome;
mod request;
mod settings;

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use tocsin_core::outcome::{Failure, FailureKind, Outcome};
use tocsin_core::provider::{FieldError, Form, read_settings};
use tocsin_sender::aws::ClientCache;
use tocsin_sender::{Context, Deliver, Work, misconfigured, second_try};

pub use settings::{Settings, check};

pub use request::Publication;

/// The Amazon SNS provider.
#[derive(Debug)]
pub struct Sns {
    clients: ClientCache<Client>,
}

impl Deliver for Sns {
    const NAME: &'static str = "sns";

    async fn deliver(&self, _context: &Context, work: Work<'_>) -> Outcome {
        self.attempt(work).await
    }
}

impl Sns {
    /// The provider, with the function's own configuration.
    #[must_use]
    pub fn new(own: SdkConfig) -> Self {
        Self {
            clients: ClientCache::new(own, Client::new),
        }
    }

    async fn attempt(&self, work: Work<'_>) -> Outcome {
        let checked = read_settings(work.settings)
            .and_then(|settings: Settings| check(&settings).map(|topic| (settings, topic)));
        let (settings, topic) = match checked {
            Ok(checked) => checked,
            Err(error) => return misconfigured(&error),
        };
        let client = self.clients.get(settings.identity(&topic)).await;
        let whole = request::build(work, &settings, &topic, Form::Full);
        match publish(&client, &settings, &whole).await {
            Outcome::Permanent { failure } if failure.kind == FailureKind::Refused => {
                let least = request::build(work, &settings, &topic, Form::Minimal);
                second_try(failure, publish(&client, &settings, &least).await)
            }
            outcome => outcome,
        }
    }
}

/// What would be published.
///
/// # Errors
///
/// Names the setting that is wrong.
pub fn publication(work: Work<'_>, form: Form) -> Result<Publication, FieldError> {
    let settings: Settings = read_settings(work.settings)?;
    let topic = check(&settings)?;
    Ok(request::build(work, &settings, &topic, form))
}

async fn publish(client: &Client, settings: &Settings, publication: &Publication) -> Outcome {
    let mut attributes = HashMap::new();
    for (name, value) in &publication.attributes {
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
        .publish()
        .topic_arn(&settings.topic_arn)
        .message(&publication.message)
        .message_structure("json")
        .set_subject(publication.subject.clone())
        .set_message_attributes(Some(attributes))
        .set_message_group_id(publication.group_id.clone())
        .set_message_deduplication_id(publication.deduplication_id.clone())
        .send()
        .await;
    outcome::read(answer, publication.remark.clone())
}

#[cfg(test)]
mod tests;
