//! What must hold of the repository as a whole.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod contract;
mod dependencies;
mod documents;
mod events;
mod messages;
mod modules;
mod numbers;
mod providers;
mod supply;
mod template;
mod updates;
mod words;
