//! The gauges of a sweep: how many deliveries wait, and how long the oldest of them has
//! been overdue.

use std::cmp::Reverse;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tocsin_core::Timestamp;
use tocsin_core::destination::DestinationId;

use super::metrics::{embedded, stack_name, write_lines};

/// The most destinations with gauges of their own, those for which most waits:
/// `CloudWatch` bills each metric of each destination.
const MOST_DESTINATIONS: usize = 50;

/// What a sweep found out about one destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepGauge {
    /// The destination.
    pub destination_id: DestinationId,
    /// Its unsettled deliveries, due or not.
    pub waiting: usize,
    /// How long the oldest of them has been due without being held by the
    /// destination's circuit breaker; zero when none has.
    pub oldest_overdue: Duration,
}

/// Writes the gauges of a sweep that has seen the whole outbox, also when nothing waits:
/// `DeliveriesWaiting` and `OldestOverdueSeconds` for the stack, and for the 50
/// destinations for which most waits; and `SweepsDone`, the sweep's own pulse.
pub fn emit_sweep(gauges: &[SweepGauge]) {
    write_lines(lines(gauges, &stack_name(), Timestamp::now()));
}

fn lines(gauges: &[SweepGauge], stack: &str, now: Timestamp) -> Vec<Value> {
    let waiting = gauges.iter().map(|gauge| gauge.waiting).sum();
    let oldest = gauges.iter().map(|gauge| gauge.oldest_overdue).max();
    let mut total = values(waiting, oldest.unwrap_or_default());
    total.push(("SweepsDone", "Count", 1));
    let of_stack = [("Stack", stack.to_owned())];
    let mut lines = vec![line(now, &of_stack, &total)];
    let mut most: Vec<_> = gauges.iter().collect();
    most.sort_by_key(|gauge| (Reverse(gauge.waiting), gauge.destination_id));
    for gauge in most.into_iter().take(MOST_DESTINATIONS) {
        let dimensions = [
            ("Stack", stack.to_owned()),
            ("Destination", gauge.destination_id.to_string()),
        ];
        let values = values(gauge.waiting, gauge.oldest_overdue);
        lines.push(line(now, &dimensions, &values));
    }
    lines
}

fn values(waiting: usize, oldest_overdue: Duration) -> Vec<(&'static str, &'static str, u64)> {
    vec![
        ("DeliveriesWaiting", "Count", waiting as u64),
        ("OldestOverdueSeconds", "Seconds", oldest_overdue.as_secs()),
    ]
}

/// One line, whose dimensions all belong together.
fn line(now: Timestamp, dimensions: &[(&str, String)], values: &[(&str, &str, u64)]) -> Value {
    let names: Vec<_> = dimensions.iter().map(|(name, _)| name).collect();
    let metrics: Vec<_> = values
        .iter()
        .map(|(name, unit, _)| json!({"Name": name, "Unit": unit}))
        .collect();
    let mut line: Map<String, Value> = embedded(now, &json!([names]), &metrics);
    for (name, value) in dimensions {
        line.insert((*name).to_owned(), json!(value));
    }
    for (name, _, value) in values {
        line.insert((*name).to_owned(), json!(value));
    }
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gauge(waiting: usize, overdue: u64) -> SweepGauge {
        SweepGauge {
            destination_id: DestinationId::generate(),
            waiting,
            oldest_overdue: Duration::from_secs(overdue),
        }
    }

    fn at_midnight(gauges: &[SweepGauge]) -> Vec<Value> {
        lines(gauges, "tocsin", "2026-01-01T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn the_stack_and_its_destinations_have_gauges() {
        let gauges = [gauge(3, 0), gauge(5, 70)];
        let [total, most, other] = &at_midnight(&gauges)[..] else {
            panic!();
        };
        assert_eq!(
            *total,
            json!({
                "_aws": {
                    "Timestamp": 1_767_225_600_000_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Tocsin",
                        "Dimensions": [["Stack"]],
                        "Metrics": [
                            {"Name": "DeliveriesWaiting", "Unit": "Count"},
                            {"Name": "OldestOverdueSeconds", "Unit": "Seconds"},
                            {"Name": "SweepsDone", "Unit": "Count"},
                        ],
                    }],
                },
                "Stack": "tocsin",
                "DeliveriesWaiting": 8, "OldestOverdueSeconds": 70, "SweepsDone": 1,
            })
        );
        let dimensions = &most["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
        assert_eq!(*dimensions, json!([["Stack", "Destination"]]));
        assert_eq!(most["Destination"], gauges[1].destination_id.to_string());
        assert_eq!(most["DeliveriesWaiting"], 5);
        assert_eq!(other["DeliveriesWaiting"], 3);
    }

    #[test]
    fn a_sweep_of_an_empty_outbox_is_counted() {
        let lines = at_midnight(&[]);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["SweepsDone"], 1);
        assert_eq!(lines[0]["DeliveriesWaiting"], 0);
    }

    #[test]
    fn the_destinations_with_gauges_are_bounded() {
        let gauges: Vec<_> = (1..=60).map(|waiting| gauge(waiting, 0)).collect();
        let lines = at_midnight(&gauges);
        assert_eq!(lines.len(), 1 + MOST_DESTINATIONS);
        assert_eq!(lines[0]["DeliveriesWaiting"], 1_830);
        assert_eq!(lines[1]["DeliveriesWaiting"], 60);
        assert_eq!(lines[50]["DeliveriesWaiting"], 11);
    }
}
