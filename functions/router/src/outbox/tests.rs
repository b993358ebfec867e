use serde_json::json;
use tocsin_core::routing::route;

use super::*;

const IDS: [&str; 3] = [
    "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11",
    "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d12",
    "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d13",
];

fn id(at: usize) -> DestinationId {
    DestinationId::parse(IDS[at]).unwrap()
}

/// Destinations that accept HIGH alerts, or only those of lists; each with the
/// position of its fallback.
fn destinations(given: &[(bool, Option<usize>)]) -> Destinations {
    let one = |(at, (matches, fallback)): (usize, &(bool, Option<usize>))| {
        serde_json::from_value(json!({
            "destinationId": IDS[at], "displayName": format!("d{at}"), "type": "slack",
            "severities": if *matches { json!(["HIGH"]) } else { json!([]) },
            "fallback": fallback.map(|at| IDS[at]),
            "createdAt": "2026-01-01T00:00:00Z", "createdBy": "a",
            "updatedAt": "2026-01-01T00:00:00Z", "updatedBy": "a", "revision": 1,
        }))
        .unwrap()
    };
    given.iter().enumerate().map(one).collect()
}

fn planned(destinations: &Destinations, healths: &HashMap<DestinationId, Health>) -> Vec<Plan> {
    let alert = tocsin_testing::full();
    let routing = route(&alert, destinations, None);
    let one = RoutedAlert {
        message_ids: Vec::new(),
        alert,
        routing,
    };
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    plan(0, &one, destinations, healths, now)
}

/// Destination, seconds until it is due, whether a sender gets it at once.
fn shape(plans: &[Plan]) -> Vec<(DestinationId, u64, bool)> {
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    let of_plan = |plan: &Plan| {
        let dispatched = matches!(plan.next, Next::Dispatch { .. });
        let due = plan.new.due.since(start).as_secs();
        (plan.new.destination_id, due, dispatched)
    };
    plans.iter().map(of_plan).collect()
}

#[test]
fn a_working_destination_without_backlog_gets_its_delivery_at_once() {
    let all = destinations(&[(true, None), (true, None)]);
    let healths = HashMap::from([(id(1), Health::default().with_backlog())]);
    let plans = planned(&all, &healths);
    assert_eq!(shape(&plans), [(id(0), 150, true), (id(1), 0, false)]);
    assert_eq!(plans[1].next, Next::WakeUp);
    let Next::Dispatch { delivery, .. } = &plans[0].next else {
        panic!("{plans:?}");
    };
    assert_eq!(delivery.due, Some(plans[0].new.due));
    assert_eq!(delivery.attempt, 1);
}

#[test]
fn a_fallback_waits_in_the_outbox_once_unless_it_is_a_target() {
    // Two targets share a fallback, which only lists reach.
    let all = destinations(&[(true, Some(2)), (true, Some(2)), (false, None)]);
    let plans = planned(&all, &HashMap::new());
    let expected = [(id(0), 150, true), (id(1), 150, true), (id(2), 300, false)];
    assert_eq!(shape(&plans), expected);
    assert_eq!(plans[2].next, Next::Wait);
    assert_eq!(plans[2].new.fallback_for, Some(id(0)));
    // One target is the fallback of another.
    let all = destinations(&[(true, Some(1)), (true, None)]);
    let plans = planned(&all, &HashMap::new());
    assert_eq!(shape(&plans), [(id(0), 150, true), (id(1), 150, true)]);
    assert_eq!(plans[1].new.fallback_for, None);
}
