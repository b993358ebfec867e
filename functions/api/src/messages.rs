//! What goes in and out: requests, answers, errors.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tocsin_aws::{AwsError, DeliveryRecord, LedgerError, StoreError};
use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, AlertType, Severity};
use tocsin_core::destination::{Destination, Enabled};
use tocsin_core::provider::FieldError;
use tocsin_core::routing::Routing;

/// A request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(
    tag = "operation",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Request {
    /// Adds a destination.
    AddDestination {
        /// What it is to be.
        destination: Box<DestinationDraft>,
        /// Its credential; write-only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret: Option<Map<String, Value>>,
        /// Who asks, for the record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actor: Option<String>,
    },
    /// Lists all destinations.
    ListDestinations {},
    /// Where an alert would go, and why; delivers nothing.
    ExplainRoute {
        /// The alert in any form that the queue takes: the object, or the body of a
        /// message as a string.
        alert: Value,
    },
    /// Everything about one alert.
    GetAlert {
        /// Which.
        alert_id: String,
    },
}

/// A destination as a person describes it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DestinationDraft {
    /// What people and detections call it.
    pub display_name: String,
    /// Its provider.
    #[serde(rename = "type")]
    pub provider: String,
    /// Whether it takes part.
    #[serde(default)]
    pub enabled: Enabled,
    /// Severities it takes; none means that only lists reach it.
    #[serde(default)]
    pub severities: BTreeSet<Severity>,
    /// Alert types it takes; none means all.
    #[serde(default)]
    pub alert_types: BTreeSet<AlertType>,
    /// Log types it takes; none means all.
    #[serde(default)]
    pub log_types: BTreeSet<String>,
    /// The provider's own settings.
    #[serde(default)]
    pub settings: Map<String, Value>,
}

/// An answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// It worked.
    Ok(Value),
    /// It did not.
    Error(ApiError),
}

/// What `getAlert` gives.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertReport {
    /// The alert as it was recorded.
    pub alert: Alert,
    /// Where it went, and why.
    pub routing: Routing,
    /// When it came.
    pub received_at: Timestamp,
    /// Deliveries that have begun.
    pub deliveries: Vec<DeliveryRecord>,
}

/// What `explainRoute` gives.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The alert as it would be recorded.
    pub alert: Alert,
    /// Where it would go, and why.
    pub routing: Routing,
}

/// What `listDestinations` gives.
pub(crate) type DestinationList = Vec<Destination>;

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, thiserror::Error)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
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

    pub(crate) fn unavailable(error: &dyn std::fmt::Display) -> Self {
        Self {
            code: ErrorCode::Unavailable,
            field: None,
            message: error.to_string(),
        }
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
            StoreError::NameTaken { .. } => Self {
                code: ErrorCode::Conflict,
                field: Some("displayName".to_owned()),
                message: error.to_string(),
            },
            StoreError::Aws(error) => error.into(),
        }
    }
}
