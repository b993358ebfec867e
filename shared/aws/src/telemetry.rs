//! Logs and metrics, both as lines on standard output.
//!
//! Logs are JSON objects with `timestamp` and `level` at the top, as Lambda's
//! log filter needs them (a line without a valid timestamp counts as INFO, so a
//! filter for WARN would drop errors). Metrics are `CloudWatch`'s embedded metric
//! format: no call, no wait, no cost until somebody looks.

use std::fmt;
use std::io::Write;

use serde_json::{Map, Value, json};
use tocsin_core::Timestamp;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatFields, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, Scope};

use crate::Env;

/// Starts logging at the level of `TOCSIN_LOG` (`ERROR`, `WARN`, `INFO`,
/// `DEBUG`, `TRACE`), INFO by default. A second call changes nothing.
pub fn init(env: &Env) {
    let level = env
        .optional("TOCSIN_LOG")
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::INFO);
    let subscriber = tracing_subscriber::fmt()
        .fmt_fields(JsonFields::new())
        .event_format(JsonLine)
        .with_max_level(level)
        .finish();
    // Fails only when a test has set one already, which then serves as well.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// One JSON object for each event. The fields of the event and of the spans around it
/// stand side by side, so that `alert.id` is `alert.id` wherever a line was logged
/// from; where a name occurs twice, the innermost value counts.
struct JsonLine;

impl<S> FormatEvent<S, JsonFields> for JsonLine
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let mut line = Map::from_iter([
            ("timestamp".to_owned(), json!(Timestamp::now())),
            ("level".to_owned(), json!(metadata.level().as_str())),
        ]);
        let spans = context.event_scope().map(Scope::from_root);
        for span in spans.into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<FormattedFields<JsonFields>>() {
                line.extend(fields_of(fields.fields.as_str()));
            }
        }
        let mut fields = String::new();
        context
            .field_format()
            .format_fields(Writer::new(&mut fields), event)?;
        line.extend(fields_of(&fields));
        line.insert("target".to_owned(), json!(metadata.target()));
        writeln!(writer, "{}", Value::Object(line))
    }
}

fn fields_of(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).unwrap_or_default()
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
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_the_fields_of_its_event_and_of_its_spans() {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLine)
            .with_max_level(LevelFilter::WARN)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let outer = tracing::error_span!("invocation", requestId = "r-1", attempt = 9);
            let _outer = outer.enter();
            let span = tracing::error_span!("delivery", alert.id = "a \"1\"", attempt = 2);
            let _span = span.enter();
            tracing::warn!(duration_ms = 7, "it failed");
            tracing::info!("not at this level");
        });
        let bytes = written.0.lock().unwrap().clone();
        let mut line: Map<String, Value> = serde_json::from_slice(&bytes).unwrap();
        let timestamp = line.remove("timestamp").unwrap();
        assert!(timestamp.as_str().unwrap().parse::<Timestamp>().is_ok());
        assert_eq!(
            Value::Object(line),
            json!({
                "level": "WARN", "message": "it failed", "duration_ms": 7,
                "alert.id": "a \"1\"", "attempt": 2, "requestId": "r-1",
                "target": "tocsin_aws::telemetry::tests",
            })
        );
    }

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
