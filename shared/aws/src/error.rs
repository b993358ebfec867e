//! One error for every AWS call: what was done, and what the service said.

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// A failed AWS call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{action} failed: {message}")]
pub struct AwsError {
    /// What was attempted, for people.
    pub action: &'static str,
    /// The service's error code, such as `AccessDeniedException`, if it answered.
    pub code: Option<String>,
    /// The whole chain of causes.
    pub message: String,
}

impl AwsError {
    /// Takes over an SDK error.
    pub fn new<E, R>(action: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        R: std::fmt::Debug,
    {
        let service = error.as_service_error().map(ProvideErrorMetadata::meta);
        let message = match service {
            // The service's own sentence, without the SDK's wrapping.
            Some(meta) => format!(
                "{}: {}",
                meta.code().unwrap_or("unknown error"),
                meta.message().unwrap_or("no message")
            ),
            None => DisplayErrorContext(error).to_string(),
        };
        Self {
            action,
            code: service.and_then(|meta| meta.code()).map(str::to_owned),
            message,
        }
    }

    /// A call that answered, but not as promised.
    #[must_use]
    pub fn unexpected(action: &'static str, message: impl Into<String>) -> Self {
        Self {
            action,
            code: None,
            message: message.into(),
        }
    }
}
