use std::fmt;

use proptest::prelude::*;
use tocsin_core::text::Unit;

use super::*;

/// A message as the subscribers of each kind receive it.
struct Shown<'a>(&'a OutgoingMessage);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(message) = self;
        let variants: Value = serde_json::from_str(&message.body).map_err(|_| fmt::Error)?;
        let text = |key: &str| variants[key].as_str().ok_or(fmt::Error);
        let payload: Value = serde_json::from_str(text("default")?).map_err(|_| fmt::Error)?;
        for (name, value) in [
            ("subject", &message.subject),
            ("group", &message.group_id),
            ("deduplication", &message.deduplication_id),
            ("remark", &message.remark),
        ] {
            if let Some(value) = value {
                writeln!(f, "{name}: {value}")?;
            }
        }
        for (name, value) in &message.attributes {
            writeln!(f, "attribute {name}: {value}")?;
        }
        write!(f, "\ndefault: {payload:#}\n\nemail:\n{}", text("email")?)
    }
}

#[test]
fn messages_of_the_samples() {
    for (name, alert) in samples() {
        let message = standard().message(&alert, Detail::Full);
        check_message(&message);
        if has_snapshot(&name) {
            // The largest one has a quarter of a megabyte; its beginning is enough.
            let shown: String = Shown(&message).to_string().chars().take(12_000).collect();
            snapshot(&name, &shown);
        }
    }
    let shown = Shown(&fifo().message(&full(), Detail::Full)).to_string();
    snapshot("fifo", &shown);
}

#[test]
fn the_minimal_form_has_no_subject_and_no_long_text() {
    for (name, alert) in samples() {
        let message = standard().message(&alert, Detail::Minimal);
        assert_eq!(message.subject, None, "{name}");
        assert!(message.body.len() < 24 * 1024, "{name}");
        if !name.contains('_') {
            snapshot(&format!("minimal_{name}"), &Shown(&message).to_string());
        }
    }
}

#[test]
fn the_effective_severity_is_shown() {
    let message = standard().message_with_severity(&full(), Severity::Critical);
    let shown = Shown(&message).to_string();
    assert!(shown.starts_with("subject: [CRITICAL] "), "{shown}");
    assert!(!shown.contains("HIGH"), "{shown}");
}

#[test]
fn attributes_and_groups_are_as_for_every_aws_destination() {
    standard().check_attributes();
    fifo().check_fifo();
    let message = standard().message(&full(), Detail::Full);
    assert_eq!((message.group_id, message.deduplication_id), (None, None));
}

#[test]
fn a_message_keeps_to_the_topics_limit() {
    let all = "alertContext, description, runbook and tags were ";
    standard().check_size_limits(&[
        (1_048_576, None),
        (131_072, Some("alertContext was ")),
        (16_384, Some(all)),
        (2_048, Some(all)),
    ]);
    standard().check_exact_limit();
}

#[test]
fn a_message_keeps_to_the_default_limit() {
    // Each quotation mark has four bytes in JSON within JSON.
    let mut alert = full();
    alert.alert_context =
        serde_json::Map::from_iter([("a".to_owned(), json!("\"".repeat(90_000)))]).into();
    let message = standard().message(&alert, Detail::Full);
    check_message(&message);
    let remark = message.remark.as_deref().unwrap();
    assert!(
        remark.starts_with("alertContext was left out: "),
        "{remark}"
    );
    let shown = Shown(&message).to_string();
    assert!(shown.contains("_truncated") && shown.contains("Find the principal."));

    alert.description = Some("\"".repeat(32 * 1024));
    alert.runbook = alert.description.clone();
    let message = standard().message(&alert, Detail::Full);
    check_message(&message);
    let payload = payload(&message);
    assert_eq!(payload["runbook"], Value::Null);
    assert_eq!(
        payload["alertContext"]["_truncated"].as_str(),
        message.remark.as_deref()
    );
}

