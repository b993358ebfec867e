//! What SNS's answers mean.

use aws_sdk_sns::error::SdkError;
use aws_sdk_sns::operation::publish::{PublishError, PublishOutput};
use tocsin_core::outcome::{FailureKind, Outcome, Receipt};
use tocsin_sender::messaging;

/// The outcome; a delivery's receipt carries the publication's remark.
pub(crate) fn read(
    answer: Result<PublishOutput, SdkError<PublishError>>,
    remark: Option<String>,
) -> Outcome {
    match answer {
        Ok(published) => Outcome::Delivered(Receipt {
            id: published.message_id,
            remark,
            ..Receipt::default()
        }),
        Err(error) => messaging::outcome(&error, kind),
    }
}

/// SNS's own codes; the API reference of `Publish` lists them.
pub(crate) fn kind(code: &str) -> Option<FailureKind> {
    Some(match code {
        "InvalidParameter"
        | "InvalidParameterException"
        | "ParameterValueInvalid"
        | "InvalidParameterValueException"
        | "ValidationException" => FailureKind::Refused,
        "NotFound"
        | "NotFoundException"
        | "EndpointDisabled"
        | "EndpointDisabledException"
        | "PlatformApplicationDisabled" => FailureKind::Misconfigured,
        // A throttled key answers 400; all other trouble with a key needs a person.
        "KMSThrottling" | "KMSThrottlingException" => FailureKind::Throttled,
        code if code.starts_with("KMS") => FailureKind::Misconfigured,
        _ => return None,
    })
}
