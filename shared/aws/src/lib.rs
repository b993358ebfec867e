//! # tocsin-aws
//!
//! The AWS services that more than one function uses. Each is behind a type that
//! speaks of alerts, deliveries and destinations: [`DestinationStore`], [`Ledger`],
//! [`SecretStore`], [`Queue`]. The SDK's types stay inside.

mod clients;
mod destinations;
mod env;
mod error;
mod ledger;
mod offline;
mod queue;
mod secrets;
pub mod telemetry;

pub use clients::Clients;
pub use destinations::{
    DESTINATIONS_CACHE_TTL, DestinationCache, DestinationStore, RevisionConflict, StoreError,
    StoredDestination, SupersededSecret,
};
pub use env::{Env, EnvError};
pub use error::{AwsError, StartError};
pub use ledger::{
    Added, AlertRecord, AttentionEntry, AttentionPage, AttributeError, Begun, CasResult, Cursor,
    DeliveryRecords, FallbackRef, Ledger, LedgerError, OutboxCursor, OutboxPage, Pulse,
    PulseRecord, PutAlert, TakeDrain, TimelineEntry, TimelinePage, UnroutedEntry, UnroutedPage,
    VersionedHealth,
};
pub use queue::{Depth, MESSAGE_LIMIT, Message, Origin, Queue, ReceivedMessage};
pub use secrets::{ORIGIN_TAG, RECOVERY_WINDOW, Retired, SecretError, SecretMetadata, SecretStore};
