//! What the answers of AWS services mean.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tocsin_core::outcome::{Failure, FailureKind, Outcome};

/// What a failed call means. `kind_of` knows the service's own error codes; the
/// rest is the same for all of AWS.
pub fn outcome<E>(
    error: &SdkError<E, HttpResponse>,
    kind_of: fn(&str) -> Option<FailureKind>,
) -> Outcome
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            let status = service.raw().status().as_u16();
            match meta.code() {
                Some(code) => by_code(code, meta.message().unwrap_or_default(), status, kind_of),
                // Not the service's own words: a proxy's page, an empty answer.
                None => by_code("", &chain(error), status, kind_of),
            }
        }
        SdkError::TimeoutError(_) => {
            Outcome::transient(Failure::new(FailureKind::TimedOut, chain(error)))
        }
        SdkError::ResponseError(_) => {
            Outcome::transient(Failure::new(FailureKind::Interrupted, chain(error)))
        }
        SdkError::ConstructionFailure(_) => {
            Outcome::permanent(Failure::new(FailureKind::Misconfigured, chain(error)))
        }
        _ => unsent(chain(error)),
    }
}

/// Credentials are part of dispatching: a role that cannot be assumed ends here
/// as well as a connection that does not come about.
fn unsent(said: String) -> Outcome {
    for (code, kind) in [
        // STS's answer to a missing role, too.
        ("AccessDenied", FailureKind::Unauthorized),
        ("ValidationError", FailureKind::Misconfigured),
        ("RegionDisabledException", FailureKind::Misconfigured),
    ] {
        if said.contains(code) {
            return Outcome::permanent(Failure::new(kind, said));
        }
    }
    Outcome::transient(Failure::new(FailureKind::Unreachable, said))
}

fn by_code(
    code: &str,
    message: &str,
    status: u16,
    kind_of: fn(&str) -> Option<FailureKind>,
) -> Outcome {
    // SQS's codes come under their old names, which have a namespace.
    let name = code.rsplit('#').next().unwrap_or(code);
    let name = name.strip_prefix("AWS.SimpleQueueService.").unwrap_or(name);
    let kind = kind_of(name).unwrap_or(match name {
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
        ("", said) | (said, "") => said.to_owned(),
        (name, message) => format!("{name}: {message}"),
    };
    let failure = Failure {
        status: Some(status),
        ..Failure::new(kind, detail)
    };
    match kind {
        FailureKind::Throttled | FailureKind::Unavailable => Outcome::transient(failure),
        _ => Outcome::permanent(failure),
    }
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = crate::http::causes(error)
        .map(ToString::to_string)
        .collect();
    said.dedup();
    said.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use FailureKind::{Misconfigured, Throttled, Unauthorized, Unavailable};

    #[test]
    fn codes_of_every_service_are_sorted() {
        let own = |name: &str| (name == "NonExistentQueue").then_some(Misconfigured);
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
            let outcome = by_code(code, "m", status, own);
            assert_eq!(outcome.failure().unwrap().kind, kind, "{code} {status}");
            let tried_again = matches!(outcome, Outcome::Transient { .. });
            assert_eq!(tried_again, transient, "{code} {status}");
        }
    }

    #[test]
    fn the_detail_is_what_there_is_to_say() {
        let detail = |code: &str, message: &str| {
            let outcome = by_code(code, message, 400, |_| None);
            outcome.failure().unwrap().detail.clone()
        };
        assert_eq!(detail("NotFound", "no topic"), "NotFound: no topic");
        assert_eq!(detail("NotFound", ""), "NotFound");
        assert_eq!(detail("", "unhandled error"), "unhandled error");
    }

    #[test]
    fn a_role_that_cannot_be_assumed_needs_a_person_and_a_lost_connection_does_not() {
        for (said, kind) in [
            ("dispatch failure: AccessDenied", Some(Unauthorized)),
            ("dispatch failure: ValidationError", Some(Misconfigured)),
            ("dispatch failure: connection refused", None),
        ] {
            match (unsent(said.to_owned()), kind) {
                (Outcome::Permanent { failure }, Some(kind)) => assert_eq!(failure.kind, kind),
                (Outcome::Transient { failure, .. }, None) => {
                    assert_eq!(failure.kind, FailureKind::Unreachable);
                }
                (other, _) => panic!("{said}: {other:?}"),
            }
        }
    }
}
