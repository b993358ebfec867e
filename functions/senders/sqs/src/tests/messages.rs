//! What is sent, and what holds whatever the alert.

use std::fmt;

use proptest::prelude::*;
use tocsin_core::alert::Severity;
use tocsin_testing::{any_alert, full, samples};

use super::*;

/// Reads the way a person does.
struct Shown<'a>(&'a Outgoing);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(letter) = self;
        let payload: Value = serde_json::from_str(&letter.body).map_err(|_| fmt::Error)?;
        for (name, value) in [
            ("group", &letter.group_id),
            ("deduplication", &letter.deduplication_id),
            ("remark", &letter.remark),
        ] {
            if let Some(value) = value {
                writeln!(f, "{name}: {value}")?;
            }
        }
        for (name, value) in &letter.attributes {
            writeln!(f, "attribute {name}: {value}")?;
        }
        write!(f, "\n{payload:#}")
    }
}

fn letter(alert: &Alert, detail: Detail, given: &Value) -> Outgoing {
    let settings = settings(given);
    let target = check(&settings).unwrap();
    request::build(input(alert, given, &delivery()), &settings, &target, detail)
}

fn standard(alert: &Alert, detail: Detail) -> Outgoing {
    letter(alert, detail, &json!({"queueUrl": QUEUE}))
}

fn snapshot(name: &str, shown: &str) {
    insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, shown);
    });
}

#[test]
fn what_consumers_get() {
    for (name, alert) in samples() {
        let letter = standard(&alert, Detail::Full);
        assert_sound(&letter);
        if !name.starts_with("severity_") && !name.starts_with("type_") {
            // The large one would be a quarter of a megabyte of snapshot; its head says enough.
            let shown: String = Shown(&letter).to_string().chars().take(8_000).collect();
            snapshot(&name, &shown);
        }
    }
    snapshot(
        "minimal",
        &Shown(&standard(&full(), Detail::Minimal)).to_string(),
    );
}

#[test]
fn severities_and_types_are_there_to_choose_by() {
    for (name, alert) in samples() {
        let expected = vec![
            ("severity", alert.severity.to_string()),
            ("type", alert.alert_type.to_string()),
            ("alertId", alert.alert_id.to_string()),
        ];
        assert_eq!(
            standard(&alert, Detail::Full).attributes,
            expected,
            "{name}"
        );
    }
}

#[test]
fn the_effective_severity_is_the_one_that_is_sent() {
    let given = json!({"queueUrl": QUEUE});
    let settings = settings(&given);
    let target = check(&settings).unwrap();
    let (alert, delivery) = (full(), delivery());
    let input = AttemptInput {
        severity: Severity::Critical,
        ..input(&alert, &given, &delivery)
    };
    let sent = request::build(input, &settings, &target, Detail::Full);
    assert_eq!(sent.attributes[0], ("severity", "CRITICAL".to_owned()));
    let payload: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(payload["severity"], "CRITICAL");
}

#[test]
fn fifo_queues_get_a_group_and_the_delivery_as_deduplication_id() {
    let fifo = json!({"queueUrl": FIFO});
    let sent = letter(&full(), Detail::Full, &fifo);
    snapshot("fifo", &Shown(&sent).to_string());
    assert_eq!(
        sent.group_id.as_deref(),
        Some("AWS.CloudTrail.SuspiciousIP")
    );
    let identity = delivery().to_string();
    assert_eq!(sent.deduplication_id, Some(identity));
    let least = letter(&full(), Detail::Minimal, &fifo);
    assert_eq!(least.deduplication_id, sent.deduplication_id);
    assert_eq!(least.group_id, sent.group_id);

    let configured = json!({"queueUrl": FIFO, "messageGroupId": "all"});
    let sent = letter(&full(), Detail::Full, &configured);
    assert_eq!(sent.group_id.as_deref(), Some("all"));

    let mut alert = full();
    alert.detection_id = "größer als erlaubt".to_owned();
    let hashed = letter(&alert, Detail::Full, &fifo);
    assert_eq!(hashed.group_id.as_deref().map(str::len), Some(32));
}

#[test]
fn standard_queues_get_a_group_only_when_one_is_configured() {
    let sent = standard(&full(), Detail::Full);
    assert_eq!((sent.group_id, sent.deduplication_id), (None, None));
    let fair = json!({"queueUrl": QUEUE, "messageGroupId": "fair"});
    let sent = letter(&full(), Detail::Full, &fair);
    assert_eq!(sent.group_id.as_deref(), Some("fair"));
    assert_eq!(sent.deduplication_id, None);
}

