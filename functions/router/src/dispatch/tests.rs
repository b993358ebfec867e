use proptest::prelude::*;
use serde_json::{Value, json};
use tocsin_core::alert::Severity;
use tocsin_core::delivery::{AlertDeliveries, Delivery, DeliveryBatch, Drain};
use tocsin_core::destination::DestinationId;

use super::payload::{PAYLOAD_LIMIT, payloads};
use super::*;

fn delivery() -> Delivery {
    serde_json::from_value(json!({
        "destinationId": DestinationId::generate(), "displayName": "d", "attempt": 1,
        "settings": {"s": "z".repeat(500)},
    }))
    .unwrap()
}

fn entry(number: usize, context: usize, deliveries: usize) -> Entry {
    let mut alert = tocsin_testing::full_json();
    alert["alertId"] = json!(format!("alert-{number}"));
    alert["alertContext"] = json!({"x": "y".repeat(context)});
    AlertDeliveries {
        alert: SharedAlert::of(&tocsin_testing::alert(&alert)).unwrap(),
        severity: Severity::High,
        deliveries: (0..deliveries).map(|_| delivery()).collect(),
    }
}

fn to(provider: &str, entry: Entry) -> (ProviderName, Entry) {
    (ProviderName::new(provider).unwrap(), entry)
}

/// The payload as its sender reads it.
fn read(payload: &Payload) -> DeliveryBatch {
    serde_json::from_slice(&payload.to_json().unwrap()).unwrap()
}

#[test]
fn one_invoke_for_each_provider_while_it_fits() {
    let payloads = payloads(vec![
        to("slack", entry(1, 100, 1)),
        to("jira", entry(2, 100, 1)),
        to("slack", entry(3, 100, 2)),
    ]);
    let shape: Vec<_> = payloads
        .iter()
        .map(|(provider, payload)| (provider.as_str(), payload.deliveries()))
        .collect();
    assert_eq!(shape, [("jira", 1), ("slack", 3)]);
}

#[test]
fn a_sender_reads_the_alert_the_deliveries_and_the_drain() {
    let drain = Drain {
        destination_id: DestinationId::generate(),
        until: "2026-01-01T00:01:40Z".parse().unwrap(),
    };
    let entry = entry(1, 100, 2);
    let mut payload = Payload::new(Some(drain));
    payload.add(entry.clone()).unwrap();
    let batch = read(&payload);
    assert_eq!(batch.drain, Some(drain));
    assert_eq!(batch.alerts[0].alert.alert_id, entry.alert.id);
    assert_eq!(batch.alerts[0].deliveries, entry.deliveries);
    let json: Value = serde_json::from_slice(&payload.to_json().unwrap()).unwrap();
    assert_eq!(json, serde_json::to_value(&batch).unwrap());
}

#[test]
fn a_payload_that_is_full_gives_the_entry_back() {
    let mut payload = Payload::new(None);
    for number in 0..4 {
        payload.add(entry(number, 200_000, 1)).unwrap();
    }
    let refused = payload.add(entry(4, 200_000, 1)).unwrap_err();
    assert_eq!(refused.alert.id.as_str(), "alert-4");
    assert_eq!(payload.deliveries(), 4);
    assert!(payload.to_json().unwrap().len() <= PAYLOAD_LIMIT);
}

#[test]
fn deliveries_of_a_failed_dispatch_are_due_at_once() {
    let entry = entry(1, 10, 2);
    let failed = FailedDispatch {
        entries: vec![entry.clone()],
        error: AwsError::unexpected(ACTION, "no answer"),
    };
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let deferrals = failed.deferrals(now);
    assert_eq!(deferrals.len(), 2);
    for (deferral, delivery) in deferrals.iter().zip(&entry.deliveries) {
        assert_eq!(deferral.destination_id, delivery.destination_id);
        assert_eq!(deferral.attempts, 0);
        assert_eq!(deferral.due.to_string(), "1#2026-01-01T00:00:00.000000000Z");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn nothing_is_lost_doubled_or_too_large(
        shapes in prop::collection::vec((0usize..200_000, 1usize..40, any::<bool>()), 1..10),
        crowd in 1usize..2_500,
    ) {
        let mut given: Vec<_> = shapes
            .into_iter()
            .enumerate()
            .map(|(number, (context, deliveries, slack))| {
                to(if slack { "slack" } else { "jira" }, entry(number, context, deliveries))
            })
            .collect();
        given.push(to("slack", entry(99, 1_000, crowd)));
        let ids = |deliveries: &[Delivery]| -> Vec<_> {
            deliveries.iter().map(|one| one.destination_id).collect()
        };
        let mut expected: Vec<_> = given
            .iter()
            .flat_map(|(_, entry)| ids(&entry.deliveries))
            .collect();
        let mut got = Vec::new();
        for (_, payload) in payloads(given) {
            let json = payload.to_json().unwrap();
            prop_assert!(json.len() <= PAYLOAD_LIMIT, "{}", json.len());
            for entry in read(&payload).alerts {
                got.extend(ids(&entry.deliveries));
            }
        }
        expected.sort();
        got.sort();
        prop_assert_eq!(got, expected);
    }
}
