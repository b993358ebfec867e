use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::alert::parse;
use crate::destination::ProviderName;

const NOW: &str = "2026-01-01T00:00:00Z";

fn destination(number: u8, name: &str) -> Destination {
    let at = NOW.parse().unwrap();
    Destination {
        destination_id: DestinationId::parse(&id(number)).unwrap(),
        display_name: name.to_owned(),
        provider: ProviderName::new("slack").unwrap(),
        enabled: Enabled::Yes,
        severities: Severity::ALL.into(),
        alert_types: BTreeSet::new(),
        log_types: BTreeSet::new(),
        settings: serde_json::Map::new(),
        secret_name: None,
        fallback: None,
        retry: None,
        created_at: at,
        created_by: "test".to_owned(),
        updated_at: at,
        updated_by: "test".to_owned(),
        revision: 1,
    }
}

fn id(number: u8) -> String {
    format!("00000000-0000-4000-8000-0000000000{number:02x}")
}

/// general (all severities), oncall (CRITICAL only), quiet (lists only), off (disabled).
fn house() -> Destinations {
    let mut oncall = destination(2, "oncall");
    oncall.severities = [Severity::Critical].into();
    let mut quiet = destination(3, "quiet");
    quiet.severities.clear();
    let mut off = destination(4, "off");
    off.enabled = Enabled::No;
    Destinations::from_iter([destination(1, "general"), oncall, quiet, off])
}

fn alert(severity: &str, routing: &Value) -> Alert {
    typed("RULE", severity, routing)
}

fn typed(alert_type: &str, severity: &str, routing: &Value) -> Alert {
    let body = json!({
        "id": "D", "createdAt": NOW, "severity": severity, "type": alert_type, "routing": routing,
    });
    parse(&body.to_string()).unwrap()
}

fn names(routing: &Routing) -> Vec<&str> {
    routing
        .targets
        .iter()
        .map(|target| target.display_name.as_str())
        .collect()
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one table, in which the precedence is read as a whole"
)]
fn the_precedence_in_one_table() {
    use Disposition::{Routed, Skipped};
    let table = [
        // routing, static severity, expected targets, disposition
        (json!(null), "CRITICAL", vec!["general", "oncall"], Routed),
        (json!(null), "LOW", vec!["general"], Routed),
        (
            json!({"severity": "critical"}),
            "LOW",
            vec!["general", "oncall"],
            Routed,
        ),
        (
            json!({"severity": "DEFAULT"}),
            "CRITICAL",
            vec!["general", "oncall"],
            Routed,
        ),
        (
            json!({"severity": "nonsense"}),
            "LOW",
            vec!["general"],
            Routed,
        ),
        (
            json!({"destinationOverride": ["quiet"]}),
            "CRITICAL",
            vec!["quiet"],
            Routed,
        ),
        (
            json!({"destinationOverride": ["quiet"], "severity": "CRITICAL"}),
            "LOW",
            vec!["quiet"],
            Routed,
        ),
        (
            json!({"destinations": ["oncall"], "destinationOverride": ["quiet"]}),
            "LOW",
            vec!["oncall"],
            Routed,
        ),
        (
            json!({"destinations": null, "destinationOverride": ["quiet"]}),
            "LOW",
            vec!["quiet"],
            Routed,
        ),
        (
            json!({"destinations": [], "destinationOverride": ["quiet"]}),
            "LOW",
            vec![],
            Skipped,
        ),
        (
            json!({"destinationOverride": []}),
            "CRITICAL",
            vec!["general", "oncall"],
            Routed,
        ),
        (
            json!({"destinations": ["SKIP"]}),
            "CRITICAL",
            vec![],
            Skipped,
        ),
        (
            json!({"destinations": ["oncall", "SKIP"]}),
            "CRITICAL",
            vec![],
            Skipped,
        ),
        (
            json!({"destinationOverride": ["SKIP"]}),
            "CRITICAL",
            vec![],
            Skipped,
        ),
        (
            json!({"destinations": ["oncall"], "destinationOverride": ["SKIP"]}),
            "LOW",
            vec!["oncall"],
            Routed,
        ),
        (
            json!({"destinations": ["typo"], "destinationOverride": ["SKIP"]}),
            "LOW",
            vec![],
            Skipped,
        ),
        (
            json!({"destinations": ["typo", "quiet"]}),
            "LOW",
            vec!["quiet"],
            Routed,
        ),
        (
            json!({"destinations": ["typo"]}),
            "LOW",
            vec!["general"],
            Routed,
        ),
        (
            json!({"destinations": ["typo"], "destinationOverride": ["quiet"]}),
            "LOW",
            vec!["quiet"],
            Routed,
        ),
        (
            json!({"destinations": ["quiet", id(3), "quiet", id(1)]}),
            "LOW",
            vec!["general", "quiet"],
            Routed,
        ),
        (
            json!({"destinations": ["Quiet"]}),
            "LOW",
            vec!["general"],
            Routed,
        ),
    ];
    for (routing, severity, expected, disposition) in table {
        let routed = route(&alert(severity, &routing), &house(), None);
        assert_eq!(names(&routed), expected, "{severity} {routing}");
        assert_eq!(routed.disposition, disposition, "{severity} {routing}");
    }
}

