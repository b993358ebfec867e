use std::fmt::Write;

use proptest::prelude::*;
use serde_json::Value;
use tocsin_core::alert::Severity;
use tocsin_core::link::web_url;
use tocsin_core::text::Unit;
use tocsin_testing::{alert, any_alert, full_json, has_snapshot};

use super::*;
use crate::message::blocks::{BLOCKS_LIMIT, TEXT_LIMIT, URL_LIMIT};

#[test]
fn messages_of_the_samples() {
    for (name, alert) in samples() {
        let request = webhook().request(&alert, Detail::Full);
        assert_valid(&alert, &request);
        if has_snapshot(&name) {
            snapshot(&name, &request.to_string());
        }
    }
}

#[test]
fn severities_and_types_have_their_colour_and_text() {
    let mut shown = String::new();
    for (name, alert) in samples() {
        if !has_snapshot(&name) {
            let body = webhook().request(&alert, Detail::Full).body;
            let body: Value = serde_json::from_slice(&body).unwrap();
            let attachment = &body["attachments"][0];
            let kind = alert.alert_type.as_str();
            assert!(attachment["blocks"].to_string().contains(kind));
            let _ = writeln!(
                shown,
                "{name}: {} {} {kind}",
                attachment["color"], body["text"]
            );
        }
    }
    snapshot("severities_and_types", &shown);
}

#[test]
fn a_bots_request_names_the_channel() {
    let request = bot().request(&full(), Detail::Full);
    snapshot("request_bot", &request.to_string());
}

#[test]
fn the_minimal_form_is_text() {
    for (name, alert) in samples()
        .into_iter()
        .filter(|(name, _)| !name.contains('_'))
    {
        let request = bot().request(&alert, Detail::Minimal);
        snapshot(&format!("minimal_{name}"), &request.to_string());
    }
}

/// Checks Slack's limits, and that no text has a meaning.
fn assert_valid(alert: &Alert, request: &Request) {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let length = |text: &str| Unit::Characters.length(text);
    let text = body["text"].as_str().unwrap();
    assert!(text.starts_with(&format!("[{}] ", alert.severity)));
    assert!(!text.contains(['<', '>']) && length(text) <= 4_100 + URL_LIMIT * 5);
    for entity in text.split('&').skip(1) {
        assert!(
            ["amp;", "lt;", "gt;"].iter().any(|e| entity.starts_with(e)),
            "{entity}"
        );
    }
    for key in ["mrkdwn", "unfurl_links", "unfurl_media"] {
        assert_eq!(body[key], false, "{key}");
    }
    for key in ["link_names", "parse"] {
        assert!(body.get(key).is_none(), "{key}");
    }
    let Some(attachments) = body.get("attachments") else {
        return;
    };
    assert_eq!(attachments.as_array().unwrap().len(), 1);
    assert_eq!(attachments[0].as_object().unwrap().len(), 2);
    let (title, blocks) = (&body["blocks"], &attachments[0]["blocks"]);
    let together = length(&title.to_string()) + length(&blocks.to_string());
    assert!(together <= BLOCKS_LIMIT + 4, "{together}");
    assert_eq!(title.as_array().unwrap().len(), 1);
    assert!((1..=7).contains(&blocks.as_array().unwrap().len()));
    assert_literal(alert, title);
    assert_literal(alert, blocks);
}

