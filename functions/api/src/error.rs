//! Errors of AWS calls as errors of the API.

use tocsin_api_types::ApiError;
use tocsin_aws::{AwsError, LedgerError, StoreError};

/// An error that the API can report.
pub(crate) trait IntoApiError {
    /// The same error for the client.
    fn into_api_error(self) -> ApiError;
}

/// Reports the error of a result.
pub(crate) trait OrApiError<T> {
    /// The same result with the error for the client.
    fn or_api_error(self) -> Result<T, ApiError>;
}

impl<T, E: IntoApiError> OrApiError<T> for Result<T, E> {
    fn or_api_error(self) -> Result<T, ApiError> {
        self.map_err(IntoApiError::into_api_error)
    }
}

impl IntoApiError for AwsError {
    fn into_api_error(self) -> ApiError {
        ApiError::unavailable(&self)
    }
}

impl IntoApiError for LedgerError {
    fn into_api_error(self) -> ApiError {
        ApiError::unavailable(&self)
    }
}

impl IntoApiError for StoreError {
    fn into_api_error(self) -> ApiError {
        match self {
            Self::NameTaken { .. } => ApiError::conflict("displayName", self.to_string()),
            Self::RevisionConflict(_) => ApiError::conflict("revision", self.to_string()),
            Self::NoFallback => ApiError::conflict("fallback", self.to_string()),
            Self::Aws(error) => error.into_api_error(),
        }
    }
}
