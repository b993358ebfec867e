//! Logs and metrics. Both are lines on standard output, which Lambda sends to
//! `CloudWatch`.

mod logs;
mod metrics;
mod sweep;

pub use logs::init;
pub use metrics::{Counts, Metric};
pub use sweep::{SweepGauge, emit_sweep};
