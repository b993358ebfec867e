//! Alerts, fixtures and checks that the tests of all providers share, so that each
//! provider is tested with the same plain, large and hostile input.

#![allow(
    clippy::expect_used,
    reason = "only tests run this, and they should stop here"
)]

mod alerts;
pub mod aws;
mod corpus;
mod hostile;
mod messaging;
mod provider;
mod responses;
mod settings;
mod snapshot;

#[doc(hidden)]
pub use insta;

pub use alerts::{alert, any_alert, bare, delivery, full, full_json};
pub use corpus::{has_snapshot, samples, with_texts};
pub use hostile::HOSTILE;
pub use messaging::MessagingFixture;
pub use provider::ProviderFixture;
pub use responses::{Expected, RECEIVED_AT, Row, check_outcomes, response};
pub use settings::{check_messaging_settings, check_provider_settings, valid_destinations};
