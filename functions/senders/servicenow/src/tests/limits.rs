use proptest::prelude::*;
use tocsin_core::alert::Severity;
use tocsin_core::text::{Unit, sanitize};
use tocsin_testing::{HOSTILE, any_alert};

use super::*;

/// Alert ids that ServiceNow would execute, without other unusual characters.
const SCRIPTS: [&str; 2] = ["javascript:gs.now", "JAVASCRIPT:current.sys_id"];

/// Checks an id that is part of queries, and of links with queries.
fn check_id(id: &str) {
    assert!(!id.to_lowercase().contains("javascript:"), "{id}");
    assert!((1..=100).contains(&id.len()), "{id}");
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let id = id.strip_prefix("sha256:").unwrap_or(id);
    assert!(id.chars().all(plain), "{id}");
}

#[test]
fn no_alert_id_is_executed() {
    for text in SCRIPTS {
        let mut json = full_json();
        json["alertId"] = json!(text);
        let alert = alert(&json);
        check_incident(&incidents().body(&alert, Detail::Full));
        check_event(&events().body(&alert, Detail::Full));
        let inserted = response(200, &[], r#"{"result":{"x":"1 events were inserted"}}"#);
        let outcome = events().with_context(&alert, Detail::Full, |context| {
            ServiceNow::default().outcome(context, &inserted)
        });
        let Outcome::Delivered(receipt) = outcome else {
            panic!("{outcome:?}")
        };
        check_id(&receipt.id.unwrap());
        let page = receipt.url.unwrap().to_lowercase();
        assert!(!page.contains("javascript"), "{page}");
    }
}

#[test]
fn no_alert_adds_a_condition_to_the_query() {
    for text in HOSTILE.into_iter().chain(SCRIPTS) {
        let mut json = full_json();
        json["alertId"] = json!(text);
        let request = incidents().lookup(&alert(&json)).unwrap();
        let url = request.address.expose().clone();
        let (_, query) = url
            .query_pairs()
            .find(|(name, _)| name == "sysparm_query")
            .unwrap();
        assert_eq!(query.matches('^').count(), 2, "{query}");
        let id = query
            .strip_prefix("correlation_id=")
            .unwrap()
            .split('^')
            .next()
            .unwrap();
        check_id(id);
    }
}

#[test]
fn nobody_is_mentioned() {
    let alert = alert(&serde_json::from_str(include_str!("cases/mention.json")).unwrap());
    let incident = incidents().body(&alert, Detail::Full);
    let note = incident["work_notes"].as_str().unwrap();
    assert!(note.contains("@ [ 6816f79cc0a8016401c5a33be04be441:System Administrator]"));
    check_incident(&incident);
    check_event(&events().body(&alert, Detail::Full));
}

/// Checks what holds for texts in either mode.
fn check_text(text: &str) {
    assert!(!text.contains("@["), "{text}");
    let lower = text.to_lowercase();
    assert!(
        !lower.contains("[code]") && !lower.contains("[/code]"),
        "{text}"
    );
    assert_eq!(sanitize(text), text, "nothing hides or reorders");
}

/// Checks that every line without indentation begins with a known label.
fn check_lines(description: &str) {
    const LABELS: [&str; 10] = [
        "Alert: ",
        "Type: ",
        "Detection: ",
        "Created: ",
        "Alert id: ",
        "Log types: ",
        "Tags: ",
        "Description",
        "Runbook",
        "Reference",
    ];
    let mut seen = Vec::new();
    for line in description.lines() {
        // A text may be cut within the indentation; then the line is the mark of the cut.
        if line.is_empty() || line.starts_with("  ") || line.trim_start().starts_with("… (") {
            continue;
        }
        let label = LABELS.iter().find(|label| line.starts_with(**label));
        let label = label.unwrap_or_else(|| panic!("{line}"));
        assert!(!seen.contains(&label), "{line}");
        seen.push(label);
    }
}

fn check_incident(incident: &Value) {
    check_lines(incident["description"].as_str().unwrap());
    let length =
        |field: &str| Unit::Characters.length(incident[field].as_str().unwrap_or_default());
    assert!((1..=160).contains(&length("short_description")));
    assert!(length("description") <= 4_000 && length("work_notes") <= 4_000);
    assert!((1..=100).contains(&length("correlation_id")));
    assert!((1..=100).contains(&length("correlation_display")));
    assert!(
        incident["short_description"]
            .as_str()
            .unwrap()
            .starts_with('[')
    );
    for (column, value) in incident.as_object().unwrap() {
        assert!(
            [
                "short_description",
                "description",
                "impact",
                "urgency",
                "correlation_id",
                "correlation_display",
                "work_notes",
            ]
            .contains(&column.as_str()),
            "{column}"
        );
        check_text(value.as_str().unwrap());
        let lower = value.as_str().unwrap().to_lowercase();
        assert!(!lower.starts_with("javascript:"), "{column}: {lower}");
    }
    check_id(incident["correlation_id"].as_str().unwrap());
}

fn check_event(body: &Value) {
    let events = body["records"].as_array().unwrap();
    assert_eq!(events.len(), 1);
    let (headline, rest) = events[0]["description"]
        .as_str()
        .unwrap()
        .split_once('\n')
        .unwrap();
    assert!(headline.starts_with('['));
    check_lines(rest);
    for (field, value) in events[0].as_object().unwrap() {
        let limit = match field.as_str() {
            "description" => 4_000,
            "message_key" => 1_024,
            "additional_info" => 8 * 3_900 * 2,
            "severity" | "source" | "event_class" | "type" | "metric_name" | "resource"
            | "time_of_event" | "resolution_state" => 100,
            other => panic!("{other}"),
        };
        let text = value.as_str().unwrap();
        assert!(Unit::Characters.length(text) <= limit, "{field}");
        check_text(text);
    }
    check_id(events[0]["message_key"].as_str().unwrap());
    let Some(info) = events[0]["additional_info"].as_str() else {
        return;
    };
    let info: Value = serde_json::from_str(info).unwrap();
    for (name, value) in info.as_object().unwrap() {
        assert!(name.starts_with("tocsin_"));
        assert!(Unit::Characters.length(value.as_str().unwrap()) < 4_000);
    }
}

#[test]
fn the_largest_of_everything_fits() {
    let mut json = full_json();
    for field in ["title", "name", "description", "runbook", "reference"] {
        json[field] = json!("[code]".repeat(6_000));
    }
    json["id"] = json!("[code]".repeat(150));
    json["alertId"] = json!("[code]".repeat(80));
    json["link"] = json!(format!("https://siem.example.com/{}", "[code]".repeat(320)));
    json["logTypes"] = json!(vec!["[code]".repeat(40); 100]);
    json["alertContext"] = json!({"key": "[code]".repeat(20_000)});
    let alert = alert(&json);
    check_incident(&incidents().body(&alert, Detail::Full));
    check_event(&events().body(&alert, Detail::Full));
}

proptest! {
    #[test]
    fn every_alert_fits_and_has_only_known_fields(alert in any_alert(), severity in 0usize..5) {
        let mut alert = alert;
        alert.severity = Severity::ALL[severity];
        for detail in [Detail::Full, Detail::Minimal] {
            check_incident(&incidents().body(&alert, detail));
            check_event(&events().body(&alert, detail));
        }
    }
}
