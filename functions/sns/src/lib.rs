#![doc = include_str!("../README.md")]

mod outcome;
mod request;
mod settings;

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use tocsin_core::outcome::{Failure, FailureKind, Outcome};
use tocsin_core::provider::{Form, read_settings};
use tocsin_sender::aws::Identity;
use tocsin_sender::{Context, Deliver, Work};
use tokio::sync::Mutex;

pub use settings::{Settings, check};

use request::Publication;

/// The Amazon SNS provider.
#[derive(Debug)]
pub struct Sns {
    own: SdkConfig,
    /// Clients stay: they hold connections and assumed roles.
    clients: Mutex<HashMap<Identity, Client>>,
}

impl Deliver for Sns {
    const NAME: &'static str = "sns";

    async fn deliver(&self, _context: &Context, work: Work<'_>) -> Outcome {
        let checked = read_settings(work.settings)
            .and_then(|settings: Settings| check(&settings).map(|topic| (settings, topic)));
        let (settings, topic) = match checked {
            Ok(checked) => checked,
            Err(error) => {
                let failure = Failure::new(FailureKind::Misconfigured, error.to_string());
                return Outcome::permanent(failure);
            }
        };
        let client = self.client(settings.identity(&topic)).await;
        let whole = request::build(work, &settings, &topic, Form::Full);
        match publish(&client, &settings, &whole).await {
            Outcome::Permanent { failure } if failure.kind == FailureKind::Refused => {
                let least = request::build(work, &settings, &topic, Form::Minimal);
                outcome::second_try(failure, publish(&client, &settings, &least).await)
            }
            outcome => outcome::with_remark(outcome, whole.remark),
        }
    }
}

impl Sns {
    /// The provider, with the function's own configuration.
    #[must_use]
    pub fn new(own: SdkConfig) -> Self {
        Self {
            own,
            clients: Mutex::default(),
        }
    }

    async fn client(&self, identity: Identity) -> Client {
        let mut clients = self.clients.lock().await;
        if let Some(client) = clients.get(&identity) {
            return client.clone();
        }
        let client = Client::new(&identity.configure(&self.own).await);
        clients.insert(identity, client.clone());
        client
    }
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
    outcome::read(answer)
}

#[cfg(test)]
mod tests;
