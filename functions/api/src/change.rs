//! A change of a destination, as it was requested: what the checks of the draft
//! (`validate`) and of its secret (`secret`) have in common.

use tocsin_api_types::{DestinationDraft, NewSecret};
use tocsin_aws::StoredDestination;
use tocsin_core::destination::{DestinationId, Destinations};

/// The largest settings, and the largest secret, as JSON in bytes. Secrets Manager's
/// limit for a secret is 64 KiB.
pub(crate) const JSON_LIMIT: usize = 32 * 1024;

/// A change that was requested, with what its checks need.
pub(crate) struct ChangeRequest<'a> {
    pub(crate) draft: DestinationDraft,
    pub(crate) secret: Option<NewSecret>,
    /// The current state of the destination, unless it is new.
    pub(crate) current: Option<&'a StoredDestination>,
    /// The id of `current`, or the id of the new destination.
    pub(crate) id: DestinationId,
    /// All destinations, including those that the same request adds.
    pub(crate) all: &'a Destinations,
    pub(crate) actor: &'a str,
}
