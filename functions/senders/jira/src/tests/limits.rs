use proptest::prelude::*;
use tocsin_core::text::Unit;
use tocsin_testing::{HOSTILE, any_alert, with_texts};

use super::*;
use crate::message::DESCRIPTION_LIMIT;

/// Checks a document against the parts of ADF's schema that it uses.
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
        "bulletList",
        "orderedList",
        "listItem",
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
    if [
        "paragraph",
        "panel",
        "table",
        "tableRow",
        "expand",
        "bulletList",
        "orderedList",
        "listItem",
    ]
    .contains(&kind)
    {
        assert!(!children.unwrap().is_empty(), "{node}");
    }
    for child in children.into_iter().flatten() {
        assert_is_adf(child, kind == "codeBlock");
    }
}

/// Removes the block of the context and every escaped character. The rest is the markup
/// that Jira interprets.
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
        let cloud = cloud().body(alert, detail);
        let document = &cloud["fields"]["description"];
        assert_is_adf(document, false);
        assert!(Unit::Characters.length(&document.to_string()) <= DESCRIPTION_LIMIT);
        let data_center = data_center().body(alert, detail);
        let text = data_center["fields"]["description"].as_str().unwrap();
        assert!(Unit::Characters.length(text) <= DESCRIPTION_LIMIT);
        let live = live_markup(text);
        assert_eq!(live.matches('{').count(), 2, "{live}");
        assert!(
            live.matches('[').count() <= 4 && !live.contains(['!', '~', '^', '+', '@']),
            "{live}"
        );
        for fields in [&cloud["fields"], &data_center["fields"]] {
            let summary = fields["summary"].as_str().unwrap();
            assert!(Unit::Characters.length(summary) <= 255 && !summary.contains(['\n', '\r']));
        }
    }
}

#[test]
fn the_longest_texts_leave_room_for_all_parts() {
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
        let fields = ["title", "name", "description", "runbook", "reference"];
        assert_within_limits(&with_texts(&fields, text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_alert_keeps_to_the_formats_and_limits(alert in any_alert()) {
        assert_within_limits(&alert);
    }
}
