//! The destinations' table: reading it, changing it, and the router's copy of it.
//!
//! Display names are unique because each name has an item of its own in the table,
//! beside the destination's item.

mod cache;
mod error;
mod store;
mod stored;
mod write;

pub use cache::{DESTINATIONS_CACHE_TTL, DestinationCache};
pub use error::{RevisionConflict, StoreError};
pub use store::DestinationStore;
pub use stored::{StoredDestination, SupersededSecret};
