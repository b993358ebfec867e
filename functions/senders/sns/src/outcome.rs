//! The error codes of SNS.

use tocsin_core::outcome::FailureKind;

/// The meaning of the codes that the API reference of `Publish` lists.
pub(crate) fn failure_kind(code: &str) -> Option<FailureKind> {
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
        // Only throttling of a KMS key is transient. SNS reports it with 400.
        "KMSThrottling" | "KMSThrottlingException" => FailureKind::Throttled,
        code if code.starts_with("KMS") => FailureKind::Misconfigured,
        _ => return None,
    })
}