#[test]
fn long_texts_share_the_room_of_the_mail() {
    let mut alert = full();
    alert.description = Some("description ".repeat(1_500));
    let message = standard().message(&alert, Detail::Full);
    check_message(&message);
    let shown = Shown(&message).to_string();
    let (_, email) = shown.split_once("email:\n").unwrap();
    let order = [
        "For more details",
        "Description:",
        "characters cut)",
        "Runbook:",
        "Revoke its sessions.",
        "Created: 2020-10-13 03:35:24 UTC",
        "Tags: aws, network",
        "Reference:",
        "Context:",
        "198.51.100.7\"",
    ];
    let places: Vec<_> = order.iter().map(|part| email.find(part).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn a_subject_is_text_of_any_script() {
    let mut alert = full();
    alert.title = format!("Schlüssel 鍵 {}", "x".repeat(200));
    let message = standard().message(&alert, Detail::Full);
    check_message(&message);
    let subject = message.subject.unwrap();
    assert!(subject.starts_with("[HIGH] Schlüssel 鍵 xx") && subject.ends_with('…'));
}

#[test]
fn a_blank_text_has_no_heading_in_the_email() {
    let mut alert = full();
    alert.description = Some(" \n".to_owned());
    let shown = Shown(&standard().message(&alert, Detail::Full)).to_string();
    assert!(!shown.contains("Description:") && shown.contains("Runbook:"));
}

/// The mail's own lines, before SNS adds those about the subscription.
const OWN_LINES: [&str; 12] = [
    "[",
    "For more details please visit: http",
    "Tags: ",
    "Type: ",
    "Detection: ",
    "Created: ",
    "Alert id: ",
    "Log types: ",
    "Description:",
    "Runbook:",
    "Reference:",
    "Context:",
];

/// Checks that the text of an alert is told from the mail's own lines, each of which it
/// has once.
fn check_email(text: &str) {
    let mut seen = Vec::new();
    // A text may be cut within the indentation; then the line is the mark of the cut.
    let is_mark = |line: &&str| line.trim_start().starts_with("… (");
    let lines = text.lines().filter(|line| !is_mark(line));
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with("  ")) {
        let own = OWN_LINES.iter().find(|own| line.starts_with(**own));
        let own = own.unwrap_or_else(|| panic!("{line}"));
        assert!(!seen.contains(&own), "{line}");
        seen.push(own);
    }
}

#[test]
fn the_text_of_an_alert_cannot_pass_for_lines_of_the_mail() {
    let forged = alert(&serde_json::from_str(include_str!("cases/mail-forged.json")).unwrap());
    let message = standard().message(&forged, Detail::Full);
    check_message(&message);
    snapshot("mail_forged", &Shown(&message).to_string());
}

#[test]
fn noncharacters_of_a_context_are_escaped() {
    let mut alert = full();
    alert.alert_context =
        serde_json::Map::from_iter([("a\u{ffff}".to_owned(), json!("\u{fffe}"))]).into();
    let message = standard().message(&alert, Detail::Full);
    assert!(!message.body.contains(['\u{fffe}', '\u{ffff}']));
    assert_eq!(
        payload(&message)["alertContext"],
        json!({"a\u{ffff}": "\u{fffe}"})
    );
}

fn payload(message: &OutgoingMessage) -> Value {
    let variants: Value = serde_json::from_str(&message.body).unwrap();
    serde_json::from_str(variants["default"].as_str().unwrap()).unwrap()
}

/// Checks the subject and the variants of a message.
fn check_message(message: &OutgoingMessage) {
    if let Some(subject) = &message.subject {
        let length = Unit::Characters.length(subject);
        assert!((1..=99).contains(&length), "{subject}");
        let is_forbidden = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        assert!(
            !subject.contains(is_forbidden) && subject.starts_with('['),
            "{subject}"
        );
    }
    let variants: Value = serde_json::from_str(&message.body).unwrap();
    let email = variants["email"].as_str().unwrap();
    assert!(email.len() <= 16 * 1024);
    check_email(email);
    assert_eq!(payload(message).as_object().unwrap().len(), 13);
}

proptest! {
    #[test]
    fn every_alert_fits(alert in MessagingFixture::<Sns>::any_alert()) {
        for destination in [standard(), fifo()] {
            destination.check_limits(&alert);
            check_message(&destination.message(&alert, Detail::Full));
        }
    }

    #[test]
    fn every_alert_fits_a_configured_limit(
        alert in MessagingFixture::<Sns>::any_alert(), limit in 1_024usize..=300_000
    ) {
        standard().check_configured_limit(&alert, limit);
    }
}
