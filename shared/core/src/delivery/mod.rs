//! A delivery: one alert × one destination. It is recorded with its alert
//! ([`record`]), dispatched to a sender ([`batch`]), claimed ([`claim`]), attempted, and
//! settled ([`settlement`]).
//!
//! ```text
//!            record          claim               settle
//!  (nothing) ──────► QUEUED ───────► SENDING ─┬──► DELIVERED
//!                                     ▲   ▲   ├──► FAILED | EXHAUSTED
//!                       claim of the  │   │   └──► RETRYING ──┐
//!                       next attempt  │   └── lease expired   │
//!                                     └───────────────────────┘
//! ```
//!
//! A delivery is unsettled if and only if it has a due time at which somebody looks at
//! it again: see [`crate::outbox`].

pub mod batch;
pub mod claim;
mod model;
pub mod record;
pub mod settlement;

pub use batch::{
    AlertDeliveries, Delivery, DeliveryBatch, Drain, FallbackTarget, ProbeResult, Purpose,
    Recorded, Removal, Sharing,
};
pub use model::{
    Attempt, AttemptResult, DeliveryId, Detail, PriorAttempt, State, UnrecordedAttempt,
};
pub use record::NewDelivery;
