#![doc = include_str!("../README.md")]

mod alerts;
mod api;
mod apply;
mod audit;
mod carry_out;
mod destinations;
mod digest;
mod draft;
mod letters;
pub mod messages;
mod preview;
mod queues;
mod registry;
mod schema;
mod secret;
mod sending;
mod span;

pub use api::{Api, StartError};
pub use messages::{Answer, ApiError, DestinationDraft, ErrorCode, Operation, Request};
pub use registry::{Providers, ProvidersConfig};
pub use schema::schema;
