#![doc = include_str!("../README.md")]

mod form;
mod message;
mod outcome;
mod request;
mod settings;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message::SendMessageError;
use tocsin_core::alert::Payload;
use tocsin_core::message::Message;
use tocsin_core::outcome::FailureKind;
use tocsin_core::provider::Detail;
use tocsin_core::provider::form::Form;
use tocsin_sender::messaging::{AwsProvider, OutgoingMessage, SendError};

pub use settings::Settings;

/// The Amazon SQS provider.
#[derive(Debug)]
pub struct Sqs;

impl AwsProvider for Sqs {
    const NAME: &'static str = "sqs";
    const ENDPOINT_NAME: &'static str = "the queue";
    // A payload has less than 450 KiB by the limits on incoming alerts, so it always
    // fits. A queue with a lower limit refuses messages unless the destination's
    // settings tell its limit.
    const DEFAULT_SIZE_LIMIT: usize = 1024 * 1024;
    type Client = Client;
    type Error = SendMessageError;
    type Settings = Settings;

    fn form() -> Form {
        form::form()
    }

    fn client(config: &SdkConfig) -> Client {
        Client::new(config)
    }

    fn body(
        payload: &Payload<'_>,
        _message: &Message<'_>,
        _detail: Detail,
        _limit: usize,
    ) -> String {
        message::body(payload)
    }

    async fn send(
        client: &Client,
        message: OutgoingMessage,
    ) -> Result<Option<String>, SendError<SendMessageError>> {
        request::send(client, message).await
    }

    fn failure_kind(code: &str) -> Option<FailureKind> {
        outcome::failure_kind(code)
    }
}

#[cfg(test)]
mod tests;
