//! Logs: one JSON object for each line.
//!
//! `timestamp` and `level` stand at the top level, because Lambda's log filter
//! needs them there: a line without a valid timestamp counts as INFO, and a filter
//! for WARN would drop errors. The fields of the spans around an event stand at the
//! top level too, so that a query for `alert.id` finds every line about an alert,
//! whether the span or the line itself names it.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};
use tocsin_core::Timestamp;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::env::Env;

/// Starts logging at the level of `TOCSIN_LOG` (`ERROR`, `WARN`, `INFO`, `DEBUG` or
/// `TRACE`; INFO by default). A second call changes nothing.
///
/// A span is filtered by its own level: give spans that carry ids the level ERROR,
/// so that they exist whatever `TOCSIN_LOG` says.
pub fn init(env: &Env) {
    let level = env
        .optional("TOCSIN_LOG")
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::INFO);
    // Fails only when a test has set a subscriber already, which then serves as well.
    let _ = tracing::subscriber::set_global_default(subscriber(level, std::io::stdout));
}

fn subscriber<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .fmt_fields(JsonFields::new())
        .event_format(FlatJson)
        .with_writer(writer)
        .with_max_level(level)
        .finish()
}

/// One line: the fields of an event and of the spans around it, all at the top level.
struct FlatJson;

#[derive(Serialize)]
struct LogLine<'a> {
    timestamp: String,
    level: &'a str,
    #[serde(flatten)]
    fields: Map<String, Value>,
    target: &'a str,
}

impl<S, N> FormatEvent<S, N> for FlatJson
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        // From the innermost span outwards: the nearest value of a field holds.
        for span in context.event_scope().into_iter().flatten() {
            if let Some(formatted) = span.extensions().get::<FormattedFields<N>>()
                && let Ok(of_span) = serde_json::from_str::<Map<_, _>>(&formatted.fields)
            {
                for (name, value) in of_span {
                    fields.0.entry(name).or_insert(value);
                }
            }
        }
        let line = LogLine {
            timestamp: Timestamp::now().to_string(),
            level: event.metadata().level().as_str(),
            fields: fields.0,
            target: event.metadata().target(),
        };
        let json = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        writeln!(writer, "{json}")
    }
}

/// Collects the fields of an event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(level: LevelFilter, log: impl FnOnce()) -> Vec<Value> {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        tracing::subscriber::with_default(subscriber(level, move || writer.clone()), log);
        let bytes = buffer.0.lock().unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_line_carries_the_fields_of_its_spans_at_the_top_level() {
        let logged = lines(LevelFilter::WARN, || {
            let alert = tracing::error_span!("alert", alert.id = "a-1", attempt = 1);
            alert.in_scope(|| {
                let delivery = tracing::error_span!("delivery", attempt = 2);
                delivery.in_scope(|| tracing::warn!(delay_s = 1.5, last = true, "it \"failed\""));
                tracing::info!("below the level");
            });
            tracing::error!(error = %"x", "outside");
        });
        assert_eq!(logged.len(), 2);
        let inside = &logged[0];
        assert_eq!(inside["level"], "WARN");
        assert_eq!(inside["message"], "it \"failed\"");
        assert_eq!(inside["alert.id"], "a-1");
        // The inner span's value holds.
        assert_eq!(inside["attempt"], 2);
        assert_eq!(
            (&inside["delay_s"], &inside["last"]),
            (&1.5.into(), &true.into())
        );
        let timestamp = inside["timestamp"].as_str().unwrap();
        assert!(timestamp.parse::<Timestamp>().is_ok(), "{timestamp}");
        assert_eq!(logged[1].get("alert.id"), None);
        assert_eq!(logged[1]["error"], "x");
    }
}
