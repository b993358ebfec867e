#![doc = include_str!("../README.md")]

mod alerts;
mod api;
mod apply;
mod audit;
mod dead_letters;
mod destinations;
mod digest;
pub mod messages;
mod pagination;
mod preview;
mod queues;
mod registry;
mod schema;
mod secret;
mod send;
mod validate;
mod write;

pub use api::Api;
pub use messages::{Answer, ApiError, DestinationDraft, ErrorCode, Operation, Request};
pub use registry::{Providers, ProvidersConfig};
pub use schema::schema;
