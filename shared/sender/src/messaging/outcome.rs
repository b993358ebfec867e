//! The outcome of a failed call to an AWS service.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tocsin_core::outcome::{Failure, FailureKind, Outcome};

/// The outcome of a failed call. `failure_kind` knows the service's own error
/// codes; all others have the same meaning throughout AWS.
pub(super) fn of_error<E>(
    error: &SdkError<E, HttpResponse>,
    failure_kind: fn(&str) -> Option<FailureKind>,
) -> Outcome
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            let status = service.raw().status().as_u16();
            match meta.code() {
                Some(code) => of_code(
                    code,
                    meta.message().unwrap_or_default(),
                    status,
                    failure_kind,
                ),
                // Not a response of the service: a proxy's page, or an empty body.
                None => of_code("", &chain(error), status, failure_kind),
            }
        }
        SdkError::TimeoutError(_) => {
            Outcome::transient(Failure::new(FailureKind::TimedOut, chain(error)))
        }
        SdkError::ResponseError(_) => {
            Outcome::transient(Failure::new(FailureKind::Interrupted, chain(error)))
        }
        SdkError::ConstructionFailure(_) => {
            Outcome::rejected(Failure::new(FailureKind::Misconfigured, chain(error)))
        }
        _ => of_dispatch_failure(chain(error)),
    }
}

/// The SDK obtains credentials when it dispatches a request: a role that cannot be
/// assumed fails here, as well as a connection that cannot be opened.
fn of_dispatch_failure(detail: String) -> Outcome {
    for (code, kind) in [
        // STS also says so when the role does not exist.
        ("AccessDenied", FailureKind::Unauthorized),
        ("ValidationError", FailureKind::Misconfigured),
        ("RegionDisabledException", FailureKind::Misconfigured),
    ] {
        if detail.contains(code) {
            return Outcome::rejected(Failure::new(kind, detail));
        }
    }
    Outcome::transient(Failure::new(FailureKind::Unreachable, detail))
}

fn of_code(
    code: &str,
    message: &str,
    status: u16,
    failure_kind: fn(&str) -> Option<FailureKind>,
) -> Outcome {
    // SQS reports the older names of its query protocol, which have a namespace.
    let name = code.rsplit('#').next().unwrap_or(code);
    let name = name.strip_prefix("AWS.SimpleQueueService.").unwrap_or(name);
    let kind = failure_kind(name).unwrap_or(match name {
        "Throttling"
        | "ThrottlingException"
        | "Throttled"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "SlowDown" => FailureKind::Throttled,
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthorizationError"
        | "AuthorizationErrorException"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "UnrecognizedClientException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidSecurity"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch" => FailureKind::Unauthorized,
        _ if status == 429 => FailureKind::Throttled,
        _ if status == 408 || status >= 500 => FailureKind::Unavailable,
        "" if status == 401 || status == 403 => FailureKind::Unauthorized,
        _ => FailureKind::Misconfigured,
    });
    let detail = match (name, message) {
        ("", only) | (only, "") => only.to_owned(),
        (name, message) => format!("{name}: {message}"),
    };
    let failure = Failure {
        status: Some(status),
        ..Failure::new(kind, detail)
    };
    match kind {
        FailureKind::Throttled | FailureKind::Unavailable => Outcome::transient(failure),
        _ => Outcome::rejected(failure),
    }
}

/// The messages of an error and its sources.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut messages: Vec<String> = crate::http::causes(error)
        .map(ToString::to_string)
        .collect();
    messages.dedup();
    messages.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use FailureKind::{Misconfigured, Throttled, Unauthorized, Unavailable};

    #[test]
    fn codes_that_services_share_have_one_meaning() {
        let of_service = |name: &str| (name == "NonExistentQueue").then_some(Misconfigured);
        for (code, status, kind, transient) in [
            ("ThrottlingException", 400, Throttled, true),
            ("RequestThrottled", 403, Throttled, true),
            ("RequestLimitExceeded", 400, Throttled, true),
            ("Unheard", 429, Throttled, true),
            ("AccessDenied", 403, Unauthorized, false),
            ("AuthorizationError", 403, Unauthorized, false),
            ("ExpiredTokenException", 400, Unauthorized, false),
            ("", 403, Unauthorized, false),
            ("InternalFailure", 500, Unavailable, true),
            ("", 408, Unavailable, true),
            ("", 503, Unavailable, true),
            ("Unheard", 400, Misconfigured, false),
            (
                "AWS.SimpleQueueService.NonExistentQueue",
                500,
                Misconfigured,
                false,
            ),
        ] {
            let outcome = of_code(code, "m", status, of_service);
            assert_eq!(outcome.failure().unwrap().kind, kind, "{code} {status}");
            let is_transient = matches!(outcome, Outcome::Transient { .. });
            assert_eq!(is_transient, transient, "{code} {status}");
        }
    }

    #[test]
    fn the_detail_has_code_and_message_where_given() {
        let detail = |code: &str, message: &str| {
            let outcome = of_code(code, message, 400, |_| None);
            outcome.failure().unwrap().detail.clone()
        };
        assert_eq!(detail("NotFound", "no topic"), "NotFound: no topic");
        assert_eq!(detail("NotFound", ""), "NotFound");
        assert_eq!(detail("", "unhandled error"), "unhandled error");
    }

    #[test]
    fn a_role_that_cannot_be_assumed_waits_for_a_person_and_a_lost_connection_does_not() {
        for (said, kind) in [
            ("dispatch failure: AccessDenied", Some(Unauthorized)),
            ("dispatch failure: ValidationError", Some(Misconfigured)),
            ("dispatch failure: connection refused", None),
        ] {
            match (of_dispatch_failure(said.to_owned()), kind) {
                (Outcome::Misconfigured { failure }, Some(kind)) => assert_eq!(failure.kind, kind),
                (Outcome::Transient { failure, .. }, None) => {
                    assert_eq!(failure.kind, FailureKind::Unreachable);
                }
                (other, _) => panic!("{said}: {other:?}"),
            }
        }
    }
}
