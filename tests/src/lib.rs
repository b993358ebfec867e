//! # What the tests of the deployed stack use
//!
//! - The [`simulator`] plays the vendors on a local stack. It checks requests as the
//!   vendor does (method, headers, credentials, required fields, limits), refuses with
//!   the vendor's own answers, and remembers everything, so that tests and the demo
//!   can ask what really arrived.
//! - The [`proxy`] is between the functions and the emulator of AWS, and makes AWS fail
//!   as it sometimes does: not at all, too late, or half-way.
//! - The [`harness`] is the stack itself, as the end-to-end and chaos tests use it.
//!
//! Simulator and proxy can kill the function that is talking to them at that moment.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a poisoned lock, or a stack that does not answer, should stop a test run"
)]

pub mod harness;
mod process;
pub mod proxy;
pub mod simulator;
mod wire;
