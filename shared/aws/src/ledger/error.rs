//! Why the ledger could not be read or written.

use std::error::Error;
use std::sync::Arc;

use crate::error::AwsError;

/// Why the ledger could not be read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LedgerError {
    /// `DynamoDB` refused the call or did not answer.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// An item does not have the form in which the ledger writes it.
    #[error("the ledger's item {item} of alert {alert_id} cannot be read: {source}")]
    Unreadable {
        /// The item's partition key: the alert's id, or the destination's for its health.
        alert_id: String,
        /// The item's sort key.
        item: String,
        /// The attribute that cannot be read.
        source: AttributeError,
    },
}

/// An attribute of an item that cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AttributeError {
    /// The item does not have the attribute, or has it with another type.
    #[error("{name} is missing")]
    Missing {
        /// The attribute's name.
        name: String,
    },
    /// The attribute's value cannot be read.
    #[error("{name}: {source}")]
    Invalid {
        /// The attribute's name.
        name: String,
        /// Why its value cannot be read.
        source: Arc<dyn Error + Send + Sync>,
    },
}

impl AttributeError {
    pub(super) fn missing(name: &str) -> Self {
        Self::Missing {
            name: name.to_owned(),
        }
    }

    pub(super) fn invalid(name: &str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Invalid {
            name: name.to_owned(),
            source: source.into().into(),
        }
    }
}
