//! What SQS's answers mean.

use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::operation::send_message::{SendMessageError, SendMessageOutput};
use tocsin_core::outcome::{FailureKind, Outcome, Receipt};
use tocsin_sender::messaging;

/// The outcome; a delivery's receipt carries the letter's remark.
pub(crate) fn read(
    answer: Result<SendMessageOutput, SdkError<SendMessageError>>,
    remark: Option<String>,
) -> Outcome {
    match answer {
        Ok(sent) => Outcome::Delivered(Receipt {
            id: sent.message_id,
            remark,
            ..Receipt::default()
        }),
        Err(error) => messaging::outcome(&error, kind),
    }
}

/// SQS's own codes, under the names of its JSON protocol and the older ones of
/// its query protocol, which it still answers with.
pub(crate) fn kind(code: &str) -> Option<FailureKind> {
    Some(match code {
        "InvalidMessageContents"
        | "InvalidParameterValue"
        | "InvalidParameterValueException"
        | "MessageTooLong" => FailureKind::Refused,
        "QueueDoesNotExist" | "NonExistentQueue" | "UnsupportedOperation" | "InvalidAddress" => {
            FailureKind::Misconfigured
        }
        "KmsThrottled" | "KMS.ThrottlingException" => FailureKind::Throttled,
        // All other trouble with a key needs a person.
        code if code.starts_with("Kms") || code.starts_with("KMS.") => FailureKind::Misconfigured,
        _ => return None,
    })
}
