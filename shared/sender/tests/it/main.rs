//! An attempt over HTTP from end to end, against a real server on the loopback interface
//! and a replay of Secrets Manager.

#![allow(
    clippy::unwrap_used,
    reason = "only tests are here, and they should stop where they fail"
)]

mod connections;
mod fixture;
mod outcomes;
mod probe;
mod secrets;
mod server;
mod tokens;
mod updates;
