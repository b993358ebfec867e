use proptest::prelude::*;
use serde_json::json;
use tocsin_core::alert::Severity;
use tocsin_core::delivery::PriorAttempt;

use super::*;

fn routed(number: usize, provider: &str, context: usize, deliveries: usize) -> RoutedDeliveries {
    let mut alert = tocsin_testing::full_json();
    alert["alertId"] = json!(format!("alert-{number}"));
    alert["alertContext"] = json!({"x": "y".repeat(context)});
    let delivery = |_| Delivery {
        destination_id: DestinationId::generate(),
        display_name: "d".to_owned(),
        settings: serde_json::Map::from_iter([("s".to_owned(), json!("z".repeat(500)))]),
        secret_name: None,
        attempt: 1,
        began_at: None,
        origin: tocsin_core::delivery::Origin::Fresh,
        unrecorded: None,
        fallback_for: None,
        fallback: None,
        retry: None,
        prior_attempt: PriorAttempt::NotDelivered,
        removed: None,
    };
    RoutedDeliveries {
        message_ids: vec![number.to_string()],
        provider: ProviderName::new(provider).unwrap(),
        entry: AlertDeliveries {
            alert: tocsin_testing::alert(&alert),
            severity: Severity::High,
            deliveries: (0..deliveries).map(delivery).collect(),
        },
    }
}

#[test]
fn one_invoke_for_each_provider_while_it_fits() {
    let invocations = invocations(vec![
        routed(1, "slack", 100, 1),
        routed(2, "jira", 100, 1),
        routed(3, "slack", 100, 2),
    ]);
    let shape: Vec<_> = invocations
        .iter()
        .map(|one| (one.provider.as_str(), one.message_ids.join(",")))
        .collect();
    assert_eq!(
        shape,
        [("jira", "2".to_owned()), ("slack", "1,3".to_owned())]
    );
}

#[test]
fn of_two_attempts_of_one_delivery_the_later_is_dispatched() {
    for attempts in [[2, 3], [3, 2], [3, 3]] {
        let mut first = routed(1, "slack", 10, 1);
        let mut second = first.clone();
        second.message_ids = vec!["2".to_owned()];
        first.entry.deliveries[0].attempt = attempts[0];
        second.entry.deliveries[0].attempt = attempts[1];
        let invocations = invocations(vec![first, second]);
        let dispatched: Vec<_> = invocations[0]
            .payload
            .alerts
            .iter()
            .flat_map(|entry| entry.deliveries.iter().map(|one| one.attempt))
            .collect();
        assert_eq!(dispatched, [3], "{attempts:?}");
        assert_eq!(invocations[0].message_ids, ["1", "2"]);
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
                routed(number, if slack { "slack" } else { "jira" }, context, deliveries)
            })
            .collect();
        given.push(routed(99, "slack", 1_000, crowd));
        let mut expected: Vec<_> = given
            .iter()
            .flat_map(|one| one.entry.deliveries.iter().map(|d| d.destination_id))
            .collect();
        let invocations = invocations(given);
        let mut got = Vec::new();
        for invocation in &invocations {
            let payload = serde_json::to_vec(&invocation.payload).unwrap();
            prop_assert!(payload.len() <= PAYLOAD_LIMIT, "{}", payload.len());
            prop_assert_eq!(invocation.message_ids.len(), invocation.payload.alerts.len());
            for entry in &invocation.payload.alerts {
                got.extend(entry.deliveries.iter().map(|d| d.destination_id));
            }
        }
        expected.sort();
        got.sort();
        prop_assert_eq!(got, expected);
    }
}
