#![doc = include_str!("../README.md")]

mod form;
mod outcome;
mod request;
mod settings;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use tocsin_core::outcome::{Failure, FailureKind, Outcome};
use tocsin_core::provider::form::Form;
use tocsin_core::provider::{Detail, FieldError};
use tocsin_sender::AttemptInput;
use tocsin_sender::messaging::{AwsProvider, Identity, Outgoing, sdk_attributes};

pub use settings::{Settings, Target};

/// The Amazon SQS provider.
#[derive(Debug)]
pub struct Sqs;

impl AwsProvider for Sqs {
    const NAME: &'static str = "sqs";
    type Client = Client;
    type Settings = Settings;
    type Target = Target;

    fn form() -> Form {
        form::form()
    }

    fn client(config: &SdkConfig) -> Client {
        Client::new(config)
    }

    fn check(settings: &Settings) -> Result<Target, FieldError> {
        settings::check(settings)
    }

    fn identity(settings: &Settings, target: &Target) -> Identity {
        settings.identity(target)
    }

    fn build(
        input: AttemptInput<'_>,
        settings: &Settings,
        target: &Target,
        detail: Detail,
    ) -> Outgoing {
        request::build(input, settings, target, detail)
    }

    async fn send(client: &Client, message: Outgoing) -> Outcome {
        let attributes = sdk_attributes(&message.attributes, |value| {
            MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value)
                .build()
        });
        let attributes = match attributes {
            Ok(attributes) => attributes,
            Err(error) => {
                return Outcome::permanent(Failure::new(FailureKind::Internal, error.to_string()));
            }
        };
        let answer = client
            .send_message()
            .queue_url(message.to)
            .message_body(message.body)
            .set_message_attributes(Some(attributes))
            .set_message_group_id(message.group_id)
            .set_message_deduplication_id(message.deduplication_id)
            .send()
            .await;
        outcome::read(answer, message.remark)
    }
}

#[cfg(test)]
mod tests;
