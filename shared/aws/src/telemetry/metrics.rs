//! Metrics in `CloudWatch`'s embedded metric format: a line in the log that
//! `CloudWatch` turns into metrics. No call to AWS, no waiting.

use std::io::Write;

use serde_json::{Map, Value, json};
use tocsin_core::Timestamp;

/// All metrics of the namespace `Tocsin`. Alarms and dashboards refer to these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Records read from the alerts queue.
    AlertsReceived,
    /// Records of the alerts queue that are not alerts and went to the dead-letter queue.
    AlertsRejected,
    /// Alerts that no destination's filters matched.
    AlertsUnrouted,
    /// Alerts that came again and got targets that they did not have.
    AlertsTargetsAdded,
    /// Attempts that the provider accepted.
    DeliveriesDelivered,
    /// Attempts that failed and will be repeated.
    DeliveriesRetried,
    /// Deliveries that failed in a way that no retry can fix.
    DeliveriesFailed,
    /// Deliveries whose retry window or attempts are used up.
    DeliveriesExhausted,
    /// Deliveries that were deferred without an attempt; a delivery counts each time.
    DeliveriesDeferred,
    /// `SYSTEM_ERROR` alerts about destinations whose deliveries fail for good.
    SystemErrorsRaised,
    /// Canary alerts that the provider accepted: the heartbeat of the whole path.
    CanariesDelivered,
}

impl Metric {
    const fn name(self) -> &'static str {
        match self {
            Self::AlertsReceived => "AlertsReceived",
            Self::AlertsRejected => "AlertsRejected",
            Self::AlertsUnrouted => "AlertsUnrouted",
            Self::AlertsTargetsAdded => "AlertsTargetsAdded",
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

/// The counts of one invocation, written as one line at its end.
#[derive(Debug)]
pub struct Counts {
    function: String,
    stack: String,
    counts: Vec<(Metric, u64)>,
}

impl Counts {
    /// Counts of this function, all zero. The metrics have two dimensions: the
    /// function's name (`default_name` outside of Lambda) and, for sums over all
    /// functions, the stack's name.
    #[must_use]
    pub fn of_function(default_name: &str) -> Self {
        Self::of(
            variable("AWS_LAMBDA_FUNCTION_NAME", default_name),
            stack_name(),
        )
    }

    fn of(function: impl Into<String>, stack: impl Into<String>) -> Self {
        Self {
            function: function.into(),
            stack: stack.into(),
            counts: Vec::new(),
        }
    }

    /// Adds `more` to the count of `metric`.
    pub fn add(&mut self, metric: Metric, more: usize) {
        let more = more as u64;
        match self.counts.iter_mut().find(|(other, _)| *other == metric) {
            Some((_, count)) => *count += more,
            None => self.counts.push((metric, more)),
        }
    }

    /// The line in embedded metric format; `None` when all counts are zero.
    fn line(&self, now: Timestamp) -> Option<Value> {
        let counted: Vec<_> = self.counts.iter().filter(|(_, count)| *count > 0).collect();
        if counted.is_empty() {
            return None;
        }
        let metrics: Vec<Value> = counted
            .iter()
            .map(|(metric, _)| json!({"Name": metric.name(), "Unit": "Count"}))
            .collect();
        let mut line = embedded(now, &json!([["Function"], ["Stack"]]), &metrics);
        line.insert("Function".to_owned(), json!(self.function));
        line.insert("Stack".to_owned(), json!(self.stack));
        for (metric, count) in counted {
            line.insert(metric.name().to_owned(), json!(count));
        }
        Some(Value::Object(line))
    }

    /// Writes the line, unless all counts are zero.
    pub fn emit(&self) {
        write_lines(self.line(Timestamp::now()));
    }
}

fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// The value of the dimension `Stack`.
pub(super) fn stack_name() -> String {
    variable("TOCSIN_STACK", "none")
}

/// The beginning of a line in embedded metric format.
pub(super) fn embedded(
    now: Timestamp,
    dimensions: &Value,
    metrics: &[Value],
) -> Map<String, Value> {
    Map::from_iter([(
        "_aws".to_owned(),
        json!({
            "Timestamp": now.unix_millis(),
            "CloudWatchMetrics": [{
                "Namespace": "Tocsin", "Dimensions": dimensions, "Metrics": metrics,
            }],
        }),
    )])
}

pub(super) fn write_lines(lines: impl IntoIterator<Item = Value>) {
    let mut out = std::io::stdout().lock();
    for line in lines {
        if let Err(error) = writeln!(out, "{line}") {
            tracing::warn!(%error, "metrics could not be written");
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
