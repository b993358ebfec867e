#![doc = include_str!("../README.md")]

mod alerts;
mod config;
mod dispatch;
mod records;
mod reject;
mod retries;
mod router;

pub use config::Config;
pub use router::Router;
