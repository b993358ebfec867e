//! # The provider simulator
//!
//! Stands in for the vendors on a local stack. It checks what it gets as the
//! vendor does (method, headers, credentials, required fields, limits), refuses
//! with the vendor's own answers, and remembers everything, so that tests and
//! the demo can ask what really arrived.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a poisoned lock should stop a test run"
)]

pub mod simulator;
