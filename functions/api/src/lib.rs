#![doc = include_str!("../README.md")]

mod api;
mod destinations;
pub mod messages;
mod registry;

pub use api::{Api, StartError};
pub use messages::{Answer, ApiError, DestinationDraft, ErrorCode, Operation, Request};
pub use registry::{Providers, ProvidersConfig};
