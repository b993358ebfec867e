//! What is published, and what holds whatever the alert.

use std::fmt;

use proptest::prelude::*;
use tocsin_core::alert::Severity;
use tocsin_testing::{any_alert, full, samples};

use super::*;

/// Reads the way a person does: what each kind of subscriber gets.
struct Shown<'a>(&'a Outgoing);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(publication) = self;
        let variants: Value = serde_json::from_str(&publication.body).map_err(|_| fmt::Error)?;
        let text = |key: &str| variants[key].as_str().ok_or(fmt::Error);
        let payload: Value = serde_json::from_str(text("default")?).map_err(|_| fmt::Error)?;
        for (name, value) in [
            ("subject", &publication.subject),
            ("group", &publication.group_id),
            ("deduplication", &publication.deduplication_id),
            ("remark", &publication.remark),
        ] {
            if let Some(value) = value {
                writeln!(f, "{name}: {value}")?;
            }
        }
        for (name, value) in &publication.attributes {
            writeln!(f, "attribute {name}: {value}")?;
        }
        write!(f, "\ndefault: {payload:#}\n\nemail:\n{}", text("email")?)
    }
}

fn publication(alert: &Alert, detail: Detail, given: &Value) -> Outgoing {
    let settings = settings(given);
    let topic = check(&settings).unwrap();
    request::build(input(alert, given, &delivery()), &settings, &topic, detail)
}

fn standard(alert: &Alert, detail: Detail) -> Outgoing {
    publication(alert, detail, &json!({"topicArn": TOPIC}))
}

fn snapshot(name: &str, shown: &str) {
    insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, shown);
    });
}

#[test]
fn what_subscribers_get() {
    for (name, alert) in samples() {
        let publication = standard(&alert, Detail::Full);
        assert_sound(&publication);
        if !name.starts_with("severity_") && !name.starts_with("type_") {
            // The large one would be a quarter of a megabyte of snapshot; its head says enough.
            let shown: String = Shown(&publication)
                .to_string()
                .chars()
                .take(12_000)
                .collect();
            snapshot(&name, &shown);
        }
    }
}

#[test]
fn severities_and_types_are_there_to_filter_by() {
    for (name, alert) in samples() {
        let Outgoing {
            attributes,
            subject,
            ..
        } = standard(&alert, Detail::Full);
        let expected = vec![
            ("severity", alert.severity.to_string()),
            ("type", alert.alert_type.to_string()),
            ("alertId", alert.alert_id.to_string()),
        ];
        assert_eq!(attributes, expected, "{name}");
        let head = format!("[{}] ", alert.severity);
        assert!(subject.unwrap().starts_with(&head), "{name}");
    }
}

#[test]
fn the_effective_severity_is_the_one_that_is_shown() {
    let given = json!({"topicArn": TOPIC});
    let settings = settings(&given);
    let topic = check(&settings).unwrap();
    let (alert, delivery) = (full(), delivery());
    let input = AttemptInput {
        severity: Severity::Critical,
        ..input(&alert, &given, &delivery)
    };
    let published = request::build(input, &settings, &topic, Detail::Full);
    let shown = Shown(&published).to_string();
    assert!(shown.starts_with("subject: [CRITICAL] "), "{shown}");
    assert!(!shown.contains("HIGH"), "{shown}");
}

#[test]
fn the_least_form_has_no_subject_and_nothing_long() {
    for (name, alert) in samples()
        .into_iter()
        .filter(|(name, _)| !name.contains('_'))
    {
        let least = standard(&alert, Detail::Minimal);
        snapshot(&format!("minimal_{name}"), &Shown(&least).to_string());
    }
    for (name, alert) in samples() {
        let least = standard(&alert, Detail::Minimal);
        assert_eq!(least.subject, None, "{name}");
        assert!(least.body.len() < 24 * 1024, "{name}");
    }
}

#[test]
fn fifo_topics_get_a_group_and_the_delivery_as_deduplication_id() {
    let published = publication(&full(), Detail::Full, &json!({"topicArn": FIFO}));
    snapshot("fifo", &Shown(&published).to_string());
    assert_eq!(
        published.group_id.as_deref(),
        Some("AWS.CloudTrail.SuspiciousIP")
    );
    let identity = delivery().to_string();
    assert_eq!(published.deduplication_id, Some(identity));
    let least = publication(&full(), Detail::Minimal, &json!({"topicArn": FIFO}));
    assert_eq!(least.deduplication_id, published.deduplication_id);
    assert_eq!(least.group_id, published.group_id);

    let configured = json!({"topicArn": FIFO, "messageGroupId": "all"});
    let published = publication(&full(), Detail::Full, &configured);
    assert_eq!(published.group_id.as_deref(), Some("all"));

    let mut alert = full();
    alert.detection_id = "größer als erlaubt".to_owned();
    let hashed = publication(&alert, Detail::Full, &json!({"topicArn": FIFO}));
    assert_eq!(hashed.group_id.as_deref().map(str::len), Some(32));

    let standard = standard(&full(), Detail::Full);
    assert_eq!((standard.group_id, standard.deduplication_id), (None, None));
}

