//! # tocsin-aws
//!
//! Every AWS service that more than one function uses, each behind a type that
//! speaks the words of the design: [`DestinationStore`], [`Ledger`],
//! [`SecretStore`], [`Queue`]. SDK types stay inside.

pub mod audit;
mod clients;
mod destinations;
mod env;
mod error;
mod ledger;
mod queue;
mod secrets;
pub mod telemetry;

pub use clients::Clients;
pub use destinations::{
    Changed, DestinationCache, DestinationStore, StoreError, Stored, Superseded,
};
pub use env::{Env, EnvError};
pub use error::AwsError;
pub use ledger::{
    AlertRecord, AttentionEntry, AttentionPage, Claim, ClaimRequest, Deferral, DeliveryRecord,
    Fenced, History, KeptHealth, Lease, Ledger, LedgerError, Position, Recorded, Settlement,
    StoredAlert, Swapped, TimelineEntry, TimelinePage, Verdict,
};
pub use queue::{Depth, Letter, MESSAGE_LIMIT, Message, Queue};
pub use secrets::{Described, ORIGIN_TAG, RECOVERY_WINDOW, Retired, SecretError, SecretStore};
