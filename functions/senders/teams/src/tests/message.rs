use std::fmt::Write;

use proptest::prelude::*;
use tocsin_core::alert::Severity;
use tocsin_core::link::web_url;
use tocsin_core::text::Unit;
use tocsin_testing::{alert, any_alert, full_json, has_snapshot};

use super::*;
use crate::message::BODY_LIMIT;

fn card(request: &Request) -> Value {
    let mut body: Value = serde_json::from_slice(&request.body).unwrap();
    body["attachments"][0]["content"].take()
}

#[test]
fn cards_of_the_samples() {
    for (name, alert) in samples() {
        let request = workflow().request(&alert, Detail::Full);
        assert_valid(&alert, &request);
        if has_snapshot(&name) {
            snapshot(&name, &request.to_string());
        }
    }
}

#[test]
fn severities_and_types_have_their_style_and_text() {
    let mut shown = String::new();
    for (name, alert) in samples() {
        if !has_snapshot(&name) {
            let card = card(&workflow().request(&alert, Detail::Full));
            let style = text_at(&card, "/body/0/style");
            let headline = text_at(&card, "/body/0/items/0/inlines/0/text");
            let facts = card["body"].as_array().unwrap().iter();
            let facts = facts.filter(|element| element["type"] == "ColumnSet");
            let facts: Vec<&Value> = facts.collect();
            let kind = text_at(facts[0], "/columns/2/items/1/inlines/0/text");
            let _ = writeln!(shown, "{name}: {style} {headline:?} {kind}");
        }
    }
    snapshot("severities_and_types", &shown);
}

#[test]
fn the_minimal_form_has_headline_and_link() {
    for (name, alert) in samples()
        .into_iter()
        .filter(|(name, _)| !name.contains('_'))
    {
        let request = workflow().request(&alert, Detail::Minimal);
        assert_valid(&alert, &request);
        snapshot(&format!("minimal_{name}"), &request.to_string());
    }
}

/// The text at a JSON pointer.
fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap()
}

/// The only text that Teams replaces.
fn time(alert: &Alert) -> String {
    let time = alert.created_at.whole_seconds();
    format!("{{{{DATE({time}, SHORT)}}}} {{{{TIME({time})}}}}")
}

/// Checks Teams' limits, and that no text has a meaning.
fn assert_valid(alert: &Alert, request: &Request) {
    let body = std::str::from_utf8(&request.body).unwrap();
    assert!(body.len() <= BODY_LIMIT);
    assert!(
        Unit::JsonBytes.length(body) <= BODY_LIMIT,
        "{}",
        Unit::JsonBytes.length(body)
    );
    let time = time(alert);
    let rest = body.replacen(&time, "", 1);
    assert!(!rest.contains("{{DATE(") && !rest.contains("{{TIME("));
    let card = card(request);
    assert_eq!(card["version"], "1.4");
    assert_eq!(card["msteams"], json!({"width": "Full"}));
    assert!(
        text_at(&card, "/fallbackText").ends_with("] alert: this client cannot show the card.")
    );
    let headline = text_at(&card, "/body/0/items/0/inlines/0/text");
    assert!(headline.starts_with(&format!("[{}] ", alert.severity)));
    assert_literal(alert, &card["body"]);
    assert_literal(alert, &card["actions"]);
}

