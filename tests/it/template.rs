//! Rules for the template that cfn-lint does not know.

use std::collections::BTreeSet;
use std::path::Path;

use tocsin_core::retry_queue::RetryQueueMessage;
use tocsin_tests::harness::{providers, root};

const TEMPLATE: &str = include_str!("../../template.yaml");

/// The lines of the template, with their numbers, without comments.
fn lines() -> impl Iterator<Item = (usize, &'static str)> {
    TEMPLATE
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with('#'))
}

#[test]
fn no_permission_is_wider_than_a_named_resource() {
    for (number, line) in lines() {
        let line = line.trim();
        let wide = [
            "Resource: \"*\"",
            "Resource: '*'",
            "Resource: ['*']",
            "Resource: [\"*\"]",
        ];
        assert!(!wide.contains(&line), "line {number}: {line}");
        // A deny may name everything; an allow may not.
        let every_action = line.starts_with("Action:") && line.contains(":*");
        assert!(
            !every_action || line == "Action: sqs:*",
            "line {number}: {line}"
        );
    }
}

/// What these parameters name is allowed as it is written: a wildcard would allow more.
#[test]
fn parameters_that_name_resources_refuse_wildcards() {
    let patterns: Vec<_> = lines()
        .map(|(_, line)| line.trim())
        .filter(|line| line.starts_with("AllowedPattern: ^(arn:"))
        .collect();
    assert!(patterns.len() > 5, "{patterns:?}");
    for pattern in patterns {
        let open = pattern.replace(r"[^\s,?*]", "");
        assert!(!open.contains("[^") && !open.contains('.'), "{pattern}");
    }
}

#[test]
fn no_managed_policy_of_aws_is_attached() {
    for (number, line) in lines() {
        assert!(!line.contains(":aws:policy/"), "line {number}: {line}");
        assert!(
            !line.trim_start().starts_with("Policies: ["),
            "line {number}: {line}"
        );
    }
    // SAM's `Events` on a function would attach a managed policy by itself.
    assert!(!TEMPLATE.contains("\n      Events:"));
}

/// The list that a loop of the template goes through.
fn looped(name: &str) -> BTreeSet<&'static str> {
    let start = format!("\n  Fn::ForEach::{name}:\n    - Sender\n    - [");
    let (_, rest) = TEMPLATE
        .split_once(&start)
        .unwrap_or_else(|| panic!("template.yaml has no Fn::ForEach::{name}"));
    let (list, _) = rest.split_once(']').unwrap();
    list.split(", ").collect()
}

fn has_block(name: &str) -> bool {
    TEMPLATE.contains(&format!("\n  {name}:\n"))
}

/// The name of a sender's resources: `Slack` for `slack`.
fn logical(provider: &str) -> String {
    let mut rest = provider.chars();
    let first = rest.next().unwrap().to_uppercase();
    first.chain(rest).collect()
}

#[test]
fn every_provider_has_a_sender_and_a_role() {
    let providers = providers();
    assert!(providers.len() > 1);
    let (senders, roles) = (looped("Senders"), looped("SenderRoles"));
    for provider in &providers {
        let name = logical(provider);
        let row = format!(
            "\n    {name}: {{ Provider: {provider}, CodeUri: functions/senders/{provider}, Description: "
        );
        assert!(
            TEMPLATE.contains(&row),
            "Mappings.Senders of template.yaml has no {name}"
        );
        assert!(
            senders.contains(name.as_str()),
            "Fn::ForEach::Senders of template.yaml has no {name}"
        );
        assert!(
            roles.contains(name.as_str()) ^ has_block(&format!("{name}Role")),
            "template.yaml needs one role {name}Role: in Fn::ForEach::SenderRoles, or of its own"
        );
    }
    assert_eq!(senders.len(), providers.len(), "{senders:?}");
    let rows = TEMPLATE.matches("CodeUri: functions/senders/").count();
    assert_eq!(rows, providers.len());
    let unknown: Vec<_> = roles.difference(&senders).collect();
    assert!(unknown.is_empty(), "roles without a sender: {unknown:?}");
}

