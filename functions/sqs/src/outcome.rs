//! What SQS's answers mean.

use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::operation::send_message::{SendMessageError, SendMessageOutput};
use tocsin_core::outcome::{FailureKind, Outcome, Receipt};
use tocsin_sender::aws;

pub(crate) use tocsin_sender::aws::second_try;

pub(crate) fn read(answer: Result<SendMessageOutput, SdkError<SendMessageError>>) -> Outcome {
    match answer {
        Ok(sent) => Outcome::Delivered(Receipt {
            id: sent.message_id,
            ..Receipt::default()
        }),
        Err(error) => aws::outcome(&error, kind),
    }
}

/// SQS's own codes; the API reference of `SendMessage` lists them.
pub(crate) fn kind(code: &str) -> Option<FailureKind> {
    Some(match code {
        "InvalidMessageContents"
        | "InvalidParameterValue"
        | "InvalidParameterValueException"
        | "MessageTooLong" => FailureKind::Refused,
        "QueueDoesNotExist" | "NonExistentQueue" | "UnsupportedOperation" | "InvalidAddress" => {
            FailureKind::Misconfigured
        }
        "KmsThrottled" => FailureKind::Throttled,
        // All other trouble with a key needs a person.
        code if code.starts_with("Kms") => FailureKind::Misconfigured,
        _ => return None,
    })
}
