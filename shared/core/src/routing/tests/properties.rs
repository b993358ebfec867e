//! What holds for every alert and every set of destinations.

use proptest::prelude::*;

use super::*;

fn any_destination() -> impl Strategy<Value = Destination> {
    (
        0u8..6,
        any::<bool>(),
        prop::collection::btree_set(0usize..5, 0..5),
        any::<bool>(),
    )
        .prop_map(|(number, enabled, severities, policies)| {
            let mut one = destination(number, &format!("d{number}"));
            one.enabled = enabled.into();
            one.severities = severities.into_iter().map(|at| Severity::ALL[at]).collect();
            if policies {
                one.alert_types = [AlertType::Policy].into();
            }
            one
        })
}

fn any_destinations() -> impl Strategy<Value = Destinations> {
    prop::collection::vec(any_destination(), 0..6).prop_map(|mut all| {
        all.sort_by_key(|one| one.destination_id);
        all.dedup_by_key(|one| one.destination_id);
        all.into_iter().collect()
    })
}

fn any_list() -> impl Strategy<Value = Option<Vec<String>>> {
    let name = prop_oneof![
        (0u8..8).prop_map(|number| format!("d{number}")),
        (0u8..8).prop_map(id),
        Just(SKIP.to_owned()),
        "[a-z]{1,4}",
    ];
    prop::option::of(prop::collection::vec(name, 0..5))
}

fn any_alert() -> impl Strategy<Value = Alert> {
    let severity = prop::option::of(prop_oneof![
        (0usize..5).prop_map(|at| Severity::ALL[at].to_string()),
        Just("DEFAULT".to_owned()),
        "[a-z]{1,4}",
    ]);
    (0usize..5, 0usize..8, any_list(), any_list(), severity).prop_map(
        |(static_severity, alert_type, generated, fixed, severity)| {
            typed(
                AlertType::ALL[alert_type].as_str(),
                Severity::ALL[static_severity].as_str(),
                &json!({"destinations": generated, "destinationOverride": fixed, "severity": severity}),
            )
        },
    )
}

proptest! {
    #[test]
    fn routing_keeps_its_promises(alert in any_alert(), all in any_destinations()) {
        let routed = route(&alert, &all, None);

        // Every destination is either a target or passed over, and none is both or twice.
        let mut ids: Vec<_> = routed.targets.iter().map(|one| one.destination_id).collect();
        ids.extend(routed.passed_over.iter().map(|one| one.destination_id));
        ids.sort();
        let mut expected: Vec<_> = all.iter().map(|one| one.destination_id).collect();
        expected.sort();
        prop_assert_eq!(ids, expected);

        // No target is disabled.
        for target in &routed.targets {
            prop_assert_eq!(all.get(target.destination_id).unwrap().enabled, Enabled::Yes);
        }

        // The first list that names anyone decides, alone and unfiltered; SKIP and [] are silent.
        let known = |list: &[String]| list.iter().any(|name| all.called(name).next().is_some());
        let silent = |list: &[String]| list.iter().any(|name| name == SKIP);
        let hints = &alert.routing;
        let generated = hints.destinations.as_deref();
        let fixed = hints.destination_override.as_deref();
        let deciding = generated
            .filter(|list| list.is_empty() || silent(list) || known(list))
            .or(fixed.filter(|list| silent(list) || known(list)));
        match deciding {
            Some(list) if list.is_empty() || silent(list) => {
                prop_assert_eq!(routed.disposition, Disposition::Skipped);
                prop_assert!(routed.targets.is_empty());
            }
            Some(list) => {
                for one in all.iter().filter(|one| one.enabled == Enabled::Yes) {
                    let named = list.iter().any(|name| all.called(name).any(|d| d == one));
                    let chosen = routed.targets.iter().any(|t| t.destination_id == one.destination_id);
                    prop_assert_eq!(named, chosen);
                }
            }
            None => {
                prop_assert_ne!(routed.disposition, Disposition::Skipped);
                let expected = hints.severity.as_deref().and_then(|s| s.parse().ok()).unwrap_or(alert.severity);
                prop_assert_eq!(routed.severity, expected);
                for target in &routed.targets {
                    let by_filter = matches!(target.reason, Reason::Severity { .. } | Reason::SystemError);
                    prop_assert!(by_filter);
                }
            }
        }

        // Unknown names never lose an alert: without them, the answer is the same.
        let mut cleaned = alert.clone();
        for list in [&mut cleaned.routing.destinations, &mut cleaned.routing.destination_override] {
            if let Some(names) = list {
                let before = names.len();
                names.retain(|name| name == SKIP || all.called(name).next().is_some());
                if names.is_empty() && before > 0 {
                    *list = None;
                }
            }
        }
        let again = route(&cleaned, &all, None);
        prop_assert_eq!(again.targets, routed.targets);
        prop_assert_eq!(again.disposition, routed.disposition);
    }
}
