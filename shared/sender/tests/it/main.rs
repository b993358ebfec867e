//! The whole way of an attempt over HTTP, against a real server on the loopback
//! and a stand-in for Secrets Manager.

#![allow(
    clippy::unwrap_used,
    reason = "only tests are here, and they should stop where they fail"
)]

mod answers;
mod connections;
mod probe;
mod secrets;
mod server;
mod stage;
