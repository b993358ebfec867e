//! What the providers that are AWS services share: clients for any region and
//! role, and the reading of SDK errors.

use std::error::Error;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tocsin_core::outcome::{Failure, FailureKind, Outcome, Receipt};
use tocsin_core::provider::FieldError;

use crate::http::REQUEST_LIMIT;

/// In whose name, and where, an AWS destination is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The destination's region; `None` for the function's own.
    pub region: Option<String>,
    /// A role to assume; `None` for the function's own.
    pub role_arn: Option<String>,
    /// What that role's trust policy asks for.
    pub external_id: Option<String>,
}

impl Identity {
    /// The configuration for a client of this identity. Calls nothing: a role is
    /// assumed with the first call, and again before its credentials run out.
    pub async fn configure(&self, own: &SdkConfig) -> SdkConfig {
        let mut builder = own
            .clone()
            .into_builder()
            // One layer retries, and it is the retry queue.
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_timeout(REQUEST_LIMIT)
                    .build(),
            );
        if let Some(region) = &self.region {
            builder = builder.region(Region::new(region.clone()));
        }
        if let Some(role) = &self.role_arn {
            let mut provider = AssumeRoleProvider::builder(role)
                .session_name("tocsin")
                .configure(own);
            if let Some(external_id) = &self.external_id {
                provider = provider.external_id(external_id);
            }
            builder = builder
                .credentials_provider(SharedCredentialsProvider::new(provider.build().await));
        }
        builder.build()
    }
}

/// Checks the settings that [`Identity`] is made of.
///
/// # Errors
///
/// Names the field.
pub fn check_role(role_arn: Option<&str>, external_id: Option<&str>) -> Result<(), FieldError> {
    if let Some(arn) = role_arn {
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        let sound = matches!(parts[..], ["arn", _, "iam", "", account, resource]
            if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
                && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty()));
        if !sound {
            return Err(FieldError::new(
                "settings.assumeRoleArn",
                "must be a role's ARN, such as arn:aws:iam::123456789012:role/tocsin",
            ));
        }
    }
    match (external_id, role_arn) {
        (Some(_), None) => Err(FieldError::new(
            "settings.externalId",
            "is of use only together with settings.assumeRoleArn",
        )),
        // STS's own bounds.
        (Some(id), _) if !(2..=1224).contains(&id.len()) => Err(FieldError::new(
            "settings.externalId",
            "must have 2 to 1224 characters",
        )),
        _ => Ok(()),
    }
}

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
            by_code(
                meta.code().unwrap_or_default(),
                meta.message().unwrap_or_default(),
                status,
                kind_of,
            )
        }
        SdkError::TimeoutError(_) => {
            Outcome::transient(Failure::new(FailureKind::TimedOut, chain(error)))
        }
        SdkError::ResponseError(_) => {
            Outcome::transient(Failure::new(FailureKind::Interrupted, chain(error)))
        }
        // Credentials are part of dispatching: a role that cannot be assumed ends here.
        _ => {
            let said = chain(error);
            if said.contains("AccessDenied") {
                Outcome::permanent(Failure::new(FailureKind::Unauthorized, said))
            } else {
                Outcome::transient(Failure::new(FailureKind::Unreachable, said))
            }
        }
    }
}

/// The outcome after a second try with the least form: its delivery says what was
/// refused before, and a second refusal leaves the first as the answer.
#[must_use]
pub fn second_try(refused: Failure, second: Outcome) -> Outcome {
    match second {
        Outcome::Delivered(receipt) => Outcome::Delivered(receipt.shortened_after(&refused)),
        Outcome::Permanent { .. } => Outcome::permanent(refused),
        transient @ Outcome::Transient { .. } => transient,
    }
}

/// The outcome with a remark on its receipt.
#[must_use]
pub fn with_remark(outcome: Outcome, remark: Option<String>) -> Outcome {
    match outcome {
        Outcome::Delivered(receipt) => Outcome::Delivered(Receipt { remark, ..receipt }),
        failed => failed,
    }
}

/// The message group for FIFO topics and queues: the configured one, or the
/// detection, whose alerts then keep their order. 128 letters, digits and
/// punctuation marks at most; anything else is hashed.
#[must_use]
pub fn fifo_group(configured: Option<&str>, detection_id: &str) -> String {
    let wanted = configured.unwrap_or(detection_id);
    if (1..=128).contains(&wanted.len()) && wanted.bytes().all(|b| b.is_ascii_graphic()) {
        wanted.to_owned()
    } else {
        tocsin_core::text::digest(wanted)
    }
}

fn by_code(
    code: &str,
    message: &str,
    status: u16,
    kind_of: fn(&str) -> Option<FailureKind>,
) -> Outcome {
    // Codes of the query protocol carry a prefix: AWS.SimpleQueueService.NonExistentQueue.
    let name = code.rsplit(['.', '#']).next().unwrap_or(code);
    let kind = kind_of(name).unwrap_or(match name {
        "Throttling"
        | "ThrottlingException"
        | "RequestThrottled"
        | "Throttled"
        | "TooManyRequestsException"
        | "SlowDown" => FailureKind::Throttled,
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthorizationError"
        | "AuthorizationErrorException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "ExpiredToken"
        | "InvalidSecurity"
        | "SignatureDoesNotMatch" => FailureKind::Unauthorized,
        _ if status >= 500 => FailureKind::Unavailable,
        _ => FailureKind::Misconfigured,
    });
    let failure = Failure {
        status: Some(status),
        ..Failure::new(kind, format!("{name}: {message}"))
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

    #[test]
    fn codes_of_every_service_are_sorted() {
        let none = |_: &str| None;
        for (code, status, kind, transient) in [
            ("ThrottlingException", 400, FailureKind::Throttled, true),
            ("RequestThrottled", 403, FailureKind::Throttled, true),
            ("AccessDenied", 403, FailureKind::Unauthorized, false),
            ("AuthorizationError", 403, FailureKind::Unauthorized, false),
            ("InternalFailure", 500, FailureKind::Unavailable, true),
            (
                "AWS.SimpleQueueService.NonExistentQueue",
                400,
                FailureKind::Misconfigured,
                false,
            ),
            ("", 503, FailureKind::Unavailable, true),
        ] {
            let outcome = by_code(code, "m", status, none);
            assert_eq!(outcome.failure().unwrap().kind, kind, "{code}");
            assert_eq!(
                matches!(outcome, Outcome::Transient { .. }),
                transient,
                "{code}"
            );
        }
    }

    #[test]
    fn roles_are_checked_before_they_are_used() {
        assert_eq!(check_role(None, None), Ok(()));
        assert_eq!(
            check_role(
                Some("arn:aws:iam::123456789012:role/path/tocsin"),
                Some("id")
            ),
            Ok(())
        );
        for (role, id, field) in [
            (Some("tocsin"), None, "settings.assumeRoleArn"),
            (
                Some("arn:aws:iam::1234:role/x"),
                None,
                "settings.assumeRoleArn",
            ),
            (
                Some("arn:aws:iam::123456789012:user/x"),
                None,
                "settings.assumeRoleArn",
            ),
            (None, Some("id"), "settings.externalId"),
            (
                Some("arn:aws:iam::123456789012:role/x"),
                Some("i"),
                "settings.externalId",
            ),
        ] {
            assert_eq!(
                check_role(role, id).unwrap_err().field,
                field,
                "{role:?} {id:?}"
            );
        }
    }
}
