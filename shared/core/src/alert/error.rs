//! Why a queue message cannot be read as an alert.

use crate::timestamp::TimestampError;

/// Why a queue message is no alert, and never will be. Each says which field
/// is wrong and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlertError {
    /// The body is not JSON.
    #[error("the message is not JSON: {detail}")]
    NotJson {
        /// Where and why reading stopped.
        detail: String,
    },
    /// The body is JSON, but no object.
    #[error("expected an alert as a JSON object, found {found}")]
    NotObject {
        /// What it is instead.
        found: &'static str,
    },
    /// An SNS message that carries no notification.
    #[error(
        "an SNS message of type {kind:?} is no alert; subscribe the queue with `aws sns subscribe`, which needs no confirmation by message"
    )]
    NotANotification {
        /// The SNS message's own `Type`.
        kind: String,
    },
    /// A required field is absent, null or empty.
    #[error("the required field `{field}` is missing or empty")]
    Missing {
        /// Which field.
        field: &'static str,
    },
    /// A required field holds something of another kind.
    #[error("`{field}` must be {expected}, found {found}")]
    WrongKind {
        /// Which field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A field that takes one of a few names holds another.
    #[error("`{field}` is {value:?}, which is none of {allowed}")]
    UnknownValue {
        /// Which field.
        field: &'static str,
        /// The beginning of what it holds.
        value: String,
        /// What it may hold.
        allowed: String,
    },
    /// `createdAt` is no AWSDateTime.
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
            Self::UnknownValue { .. } => "UnknownValue",
            Self::CreatedAt { .. } => "BadTimestamp",
        }
    }
}
