//! Why a request was not carried out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_aws::{AwsError, LedgerError, StoreError};
use tocsin_core::provider::FieldError;

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, thiserror::Error)]
#[error("{message}")]
#[serde(rename_all = "camelCase")]
pub struct ApiError {
    /// Which kind of error.
    pub code: ErrorCode,
    /// The field that is wrong, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong and what to do about it.
    pub message: String,
}

/// The kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// The request itself is wrong; repeating it will not help.
    Invalid,
    /// What it speaks of does not exist.
    NotFound,
    /// It contradicts what there is already.
    Conflict,
    /// AWS did not do its part; repeating it may help.
    Unavailable,
}

impl ApiError {
    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::Invalid,
            field: Some(field.to_owned()),
            message: message.into(),
        }
    }

    pub(crate) fn not_found(field: &str, message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::NotFound,
            ..Self::invalid(field, message)
        }
    }

    pub(crate) fn conflict(field: &str, message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::Conflict,
            ..Self::invalid(field, message)
        }
    }

    pub(crate) fn unavailable(error: &dyn std::fmt::Display) -> Self {
        Self {
            code: ErrorCode::Unavailable,
            field: None,
            message: error.to_string(),
        }
    }

    /// The same, said of the destination of this name.
    pub(crate) fn about(mut self, name: &str) -> Self {
        self.message = format!("{name:?}: {}", self.message);
        self
    }

    /// The same about a field inside of `path`.
    pub(crate) fn within(mut self, path: &str) -> Self {
        self.field = Some(match self.field {
            Some(field) => format!("{path}.{field}"),
            None => path.to_owned(),
        });
        self
    }
}

impl From<FieldError> for ApiError {
    fn from(error: FieldError) -> Self {
        Self::invalid(&error.field, error.to_string())
    }
}

impl From<AwsError> for ApiError {
    fn from(error: AwsError) -> Self {
        Self::unavailable(&error)
    }
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        Self::unavailable(&error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NameTaken { .. } => Self::conflict("displayName", error.to_string()),
            StoreError::RevisionConflict(_) => Self::conflict("revision", error.to_string()),
            StoreError::NoFallback => Self::conflict("fallback", error.to_string()),
            StoreError::Aws(error) => error.into(),
        }
    }
}
