mod properties;

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
fn every_destination_gets_a_reason() {
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
fn the_default_destination_gets_only_unmatched_high_severity_alerts() {
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
