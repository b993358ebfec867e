//! Logs and metrics. Both are lines on standard output, which Lambda sends to
//! `CloudWatch`.

mod logs;
mod metrics;

pub use logs::init;
pub use metrics::{Counts, Metric};
