//! # tocsin-core
//!
//! What Tocsin *is*, without any of the things it runs on: no asynchronous
//! runtime, no AWS SDK, no HTTP client. Every decision the system takes is a
//! function here, so that it can be tested with plain values.
//!
//! ## Dramatis personae
//!
//! - An **alert** ([`alert::Alert`]) is one finding of one detection. It is read
//!   from a queue message by [`alert::parse`], which bounds its size, so that
//!   everything behind it fits.
//! - A **destination** ([`destination::Destination`]) is one configured place to
//!   deliver to; a **provider** ([`provider::Provider`]) is a kind of destination.
//! - **Routing** ([`routing::route`]) turns an alert and the destinations into
//!   **targets**, each with the reason why it was chosen.
//! - A **delivery** ([`delivery::Delivery`]) is one alert × one destination. It
//!   has an identity ([`delivery::DeliveryId`]), **attempts** and a
//!   [`delivery::State`].
//! - A **sender** runs attempts. Each attempt comes to an **outcome**
//!   ([`outcome::Outcome`]), and [`retry::RetryPolicy`] decides what follows.
//!
//! ## Who hands what to whom
//!
//! ```text
//! queue message ─ alert::parse ─► Alert ─ routing::route ─► Routing ─ targets ─► DeliveryBatch
//!      DeliveryBatch ─ Provider::request ─► Request ─ (the wire) ─► Response
//!      Response ─ Provider::outcome ─► Outcome ─ RetryPolicy::decide ─► Decision
//! ```
//!
//! Each step consumes what the step before made, and none reaches back.

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
pub mod outcome;
pub mod provider;
pub mod retry;
pub mod routing;
pub mod text;
pub mod timestamp;

pub use timestamp::Timestamp;
