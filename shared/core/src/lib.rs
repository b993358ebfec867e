//! # tocsin-core
//!
//! The domain of Tocsin as pure functions and values: no asynchronous runtime, no AWS
//! SDK, no HTTP client, no I/O. Reading an alert, routing it, building a request,
//! reading a response, deciding on a retry, and the health of a destination are
//! decided here and tested with plain values.
//!
//! ## Concepts
//!
//! - An **alert** ([`alert::Alert`]) is one finding of one detection. [`alert::parse()`]
//!   reads it from a queue message and bounds its size, so that it fits everything
//!   behind it.
//! - A **destination** ([`destination::Destination`]) is one configured place to
//!   deliver to; a **provider** ([`provider::Provider`]) is a kind of destination.
//! - **Routing** ([`routing::route`]) turns an alert and the destinations into
//!   **targets**, each with the reason why it was chosen.
//! - A **delivery** ([`delivery::Delivery`]) is one alert × one destination. It has an
//!   identity ([`delivery::DeliveryId`]), **attempts** and a [`delivery::State`].
//! - A **sender** makes attempts. Each has an **outcome** ([`outcome::Outcome`]), and
//!   [`retry::RetryPolicy`] decides what follows.
//! - The **outbox** ([`outbox`]) is what the ledger knows of deliveries that are not
//!   settled: each has a due time at which somebody looks at it again.
//! - The **health** of a destination ([`health::Health`]) is its circuit breaker and
//!   its rate limiter.
//!
//! ## Data flow
//!
//! ```text
//! queue message ─ alert::parse ─► Alert ─ routing::route ─► Routing ─ targets ─► DeliveryBatch
//!      DeliveryBatch ─ Provider::request ─► Request ─ (HTTP) ─► Response
//!      Response ─ Provider::outcome ─► Outcome ─ RetryPolicy::decide ─► Decision
//! ```
//!
//! ## Layers
//!
//! A module uses only modules to the left of it: `timestamp text json escape link prose`,
//! `alert outcome`, `retry`, `destination`, `routing`, `delivery outbox history`,
//! `health provider system_alert`, `retry_queue message audit`. `tests/it/modules` makes sure that there are
//! no circles.

pub mod alert;
pub mod audit;
pub mod delivery;
pub mod destination;
pub mod escape;
pub mod health;
pub mod history;
pub mod json;
pub mod link;
pub mod message;
pub mod outbox;
pub mod outcome;
pub mod prose;
pub mod provider;
pub mod retry;
pub mod retry_queue;
pub mod routing;
pub mod system_alert;
pub mod text;
pub mod timestamp;

pub use timestamp::Timestamp;
