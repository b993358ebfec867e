//! Why a queue message cannot be read as an alert.

use crate::timestamp::TimestampError;

/// Why a queue message is not an alert and never will be. Each error names the field
/// and what it must hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlertError {
    /// The body is not JSON.
    #[error("the message is not JSON: {detail}")]
    NotJson {
        /// Where and why reading stopped.
        detail: String,
    },
    /// The body is JSON, but not an object.
    #[error("expected an alert as a JSON object, found {found}")]
    NotObject {
        /// The kind of JSON value that it is.
        found: &'static str,
    },
    /// An SNS message that is not a notification.
    #[error(
        "an SNS message of type {kind:?} is not an alert; subscribe the queue with `aws sns subscribe`, which needs no confirmation by message"
    )]
    NotANotification {
        /// The SNS message's own `Type`.
        kind: String,
    },
    /// A required field is absent, null or empty.
    #[error("the required field `{field}` is missing or empty")]
    Missing {
        /// The name of the field.
        field: &'static str,
    },
    /// A required field holds something of another kind.
    #[error("`{field}` must be {expected}, found {found}")]
    WrongKind {
        /// The name of the field.
        field: &'static str,
        /// The kind of value that it must have.
        expected: &'static str,
        /// The kind of value that it has.
        found: &'static str,
    },
    /// `createdAt` cannot be read, and it is not known when the alert was sent.
    #[error("`createdAt` is {value:?}: {problem}")]
    CreatedAt {
        /// The beginning of what it holds.
        value: String,
        /// What is wrong with it.
        problem: TimestampError,
    },
}

impl AlertError {
    /// A short name for metrics and message attributes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "NotJson",
            Self::NotObject { .. } => "NotObject",
            Self::NotANotification { .. } => "NotANotification",
            Self::Missing { .. } => "MissingField",
            Self::WrongKind { .. } => "WrongKind",
            Self::CreatedAt { .. } => "BadTimestamp",
        }
    }
}
