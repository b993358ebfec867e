//! What the template must never say. cfn-lint checks its form; this, its sense.

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

#[test]
fn no_policy_of_somebody_else_is_attached() {
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

/// The folders of the senders, by name.
fn senders() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../functions/senders");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn assert_block(name: &str, what: &str) {
    let mut rest = name.chars();
    let first = rest.next().unwrap().to_uppercase();
    let logical: String = first.chain(rest).collect();
    assert!(
        TEMPLATE.contains(&format!("\n  {logical}{what}:\n")),
        "template.yaml has no {logical}{what}"
    );
}

#[test]
fn every_function_keeps_to_the_pattern() {
    let senders = senders();
    assert!(senders.len() > 1);
    let folders = senders
        .iter()
        .map(|name| (name.as_str(), "functions/senders"));
    let all = folders.chain([("router", "functions"), ("api", "functions")]);
    for (name, folder) in all {
        for what in ["Function", "LogGroup", "Role"] {
            assert_block(name, what);
        }
        assert!(
            TEMPLATE.contains(&format!("CodeUri: {folder}/{name}\n")),
            "{name}"
        );
    }
    for name in &senders {
        assert_block(name, "Invocation");
    }
}

#[test]
fn loops_are_bounded_here_and_not_by_lambda() {
    let functions = TEMPLATE.matches("Type: AWS::Serverless::Function").count();
    let allowed = TEMPLATE.matches("RecursiveLoop: Allow").count();
    // All but the API, which is no part of the loop.
    assert_eq!(allowed, functions - 1);
}

/// What the schedule sends, as it stands in the template.
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