#[test]
fn everyone_gets_a_reason() {
    let routed = route(
        &alert("LOW", &json!({"severity": "MEDIUM"})),
        &house(),
        None,
    );
    assert_eq!(routed.severity, Severity::Medium);
    assert_eq!(
        routed.targets[0].reason,
        Reason::Severity {
            step: Step::GeneratedSeverity,
            severity: Severity::Medium
        }
    );
    let why: Vec<String> = routed
        .passed_over
        .iter()
        .map(|one| format!("{}: {}", one.display_name, one.why))
        .collect();
    assert_eq!(
        why,
        [
            "off: it is disabled",
            "oncall: it does not take MEDIUM",
            "quiet: it has no severities: only lists reach it",
        ]
    );
}

#[test]
fn a_disabled_destination_is_never_chosen_and_the_list_says_so() {
    let routed = route(
        &alert("LOW", &json!({"destinations": ["off", "quiet"]})),
        &house(),
        None,
    );
    assert_eq!(names(&routed), ["quiet"]);
    assert_eq!(
        routed.warnings,
        [Warning::DisabledListed {
            name: "off".to_owned()
        }]
    );
    let only = route(
        &alert("LOW", &json!({"destinations": ["off"]})),
        &house(),
        None,
    );
    assert_eq!(only.disposition, Disposition::Unrouted);
}

#[test]
fn types_and_log_types_filter_where_they_are_listed() {
    let mut policies = destination(1, "policies");
    policies.alert_types = [AlertType::Policy].into();
    let mut okta = destination(2, "okta");
    okta.log_types = ["Okta.SystemLog".to_owned()].into();
    let all = Destinations::from_iter([policies, okta]);
    let mut rule = alert("LOW", &json!(null));
    assert_eq!(names(&route(&rule, &all, None)), Vec::<&str>::new());
    rule.log_types = vec!["AWS.CloudTrail".to_owned(), "Okta.SystemLog".to_owned()];
    assert_eq!(names(&route(&rule, &all, None)), ["okta"]);
    let policy = typed("POLICY", "LOW", &json!(null));
    assert_eq!(names(&route(&policy, &all, None)), ["policies"]);
}

#[test]
fn system_errors_go_where_they_are_listed_whatever_the_severities() {
    let mut ops = destination(1, "ops");
    ops.alert_types = [AlertType::SystemError].into();
    ops.severities.clear();
    let all = Destinations::from_iter([ops, destination(2, "all-types")]);
    let routed = route(&typed("SYSTEM_ERROR", "CRITICAL", &json!(null)), &all, None);
    assert_eq!(names(&routed), ["ops"]);
    assert_eq!(routed.targets[0].reason, Reason::SystemError);
}

#[test]
fn the_default_destination_catches_what_is_grave_only() {
    let mut only_low = destination(1, "only-low");
    only_low.severities = [Severity::Low].into();
    let all = Destinations::from_iter([only_low]);
    let high = alert("HIGH", &json!(null));
    let caught = route(&high, &all, Some("only-low"));
    assert_eq!(names(&caught), ["only-low"]);
    assert_eq!(caught.targets[0].reason, Reason::Default);
    assert!(caught.passed_over.is_empty());
    assert_eq!(route(&high, &all, None).disposition, Disposition::Unrouted);
    let medium = route(&alert("MEDIUM", &json!(null)), &all, Some("only-low"));
    assert_eq!(medium.disposition, Disposition::Unrouted);
    let gone = route(&high, &all, Some("gone"));
    assert!(gone.warnings.contains(&Warning::DefaultUnusable {
        name: "gone".to_owned()
    }));
    let skipped = route(
        &alert("HIGH", &json!({"destinations": []})),
        &all,
        Some("only-low"),
    );
    assert_eq!(skipped.disposition, Disposition::Skipped);
}

#[test]
fn a_routing_reads_back_as_it_was_written() {
    let routed = route(
        &alert("LOW", &json!({"destinations": ["typo", "quiet", "off"]})),
        &house(),
        None,
    );
    let json = serde_json::to_string(&routed).unwrap();
    assert_eq!(serde_json::from_str::<Routing>(&json).unwrap(), routed);
}

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
