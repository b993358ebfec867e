//! Logs and metrics, both as lines on standard output.
//!
//! Logs are JSON objects with `timestamp` and `level` at the top, as Lambda's
//! log filter needs them (a line without a valid timestamp counts as INFO, so a
//! filter for WARN would drop errors). Metrics are `CloudWatch`'s embedded metric
//! format: no call, no wait, no cost until somebody looks.

use std::io::Write;

use serde_json::{Map, Value, json};
use tocsin_core::Timestamp;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use crate::Env;

/// Starts logging at the level of `TOCSIN_LOG` (`ERROR`, `WARN`, `INFO`,
/// `DEBUG`, `TRACE`), INFO by default. A second call changes nothing.
pub fn init(env: &Env) {
    let level = env
        .optional("TOCSIN_LOG")
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::INFO);
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_timer(UtcTime)
        .with_current_span(false)
        .with_max_level(level)
        .finish();
    // Fails only when a test has set one already, which then serves as well.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// RFC 3339 in UTC.
struct UtcTime;

impl FormatTime for UtcTime {
    fn format_time(&self, w: &mut Writer<'_>) -> std::fmt::Result {
        write!(w, "{}", Timestamp::now())
    }
}

/// The metrics there are. One place, so that alarms and dashboards can rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Alerts read from the queue.
    AlertsReceived,
    /// Queue messages that are no alert and went to the dead-letter queue.
    AlertsRejected,
    /// Alerts that nothing matched.
    AlertsUnrouted,
    /// Attempts that arrived.
    DeliveriesDelivered,
    /// Attempts that will be repeated.
    DeliveriesRetried,
    /// Deliveries that were refused for good.
    DeliveriesFailed,
    /// Deliveries that were repeated until the end.
    DeliveriesExhausted,
    /// Times that a delivery had to wait for its destination, without an attempt.
    DeliveriesDeferred,
    /// `SYSTEM_ERROR` alerts about destinations whose deliveries end badly.
    SystemErrorsRaised,
    /// Canaries that arrived: the pulse of the whole path.
    CanariesDelivered,
}

impl Metric {
    const fn name(self) -> &'static str {
        match self {
            Self::AlertsReceived => "AlertsReceived",
            Self::AlertsRejected => "AlertsRejected",
            Self::AlertsUnrouted => "AlertsUnrouted",
            Self::DeliveriesDelivered => "DeliveriesDelivered",
            Self::DeliveriesRetried => "DeliveriesRetried",
            Self::DeliveriesFailed => "DeliveriesFailed",
            Self::DeliveriesExhausted => "DeliveriesExhausted",
            Self::DeliveriesDeferred => "DeliveriesDeferred",
            Self::SystemErrorsRaised => "SystemErrorsRaised",
            Self::CanariesDelivered => "CanariesDelivered",
        }
    }
}

/// Counts of one invocation, written as one line at its end.
#[derive(Debug)]
pub struct Counts {
    function: String,
    stack: String,
    counts: Vec<(Metric, u64)>,
}

impl Counts {
    /// Nothing counted yet. The metrics' dimensions are the function's own name
    /// (`otherwise` where there is none) and, for sums over all, the stack's.
    #[must_use]
    pub fn of_function(otherwise: &str) -> Self {
        let named = |variable, otherwise: &str| {
            std::env::var(variable).unwrap_or_else(|_| otherwise.to_owned())
        };
        Self::of(
            named("AWS_LAMBDA_FUNCTION_NAME", otherwise),
            named("TOCSIN_STACK", "none"),
        )
    }

    fn of(function: impl Into<String>, stack: impl Into<String>) -> Self {
        Self {
            function: function.into(),
            stack: stack.into(),
            counts: Vec::new(),
        }
    }

    /// Counts `more` of `metric`.
    pub fn add(&mut self, metric: Metric, more: usize) {
        let more = more as u64;
        match self.counts.iter_mut().find(|(other, _)| *other == metric) {
            Some((_, count)) => *count += more,
            None => self.counts.push((metric, more)),
        }
    }

    /// The line in embedded metric format; `None` when nothing was counted.
    fn line(&self, now: Timestamp) -> Option<Value> {
        let counted: Vec<_> = self.counts.iter().filter(|(_, count)| *count > 0).collect();
        if counted.is_empty() {
            return None;
        }
        let metrics: Vec<Value> = counted
            .iter()
            .map(|(metric, _)| json!({"Name": metric.name(), "Unit": "Count"}))
            .collect();
        let mut line = Map::from_iter([
            (
                "_aws".to_owned(),
                json!({
                    "Timestamp": now.unix_millis(),
                    "CloudWatchMetrics": [{
                        "Namespace": "Tocsin", "Dimensions": [["Function"], ["Stack"]], "Metrics": metrics,
                    }],
                }),
            ),
            ("Function".to_owned(), json!(self.function)),
            ("Stack".to_owned(), json!(self.stack)),
        ]);
        for (metric, count) in counted {
            line.insert(metric.name().to_owned(), json!(count));
        }
        Some(Value::Object(line))
    }

    /// Writes the line.
    pub fn emit(&self) {
        if let Some(line) = self.line(Timestamp::now()) {
            let mut out = std::io::stdout().lock();
            if let Err(error) = writeln!(out, "{line}") {
                tracing::warn!(%error, "metrics could not be written");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_make_one_line_that_cloudwatch_reads() {
        let mut counts = Counts::of("tocsin-slack", "tocsin");
        assert_eq!(counts.line(Timestamp::now()), None);
        counts.add(Metric::DeliveriesDelivered, 2);
        counts.add(Metric::DeliveriesDelivered, 1);
        counts.add(Metric::DeliveriesFailed, 0);
        let line = counts
            .line("2026-01-01T00:00:00Z".parse().unwrap())
            .unwrap();
        assert_eq!(
            line,
            json!({
                "_aws": {
                    "Timestamp": 1_767_225_600_000_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Tocsin",
                        "Dimensions": [["Function"], ["Stack"]],
                        "Metrics": [{"Name": "DeliveriesDelivered", "Unit": "Count"}],
                    }],
                },
                "Function": "tocsin-slack",
                "Stack": "tocsin",
                "DeliveriesDelivered": 3,
            })
        );
    }
}