/// Checks that every text has a literal type and a valid length, and that every link is
/// one of the alert.
fn assert_literal(alert: &Alert, value: &Value) {
    if let Value::Array(items) = value {
        for item in items {
            assert_literal(alert, item);
        }
    }
    let Value::Object(object) = value else { return };
    match object["type"].as_str().unwrap() {
        "plain_text" => assert_eq!(object["emoji"], false),
        "link" => {
            let page = alert.link.as_deref().and_then(web_url);
            let fields = [&alert.description, &alert.runbook, &alert.reference];
            let mut fields = fields
                .into_iter()
                .flatten()
                .filter_map(|text| web_url(text));
            let url = object["url"].as_str().unwrap();
            let is_title = object.contains_key("text") && page.as_deref() == Some(url);
            assert!(is_title || fields.any(|field| field == url), "{url}");
            assert!(is_title || !object.contains_key("text"));
        }
        "date" => {
            assert_eq!(object["timestamp"], alert.created_at.unix_seconds());
            assert_eq!(object["format"], "{date_num} {time_secs}");
        }
        "button" => {
            let url = object["url"].as_str().unwrap();
            assert_eq!(
                alert.link.as_deref().and_then(web_url).as_deref(),
                Some(url)
            );
            assert!(url.len() <= URL_LIMIT);
        }
        kind => assert!(
            [
                "rich_text",
                "rich_text_list",
                "rich_text_section",
                "rich_text_preformatted",
                "text",
                "actions",
                "context"
            ]
            .contains(&kind),
            "{kind}"
        ),
    }
    if let Some(text) = object.get("text").and_then(Value::as_str) {
        assert!((1..=TEXT_LIMIT).contains(&Unit::Characters.length(text)));
        assert!(!text.chars().any(
            |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\0'..='\u{8}')
        ));
    }
    for inner in object
        .values()
        .filter(|inner| inner.is_object() || inner.is_array())
    {
        if inner.get("type").is_some() || inner.is_array() {
            assert_literal(alert, inner);
        }
    }
}

#[test]
fn a_text_that_is_a_url_becomes_a_link_that_shows_its_target() {
    let mut alert = full();
    alert.runbook = Some("https://wiki.example.com/runbooks/7".to_owned());
    alert.description = Some("see https://evil.example".to_owned());
    alert.detection_id = "https://evil.example".to_owned();
    alert.name = None;
    let body = String::from_utf8(webhook().request(&alert, Detail::Full).body).unwrap();
    assert!(body.contains(r#"{"type":"link","url":"https://wiki.example.com/runbooks/7"}"#));
    assert!(body.contains(r#"{"type":"text","text":"see https://evil.example"}"#));
    assert!(!body.contains(r#""url":"https://evil.example""#));
}

#[test]
fn a_message_with_a_link_too_long_for_a_button_has_no_button() {
    let mut alert = full();
    alert.link = Some(format!("https://siem.example.com/{}", "é".repeat(900)));
    let body = String::from_utf8(webhook().request(&alert, Detail::Full).body).unwrap();
    assert!(!body.contains("\"actions\"") && !body.contains("\"link\",\"url\":\"https://siem"));
}

#[test]
fn code_and_lists_are_shown_and_long_contexts_end_where_the_screen_does() {
    let mut json = full_json();
    json["description"] = json!("Looks at `sts:AssumeRole`.\n\n> and *more*");
    json["runbook"] = json!("Do this:\n1. Find `<@U012AB3CD>`\n2. Revoke\n- x\n```\naws sts\n```");
    json["alertContext"] = json!({"events": (0..220).collect::<Vec<_>>()});
    json["createdAt"] = json!("2020-10-13T03:35:24.123456Z");
    let request = webhook().request(&alert(&json), Detail::Full);
    assert_valid(&alert(&json), &request);
    snapshot("prose", &request.to_string());
    json["link"] = Value::Null;
    let request = webhook().request(&alert(&json), Detail::Full);
    assert_valid(&alert(&json), &request);
    let body = String::from_utf8(request.body).unwrap();
    assert!(
        body.contains("    219\\n"),
        "all of it, if there is no other place"
    );
}

#[test]
fn blank_texts_make_no_blocks() {
    let mut alert = full();
    alert.description = Some(" \n".to_owned());
    alert.runbook = Some(String::new());
    alert.reference = Some(" ".to_owned());
    alert.log_types = vec![String::new()];
    let request = webhook().request(&alert, Detail::Full);
    assert_valid(&alert, &request);
    let body = String::from_utf8(request.body).unwrap();
    for label in ["Description", "Runbook", "Reference", "Log types"] {
        assert!(!body.contains(label), "{label}");
    }
}

proptest! {
    #[test]
    fn every_alert_fits_and_has_only_literal_texts(
        alert in any_alert(), severity in 0usize..5
    ) {
        let mut alert = alert;
        alert.severity = Severity::ALL[severity];
        for detail in [Detail::Full, Detail::Minimal] {
            for destination in [webhook(), bot()] {
                assert_valid(&alert, &destination.request(&alert, detail));
            }
        }
    }
}
