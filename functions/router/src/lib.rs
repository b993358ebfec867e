#![doc = include_str!("../README.md")]

mod adopt;
mod alerts;
mod config;
mod dispatch;
mod drain;
mod health;
mod invocation;
mod outbox;
mod records;
mod reject;
mod router;
mod sweep;
mod wake_ups;

pub use config::Config;
pub use router::Router;
