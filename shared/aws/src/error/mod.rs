//! Errors of AWS calls, and the error that stops a function at its start.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::env::EnvError;

/// A failed AWS call.
///
/// It prints as the service's own sentence. [`Error::source`] gives the SDK's
/// error with its chain of causes. It is [`Clone`], because one failed batch call
/// fails every entry of the batch.
#[derive(Clone, Debug)]
pub struct AwsError {
    action: &'static str,
    code: Option<String>,
    message: String,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl AwsError {
    /// An SDK call failed. `action` names what was attempted, such as
    /// `reading the secret`.
    pub fn new<E, R>(action: &'static str, error: SdkError<E, R>) -> Self
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
        R: fmt::Debug + Send + Sync + 'static,
    {
        let service = error.as_service_error().map(ProvideErrorMetadata::meta);
        let code = service.and_then(|meta| meta.code()).map(str::to_owned);
        let message = match service {
            // The service's own sentence, without the SDK's wrapping.
            Some(meta) => sentence(
                meta.code().unwrap_or("unknown error"),
                meta.message().unwrap_or("no message"),
            ),
            // Without an answer of the service only the whole chain says why.
            None => DisplayErrorContext(&error).to_string(),
        };
        Self {
            action,
            code,
            message,
            cause: Some(Arc::new(error)),
        }
    }

    /// A call succeeded as a whole, but the service reported an error for one entry
    /// of its batch.
    #[must_use]
    pub fn of_entry(action: &'static str, code: &str, message: Option<&str>) -> Self {
        Self {
            action,
            code: Some(code.to_owned()),
            message: sentence(code, message.unwrap_or("no message")),
            cause: None,
        }
    }

    /// A call succeeded, but its answer was not as documented.
    #[must_use]
    pub fn unexpected(action: &'static str, message: impl Into<String>) -> Self {
        Self {
            action,
            code: None,
            message: message.into(),
            cause: None,
        }
    }

    /// Something on this side of a call failed: its request could not be built, or
    /// its answer could not be read.
    #[must_use]
    pub fn caused_by(action: &'static str, cause: impl Error + Send + Sync + 'static) -> Self {
        Self {
            action,
            code: None,
            message: cause.to_string(),
            cause: Some(Arc::new(cause)),
        }
    }

    /// The same error; its message names the resource that the call was about.
    #[must_use]
    pub fn about(self, resource: &str) -> Self {
        Self {
            message: format!("{resource}: {}", self.message),
            ..self
        }
    }

    /// The service's error code, such as `AccessDeniedException`; `None` when the
    /// service did not answer.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

fn sentence(code: &str, message: &str) -> String {
    format!("{code}: {message}")
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {}", self.action, self.message)
    }
}

impl Error for AwsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// Why a function cannot start, or why its runtime ended.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An environment variable is missing or invalid.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// A part of the function could not be set up.
    #[error("{action} failed: {source}")]
    Setup {
        /// What was attempted, such as `creating the HTTP client`.
        action: &'static str,
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl StartError {
    /// A part of the function could not be set up.
    pub fn setup(action: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Setup {
            action,
            source: source.into(),
        }
    }
}

#[cfg(test)]
mod tests;