#[test]
fn a_queue_gets_as_much_as_its_own_limit_allows() {
    let mut alert = full();
    alert.alert_context =
        serde_json::Map::from_iter([("a".to_owned(), json!("x".repeat(200_000)))]);
    alert.description = Some("d".repeat(20_000));
    for (limit, left_out, description) in [
        (1_048_576, None, true),
        (262_144, None, true),
        (65_536, Some("alertContext was "), true),
        (
            16_384,
            Some("alertContext, description, runbook and tags were "),
            false,
        ),
        (
            1_024,
            Some("alertContext, description, runbook and tags were "),
            false,
        ),
    ] {
        let given = json!({"queueUrl": QUEUE, "maxMessageBytes": limit});
        let sent = letter(&alert, Detail::Full, &given);
        assert!(size(&sent) <= limit, "{limit}: {}", size(&sent));
        assert_sound(&sent);
        assert_eq!(sent.body.contains("dddd"), description, "{limit}");
        let remark = sent.remark.as_deref();
        assert_eq!(remark.is_some(), left_out.is_some(), "{limit}");
        if let (Some(remark), Some(left_out)) = (remark, left_out) {
            assert!(remark.starts_with(left_out), "{remark}");
            assert!(
                remark.ends_with(&format!("the queue takes {limit}")),
                "{remark}"
            );
        }
    }
}

#[test]
fn an_alert_of_just_the_limit_goes_out_whole() {
    let mut alert = full();
    alert.description = Some("d".repeat(2_000));
    let size = size(&standard(&alert, Detail::Full));
    let with_limit = |limit: usize| {
        let given = json!({"queueUrl": QUEUE, "maxMessageBytes": limit});
        letter(&alert, Detail::Full, &given).remark
    };
    assert_eq!(with_limit(size), None);
    assert!(with_limit(size - 1).is_some());
}

#[test]
fn noncharacters_of_a_context_do_not_make_a_message_invalid() {
    let mut alert = full();
    alert.alert_context = serde_json::Map::from_iter([("a\u{ffff}".to_owned(), json!("\u{fffe}"))]);
    let sent = standard(&alert, Detail::Full);
    let payload: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(payload["alertContext"], json!({"a\u{fffd}": "\u{fffd}"}));
}

/// What SQS counts: the message, and of each attribute name, type and value.
fn size(letter: &Outgoing) -> usize {
    let attributes = letter.attributes.iter();
    let taken: usize = attributes
        .map(|(name, value)| name.len() + "String".len() + value.len())
        .sum();
    letter.body.len() + taken
}

/// Everything SQS limits.
fn assert_sound(letter: &Outgoing) {
    assert!(size(letter) <= 1024 * 1024);
    let payload: Value = serde_json::from_str(&letter.body).unwrap();
    assert_eq!(payload.as_object().unwrap().len(), 13);
    assert_xml(&letter.body);
    for (_, value) in &letter.attributes {
        assert!(!value.is_empty());
        assert_xml(value);
    }
}

fn assert_xml(text: &str) {
    let of_xml = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(text.chars().all(of_xml), "{text:?}");
}

proptest! {
    #[test]
    fn whatever_the_alert_all_limits_hold(alert in any_alert(), severity in 0usize..5) {
        let mut alert = alert;
        alert.severity = Severity::ALL[severity];
        for detail in [Detail::Full, Detail::Minimal] {
            for queue in [QUEUE, FIFO] {
                let sent = letter(&alert, detail, &json!({"queueUrl": queue}));
                assert_sound(&sent);
                let group = sent.group_id.as_deref();
                prop_assert_eq!(group.is_some(), queue == FIFO);
                let fits = |id: &str| (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
                prop_assert!(group.is_none_or(fits));
            }
        }
    }

    /// Below what the least takes, the least goes out all the same.
    #[test]
    fn whatever_the_alert_the_queues_own_limit_holds(alert in any_alert(), limit in 1_024usize..=300_000) {
        let given = json!({"queueUrl": QUEUE, "maxMessageBytes": limit});
        let sent = letter(&alert, Detail::Full, &given);
        assert_sound(&sent);
        let least = letter(&alert, Detail::Minimal, &given);
        prop_assert!(size(&sent) <= limit || sent.body == least.body);
        prop_assert!(size(&least) < 32 * 1024);
    }
}
