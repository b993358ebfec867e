//! The ledger and the destinations against an engine that follows the real service's answers.

#![allow(
    clippy::unwrap_used,
    reason = "only tests are here, and they should stop where they fail"
)]

mod destinations;
mod dynamodb;
mod ledger;
mod outbox;
mod upgrade;
