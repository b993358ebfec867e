//! # What stands around the stack in tests
//!
//! - The [`simulator`] stands in for the vendors on a local stack. It checks what
//!   it gets as the vendor does (method, headers, credentials, required fields,
//!   limits), refuses with the vendor's own answers, and remembers everything, so
//!   that tests and the demo can ask what really arrived.
//! - The [`proxy`] stands between the functions and the emulator of AWS, and has
//!   AWS fail as it sometimes does: not at all, too late, or half-way.
//!
//! Both can kill the function that is talking to them at that very moment.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a poisoned lock should stop a test run"
)]

mod process;
pub mod proxy;
pub mod simulator;
mod wire;
