//! End-to-end tests of the deployed stack: real queues, tables, roles and
//! functions on the local emulator, with IAM enforced, against the provider
//! simulator.
//!
//! `make e2e` starts what they need. They share one stack and run side by side,
//! so each makes alerts of its own and looks only for those.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod api;
mod claims;
mod cli;
mod delivery;
mod failures;
mod input;
mod ledger;
mod outbox;
mod permissions;
mod providers;
mod resilience;
mod secrecy;
mod webhook;
