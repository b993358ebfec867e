//! Why a request failed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_core::provider::FieldError;

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, thiserror::Error)]
#[error("{message}")]
#[serde(rename_all = "camelCase")]
pub struct ApiError {
    /// The kind of error.
    pub code: ErrorCode,
    /// The path of the field that is wrong, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong and what to do about it.
    pub message: String,
}

/// The kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// The request is wrong; repeating it does not help.
    Invalid,
    /// What the request names does not exist.
    NotFound,
    /// The request contradicts the current state.
    Conflict,
    /// An AWS service failed; repeating the request may help.
    Unavailable,
}

impl ApiError {
    /// The request is wrong in `field`.
    #[must_use]
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::Invalid,
            field: Some(field.to_owned()),
            message: message.into(),
        }
    }

    /// What `field` names does not exist.
    #[must_use]
    pub fn not_found(field: &str, message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::NotFound,
            ..Self::invalid(field, message)
        }
    }

    /// What `field` asks for contradicts the current state.
    #[must_use]
    pub fn conflict(field: &str, message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::Conflict,
            ..Self::invalid(field, message)
        }
    }

    /// Something failed that the request does not decide.
    #[must_use]
    pub fn unavailable(error: &dyn std::fmt::Display) -> Self {
        Self {
            code: ErrorCode::Unavailable,
            field: None,
            message: error.to_string(),
        }
    }

    /// The same error, about the destination of this name.
    #[must_use]
    pub fn about(mut self, name: &str) -> Self {
        self.message = format!("{name:?}: {}", self.message);
        self
    }

    /// The same error, about a field inside `path`.
    #[must_use]
    pub fn within(mut self, path: &str) -> Self {
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
