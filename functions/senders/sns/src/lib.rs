#![doc = include_str!("../README.md")]

mod form;
mod message;
mod outcome;
mod request;
mod settings;

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::operation::publish::PublishError;
use tocsin_core::alert::Payload;
use tocsin_core::message::Message;
use tocsin_core::outcome::FailureKind;
use tocsin_core::provider::Detail;
use tocsin_core::provider::form::Form;
use tocsin_sender::messaging::{AwsProvider, OutgoingMessage, SendError};

pub use settings::Settings;

/// The Amazon SNS provider.
#[derive(Debug)]
pub struct Sns;

impl AwsProvider for Sns {
    const NAME: &'static str = "sns";
    const ENDPOINT_NAME: &'static str = "the topic";
    // A topic's owner can raise it to 1 MiB. Publishers cannot see the limit, so
    // the destination's settings have to tell.
    const DEFAULT_SIZE_LIMIT: usize = 256 * 1024;
    type Client = Client;
    type Error = PublishError;
    type Settings = Settings;

    fn form() -> Form {
        form::form()
    }

    fn client(config: &SdkConfig) -> Client {
        Client::new(config)
    }

    fn body(payload: &Payload<'_>, message: &Message<'_>, detail: Detail, limit: usize) -> String {
        message::body(payload, message, detail, limit)
    }

    fn subject(message: &Message<'_>) -> Option<String> {
        Some(message::subject(message))
    }

    async fn send(
        client: &Client,
        message: OutgoingMessage,
    ) -> Result<Option<String>, SendError<PublishError>> {
        request::publish(client, message).await
    }

    fn failure_kind(code: &str) -> Option<FailureKind> {
        outcome::failure_kind(code)
    }
}

#[cfg(test)]
mod tests;
