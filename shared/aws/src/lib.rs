//! # tocsin-aws
//!
//! Every AWS service that more than one function uses, each behind a type that
//! speaks the words of the design: [`DestinationStore`], [`Ledger`],
//! [`SecretStore`], [`Queue`]. SDK types stay inside.

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
    AlertRecord, AttentionEntry, AttentionPage, CasResult, Claim, ClaimRequest, Cursor, Deferral,
    Lease, Ledger, LedgerError, PutAlert, SettleResult, Settlement, TimelineEntry, TimelinePage,
    Verdict, VersionedHealth,
};
pub use queue::{Depth, MESSAGE_LIMIT, Message, Queue, ReceivedMessage};
pub use secrets::{Described, ORIGIN_TAG, RECOVERY_WINDOW, Retired, SecretError, SecretStore};
