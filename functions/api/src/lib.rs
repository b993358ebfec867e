#![doc = include_str!("../README.md")]

mod alerts;
mod api;
mod apply;
mod audit;
mod change;
mod dead_letters;
mod destinations;
mod digest;
mod error;
#[cfg(test)]
mod fixture;
mod outbox;
mod pagination;
mod preview;
mod probe;
mod queues;
mod registry;
mod secret;
mod send;
mod senders;
mod status;
mod validate;
mod write;

pub use api::Api;
pub use registry::{Providers, ProvidersConfig};
