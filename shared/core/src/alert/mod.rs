//! An alert: one finding of one detection.
//!
//! [`parse`](parse::parse) is the only way in from the outside. It accepts three forms
//! of queue message (Tocsin's own, Panther Community Edition's, and an SNS envelope
//! around either), refuses a message that is not an alert with an error that names the
//! field, and normalizes the rest: a malformed alert is delivered rather than dropped.
//! Every change is recorded in [`Alert::notes`].

mod common;
mod community;
mod context;
mod envelope;
mod error;
mod fields;
mod id;
mod kinds;
mod lenient;
pub mod limits;
mod model;
mod note;
pub mod parse;
mod payload;
mod repair;
mod surrogates;

pub use context::{Context, exact_values};
pub use error::AlertError;
pub use id::AlertId;
pub use kinds::{AlertType, Severity, UnknownName};
pub use model::{Alert, Resent, RoutingHints};
pub use note::Note;
pub use parse::{parse, parse_sent};
pub use payload::Payload;
