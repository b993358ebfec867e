//! The error codes of SQS.

use tocsin_core::outcome::FailureKind;

/// The meaning of the codes of SQS's JSON protocol, and of the older names of its
/// query protocol, which it still sends.
pub(crate) fn failure_kind(code: &str) -> Option<FailureKind> {
    Some(match code {
        "InvalidMessageContents"
        | "InvalidParameterValue"
        | "InvalidParameterValueException"
        | "MessageTooLong" => FailureKind::Refused,
        "QueueDoesNotExist" | "NonExistentQueue" | "UnsupportedOperation" | "InvalidAddress" => {
            FailureKind::Misconfigured
        }
        "KmsThrottled" | "KMS.ThrottlingException" => FailureKind::Throttled,
        // Only throttling of a KMS key is transient.
        code if code.starts_with("Kms") || code.starts_with("KMS.") => FailureKind::Misconfigured,
        _ => return None,
    })
}