/// Checks that text of the alert is only in literal runs, and that every link is one of
/// the alert.
fn assert_literal(alert: &Alert, value: &Value) {
    if let Value::Array(items) = value {
        for item in items {
            assert_literal(alert, item);
        }
    }
    let Value::Object(object) = value else { return };
    match object["type"].as_str().unwrap() {
        "TextBlock" => {
            let labels = [
                "Created",
                "Detection",
                "Type",
                "Log types",
                "Reference",
                "Runbook",
            ];
            let text = object["text"].as_str().unwrap();
            assert!(labels.contains(&text) || text == time(alert), "{text}");
        }
        "TextRun" => {
            let text = object["text"].as_str().unwrap();
            assert!(!text.is_empty());
            assert!(
                !text
                    .chars()
                    .any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\0'..='\u{8}'))
            );
            if let Some(action) = object.get("selectAction") {
                assert_eq!(action["url"], object["text"]);
                assert!(web_url(text).is_some());
            }
        }
        "Action.OpenUrl" => {
            let link = alert.link.as_deref().and_then(web_url);
            assert!(link.as_deref() == object["url"].as_str() || object.get("title").is_none());
        }
        kind => assert!(
            [
                "Container",
                "ColumnSet",
                "Column",
                "RichTextBlock",
                "Action.ToggleVisibility"
            ]
            .contains(&kind),
            "{kind}"
        ),
    }
    for key in ["items", "columns", "inlines", "selectAction"] {
        if let Some(inner) = object.get(key) {
            assert_literal(alert, inner);
        }
    }
}

#[test]
fn the_context_is_cut_before_the_texts() {
    let mut json = full_json();
    json["description"] = json!("d".repeat(3_000));
    json["alertContext"] = json!({"long": "c".repeat(100_000)});
    let request = workflow().request(&alert(&json), Detail::Full);
    let body = String::from_utf8(request.body).unwrap();
    assert!(body.contains(&"d".repeat(3_000)));
    assert!(body.contains("characters cut)"));
    // All the room is used, but for the reserve for links.
    assert!(Unit::JsonBytes.length(&body) > BODY_LIMIT - 1_500);
}

#[test]
fn dates_are_shown_literally() {
    let mut json = full_json();
    json["title"] = json!("{{DATE(2017-02-14T06:08:39Z, SHORT)}}");
    json["description"] = json!("{{TIME(2017-02-14T06:08:39Z)}} ".repeat(900));
    let alert = alert(&json);
    assert_valid(&alert, &workflow().request(&alert, Detail::Full));
}

#[test]
fn a_text_that_is_a_url_becomes_a_link_that_shows_its_target() {
    let mut alert = full();
    alert.runbook = Some("https://wiki.example.com/runbooks/7".to_owned());
    alert.description = Some("see https://evil.example".to_owned());
    alert.detection_id = "https://evil.example".to_owned();
    alert.name = None;
    let body = String::from_utf8(workflow().request(&alert, Detail::Full).body).unwrap();
    let url =
        r#""selectAction":{"type":"Action.OpenUrl","url":"https://wiki.example.com/runbooks/7"}"#;
    assert!(body.contains(url), "{body}");
    assert!(!body.contains(r#""url":"https://evil.example""#));
}

#[test]
fn a_message_with_a_link_too_long_for_a_button_has_no_button() {
    let mut alert = full();
    alert.link = Some(format!("https://siem.example.com/{}", "é".repeat(900)));
    let body = String::from_utf8(workflow().request(&alert, Detail::Full).body).unwrap();
    assert!(!body.contains("Open alert"));
}

proptest! {
    #[test]
    fn every_alert_fits_and_has_only_literal_texts(
        alert in any_alert(), severity in 0usize..5
    ) {
        let mut alert = alert;
        alert.severity = Severity::ALL[severity];
        for detail in [Detail::Full, Detail::Minimal] {
            assert_valid(&alert, &workflow().request(&alert, detail));
        }
    }
}

#[test]
fn code_and_lists_are_shown_and_indentation_stays() {
    let mut json = full_json();
    json["description"] = json!("Looks at `sts:AssumeRole`:\n  File \"x\"\n    raise");
    json["runbook"] = json!("1. Find `{{DATE(x)}}`\n2. Revoke\n\n- [x](https://evil.example)");
    json["alertContext"] = json!({"events": (0..220).collect::<Vec<_>>()});
    json["createdAt"] = json!("2020-10-13T03:35:24.123456Z");
    let alert = alert(&json);
    let request = workflow().request(&alert, Detail::Full);
    assert_valid(&alert, &request);
    snapshot("prose", &request.to_string());
}
