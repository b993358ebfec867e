//! Why a destination could not be stored.

use tocsin_core::Timestamp;
use tocsin_core::destination::Destination;

use crate::error::AwsError;

/// Why a destination could not be stored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another destination has this display name.
    #[error("there already is a destination called {name:?}; choose another display name")]
    NameTaken {
        /// The display name.
        name: String,
    },
    /// Another change came first.
    #[error(transparent)]
    RevisionConflict(Box<RevisionConflict>),
    /// The fallback was deleted in the meantime.
    #[error("the destination that is to be its fallback does not exist any more")]
    NoFallback,
    /// `DynamoDB` refused the call or did not answer.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

/// How a destination changed between reading it and writing it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevisionConflict {
    /// Another request changed the destination.
    #[error(
        "{by} changed the destination at {at}, and it is at revision {revision} now: read it again, and repeat your change"
    )]
    Changed {
        /// The author of that change.
        by: String,
        /// When it was made.
        at: Timestamp,
        /// The destination's revision since then.
        revision: u64,
    },
    /// Another request deleted the destination.
    #[error("another request deleted the destination")]
    Deleted,
}

impl RevisionConflict {
    /// The conflict of a change that was based on an earlier revision than `now`.
    #[must_use]
    pub fn of(now: &Destination) -> Self {
        Self::Changed {
            by: now.updated_by.clone(),
            at: now.updated_at,
            revision: now.revision,
        }
    }
}