#[test]
fn what_does_not_fit_is_left_out_and_said_to_be() {
    // Each quote takes four bytes in a JSON inside a JSON.
    let mut alert = full();
    alert.alert_context =
        serde_json::Map::from_iter([("a".to_owned(), json!("\"".repeat(90_000)))]);
    let published = standard(&alert, Detail::Full);
    assert_sound(&published);
    let remark = published.remark.as_deref().unwrap();
    assert!(
        remark.starts_with("alertContext was left out: "),
        "{remark}"
    );
    let shown = Shown(&published).to_string();
    assert!(shown.contains("_truncated") && shown.contains("Find the principal."));

    alert.description = Some("\"".repeat(32 * 1024));
    alert.runbook = alert.description.clone();
    let published = standard(&alert, Detail::Full);
    assert_sound(&published);
    let remark = published.remark.as_deref().unwrap();
    assert!(
        remark.starts_with("alertContext, description, runbook and tags"),
        "{remark}"
    );
    let payload = payload(&published);
    assert_eq!(payload["runbook"], Value::Null);
    assert_eq!(payload["alertContext"]["_truncated"], remark);
}

#[test]
fn an_alert_of_just_the_limit_goes_out_whole() {
    let with_context = |length: usize| {
        let mut alert = full();
        alert.alert_context =
            serde_json::Map::from_iter([("a".to_owned(), json!("x".repeat(length)))]);
        standard(&alert, Detail::Full)
    };
    // The e-mail text has its bound, so from there on each byte is one more byte.
    let base = size(&with_context(200_000)) - 200_000;
    let most = 256 * 1024 - base;
    assert_eq!(size(&with_context(most)), 256 * 1024);
    assert_eq!(with_context(most).remark, None);
    assert!(with_context(most + 1).remark.is_some());
}

#[test]
fn a_topic_gets_as_much_as_its_own_limit_allows() {
    let mut alert = full();
    alert.alert_context =
        serde_json::Map::from_iter([("a".to_owned(), json!("x".repeat(200_000)))]);
    alert.description = Some("d".repeat(20_000));
    for (limit, left_out) in [
        (1_048_576, None),
        (131_072, Some("alertContext was ")),
        (
            16_384,
            Some("alertContext, description, runbook and tags were "),
        ),
        (
            2_048,
            Some("alertContext, description, runbook and tags were "),
        ),
    ] {
        let given = json!({"topicArn": TOPIC, "maxMessageBytes": limit});
        let published = publication(&alert, Detail::Full, &given);
        assert!(size(&published) <= limit, "{limit}: {}", size(&published));
        assert_well_formed(&published);
        let remark = published.remark.as_deref();
        assert_eq!(remark.is_some(), left_out.is_some(), "{limit}");
        if let (Some(remark), Some(left_out)) = (remark, left_out) {
            assert!(remark.starts_with(left_out), "{remark}");
            assert!(
                remark.ends_with(&format!("the topic takes {limit}")),
                "{remark}"
            );
        }
    }
}

#[test]
fn blank_texts_have_no_heading_in_the_email() {
    let mut alert = full();
    alert.description = Some(" \n".to_owned());
    let shown = Shown(&standard(&alert, Detail::Full)).to_string();
    assert!(!shown.contains("Description:") && shown.contains("Runbook:"));
}

#[test]
fn noncharacters_of_a_context_do_not_keep_queues_from_getting_it() {
    let mut alert = full();
    alert.alert_context = serde_json::Map::from_iter([("a\u{ffff}".to_owned(), json!("\u{fffe}"))]);
    let payload = payload(&standard(&alert, Detail::Full));
    assert_eq!(payload["alertContext"], json!({"a\u{fffd}": "\u{fffd}"}));
}

fn payload(publication: &Outgoing) -> Value {
    let variants: Value = serde_json::from_str(&publication.body).unwrap();
    serde_json::from_str(variants["default"].as_str().unwrap()).unwrap()
}

/// What SNS counts: the message, and of each attribute name, type and value.
fn size(publication: &Outgoing) -> usize {
    let attributes = publication.attributes.iter();
    let taken: usize = attributes
        .map(|(name, value)| name.len() + "String".len() + value.len())
        .sum();
    publication.body.len() + taken
}

/// Everything SNS limits.
fn assert_sound(publication: &Outgoing) {
    assert!(size(publication) <= 256 * 1024, "{}", size(publication));
    assert_well_formed(publication);
}

fn assert_well_formed(publication: &Outgoing) {
    if let Some(subject) = &publication.subject {
        assert!((1..=99).contains(&subject.len()), "{subject}");
        let fits = |c: char| c.is_ascii_graphic() || c == ' ';
        assert!(
            subject.chars().all(fits) && !subject.starts_with(' '),
            "{subject}"
        );
    }
    let variants: Value = serde_json::from_str(&publication.body).unwrap();
    for (key, text) in variants.as_object().unwrap() {
        assert_xml(text.as_str().unwrap_or_else(|| panic!("{key} is no text")));
    }
    assert_eq!(payload(publication).as_object().unwrap().len(), 13);
    assert_xml(&publication.body);
    for (_, value) in &publication.attributes {
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
            for topic in [TOPIC, FIFO] {
                let published = publication(&alert, detail, &json!({"topicArn": topic}));
                assert_sound(&published);
                let group = published.group_id.as_deref();
                prop_assert_eq!(group.is_some(), topic == FIFO);
                let fits = |id: &str| (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
                prop_assert!(group.is_none_or(fits));
            }
        }
    }

    /// Below what the least takes, the least goes out all the same.
    #[test]
    fn whatever_the_alert_the_topics_own_limit_holds(alert in any_alert(), limit in 1_024usize..=300_000) {
        let given = json!({"topicArn": TOPIC, "maxMessageBytes": limit});
        let published = publication(&alert, Detail::Full, &given);
        assert_well_formed(&published);
        let least = publication(&alert, Detail::Minimal, &given);
        prop_assert!(size(&published) <= limit || published.body == least.body);
        prop_assert!(size(&least) < 32 * 1024);
    }
}
