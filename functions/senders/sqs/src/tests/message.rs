use std::fmt;

use proptest::prelude::*;

use super::*;

/// A message as a consumer receives it.
struct Shown<'a>(&'a OutgoingMessage);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(message) = self;
        let payload: Value = serde_json::from_str(&message.body).map_err(|_| fmt::Error)?;
        for (name, value) in [
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
        write!(f, "\n{payload:#}")
    }
}

#[test]
fn messages_of_the_samples() {
    for (name, alert) in samples() {
        let message = standard().message(&alert, Detail::Full);
        assert_eq!(payload(&message).as_object().unwrap().len(), 13);
        if has_snapshot(&name) {
            // The largest one has a quarter of a megabyte; its beginning is enough.
            let shown: String = Shown(&message).to_string().chars().take(8_000).collect();
            snapshot(&name, &shown);
        }
    }
    for (name, message) in [
        ("fifo", fifo().message(&full(), Detail::Full)),
        ("minimal_full", standard().message(&full(), Detail::Minimal)),
    ] {
        snapshot(name, &Shown(&message).to_string());
    }
}

#[test]
fn the_effective_severity_is_sent() {
    let message = standard().message_with_severity(&full(), Severity::Critical);
    assert_eq!(message.attributes[0], ("severity", "CRITICAL".to_owned()));
    assert_eq!(payload(&message)["severity"], "CRITICAL");
}

#[test]
fn attributes_and_groups_are_as_for_every_aws_destination() {
    standard().check_attributes();
    fifo().check_fifo();
}

#[test]
fn a_standard_queue_gets_a_group_only_if_one_is_configured() {
    let message = standard().message(&full(), Detail::Full);
    assert_eq!((message.group_id, message.deduplication_id), (None, None));
    let fair = standard().with("messageGroupId", "fair");
    let message = fair.message(&full(), Detail::Full);
    assert_eq!(message.group_id.as_deref(), Some("fair"));
    assert_eq!(message.deduplication_id, None);
}

#[test]
fn a_message_keeps_to_the_queues_limit() {
    let all = "alertContext, description, runbook and tags were ";
    standard().check_size_limits(&[
        (1_048_576, None),
        (262_144, None),
        (65_536, Some("alertContext was ")),
        (16_384, Some(all)),
        (1_024, Some(all)),
    ]);
    standard().check_exact_limit();
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
    serde_json::from_str(&message.body).unwrap()
}

proptest! {
    #[test]
    fn every_alert_fits(alert in MessagingFixture::<Sqs>::any_alert()) {
        for destination in [standard(), fifo()] {
            destination.check_limits(&alert);
            let message = destination.message(&alert, Detail::Full);
            prop_assert_eq!(payload(&message).as_object().unwrap().len(), 13);
        }
    }

    #[test]
    fn every_alert_fits_a_configured_limit(
        alert in MessagingFixture::<Sqs>::any_alert(), limit in 1_024usize..=300_000
    ) {
        standard().check_configured_limit(&alert, limit);
    }
}
