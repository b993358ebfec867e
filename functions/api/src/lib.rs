#![doc = include_str!("../README.md")]

mod api;
mod destinations;
mod messages;
mod registry;

pub use api::{Api, StartError};
pub use messages::{
    AlertReport, Answer, ApiError, DestinationDraft, ErrorCode, Explanation, Request,
};
pub use registry::{Providers, ProvidersConfig};