#[test]
fn the_functions_of_the_system_have_log_groups_and_roles_too() {
    for name in ["router", "api", "apiRead"] {
        for what in ["Function", "LogGroup", "Role"] {
            let block = format!("{}{what}", logical(name));
            assert!(has_block(&block), "template.yaml has no {block}");
        }
        let folder = name.trim_end_matches("Read");
        let code = format!("\n      CodeUri: functions/{folder}\n");
        assert!(TEMPLATE.contains(&code), "{name}");
    }
}

#[test]
fn lambda_does_not_stop_the_retry_loop() {
    let functions = TEMPLATE.matches("Type: AWS::Serverless::Function").count();
    let allowed = TEMPLATE.matches("RecursiveLoop: Allow").count();
    // All but the API's two, which are not a part of the loop. The senders are one block.
    assert_eq!(allowed, functions - 2);
}

/// The alert that the schedule sends.
fn canary() -> String {
    let (_, after) = TEMPLATE.split_once("InputTemplate: !Sub >-\n").unwrap();
    after
        .lines()
        .take_while(|line| line.starts_with("              "))
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ")
        .replace("${CanaryDestination}", "soc-chat")
        .replace("<id>", "12345678-1234-1234-1234-123456789012")
        .replace("<time>", "2026-01-01T00:00:00Z")
}

#[test]
fn the_canary_is_an_alert_that_reaches_its_destination_only() {
    let alert = tocsin_core::alert::parse(&canary()).unwrap();
    assert_eq!(alert.detection_id, tocsin_core::system_alert::CANARY);
    assert_eq!(alert.routing.destinations.unwrap(), ["soc-chat"]);
    assert!(alert.notes.is_empty());
}

/// A block of the resources, from the line after its name.
fn block(name: &str) -> String {
    let (_, after) = TEMPLATE
        .split_once(&format!("\n  {name}:\n"))
        .unwrap_or_else(|| panic!("template.yaml has no {name}"));
    let lines = after.lines();
    let inside = |line: &&str| line.is_empty() || line.starts_with("    ");
    lines.take_while(inside).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_sweep_is_a_message_that_the_router_reads() {
    let rule = block("SweepRule");
    assert!(
        rule.contains("ScheduleExpression: rate(1 minute)"),
        "{rule}"
    );
    assert!(rule.contains("Arn: !GetAtt RetryQueue.Arn"), "{rule}");
    let (_, input) = rule.split_once("Input: '").unwrap();
    let (input, _) = input.split_once('\'').unwrap();
    let message: RetryQueueMessage = serde_json::from_str(input).unwrap();
    assert!(matches!(message, RetryQueueMessage::Sweep(_)), "{input}");
}

#[test]
fn the_outbox_is_an_index_of_the_ledger() {
    let ledger = block("LedgerTable");
    let (_, index) = ledger.split_once("IndexName: due\n").unwrap();
    let index: Vec<_> = index.lines().map(str::trim).take(6).collect();
    assert_eq!(
        index,
        [
            "KeySchema:",
            "- { AttributeName: outbox, KeyType: HASH }",
            "- { AttributeName: due, KeyType: RANGE }",
            "Projection:",
            "ProjectionType: INCLUDE",
            "NonKeyAttributes: [detectionId]",
        ]
    );
}

/// An alarm on a metric that nothing emits would never fire, or always.
#[test]
fn the_functions_emit_the_metrics_that_alarms_watch() {
    let mut watched = BTreeSet::new();
    let mut lines = TEMPLATE.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "Namespace: Tocsin" {
            let metric = lines.next().unwrap().trim();
            watched.insert(metric.strip_prefix("MetricName: ").unwrap());
        }
    }
    assert!(watched.len() > 2, "{watched:?}");
    let mut sources = String::new();
    for folder in ["functions/router", "shared/aws", "shared/sender"] {
        read_sources(&root().join(folder).join("src"), &mut sources);
    }
    for metric in watched {
        let literal = format!("\"{metric}\"");
        assert!(sources.contains(&literal), "no function emits {metric}");
    }
}

fn read_sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
