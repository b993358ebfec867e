use proptest::prelude::*;
use tocsin_core::alert::Severity;
use tocsin_core::text::Unit;
use tocsin_testing::{HOSTILE, any_alert, full_json};

use super::*;
use crate::description;

/// Walks a document and holds it against the parts of ADF's schema that it uses.
fn assert_is_adf(node: &Value, inside_code: bool) {
    let kind = node["type"].as_str().unwrap();
    let known = [
        "doc",
        "panel",
        "paragraph",
        "heading",
        "text",
        "hardBreak",
        "table",
        "tableRow",
        "tableHeader",
        "tableCell",
        "expand",
        "codeBlock",
    ];
    assert!(known.contains(&kind), "{kind}");
    if kind == "text" {
        let text = node["text"].as_str().unwrap();
        assert!(
            !text.is_empty() && (inside_code || !text.contains('\n')),
            "{text:?}"
        );
        for mark in node["marks"].as_array().into_iter().flatten() {
            assert!(!inside_code);
            let href = mark["attrs"]["href"].as_str().unwrap_or("https://");
            assert!(
                href.starts_with("https://") || href.starts_with("http://"),
                "{href}"
            );
        }
    }
    let children = node["content"].as_array();
    if ["paragraph", "panel", "table", "tableRow", "expand"].contains(&kind) {
        assert!(!children.unwrap().is_empty(), "{node}");
    }
    for child in children.into_iter().flatten() {
        assert_is_adf(child, kind == "codeBlock");
    }
}

/// Takes out the block of the context and every escaped character; what is left
/// is the markup that the reader acts upon.
fn live_markup(wiki: &str) -> String {
    let mut parts = wiki.split("{noformat}");
    let (before, block, after) = (parts.next().unwrap(), parts.next(), parts.next());
    assert!(!block.unwrap_or_default().contains("[~") && parts.next().is_none());
    assert_eq!(after.unwrap_or_default(), "");
    let mut live = String::new();
    let mut rest = before.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            _ => live.push(c),
        }
    }
    live
}

fn assert_within_limits(alert: &Alert) {
    for detail in [Detail::Full, Detail::Minimal] {
        let cloud = body(&request_of(alert, detail, &cloud()));
        let document = &cloud["fields"]["description"];
        assert_is_adf(document, false);
        assert!(Unit::Characters.length(&document.to_string()) <= description::WHOLE);
        let dc = body(&request_of(alert, detail, &data_center()));
        let text = dc["fields"]["description"].as_str().unwrap();
        assert!(Unit::Characters.length(text) <= description::WHOLE);
        let live = live_markup(text);
        assert_eq!(live.matches('{').count(), 2, "{live}");
        assert!(
            live.matches('[').count() <= 2 && !live.contains(['!', '~', '^', '+', '@']),
            "{live}"
        );
        for fields in [&cloud["fields"], &dc["fields"]] {
            let summary = fields["summary"].as_str().unwrap();
            assert!(Unit::Characters.length(summary) <= 255 && !summary.contains(['\n', '\r']));
        }
    }
}

#[test]
fn even_with_everything_at_its_longest_there_is_room_for_all() {
    let mut json = full_json();
    let link = format!("https://siem.example.com/{}", "|".repeat(1_900));
    json["link"] = json!(link);
    json["title"] = json!("\"".repeat(1_000));
    for field in ["name", "description", "runbook", "reference", "id"] {
        json[field] = json!("\"!".repeat(20_000));
    }
    json["tags"] = json!(vec!["\"".repeat(200); 100]);
    json["logTypes"] = json["tags"].clone();
    assert_within_limits(&tocsin_testing::alert(&json));
}

#[test]
fn every_sample_keeps_to_the_formats_and_limits() {
    for (_, alert) in samples() {
        assert_within_limits(&alert);
    }
    for text in HOSTILE {
        let mut json = full_json();
        for field in ["title", "name", "description", "runbook", "reference"] {
            json[field] = json!(text);
        }
        assert_within_limits(&tocsin_testing::alert(&json));
    }
    let (mut settings, secret) = cloud();
    settings.priority = Some(Priority::BySeverity(
        [(Severity::Low, "Low".to_owned())].into(),
    ));
    let request = request_of(&full(), Detail::Full, &(settings, secret));
    assert_eq!(body(&request)["fields"]["priority"], Value::Null);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_alert_keeps_to_the_formats_and_limits(alert in any_alert()) {
        assert_within_limits(&alert);
    }
}
