use proptest::prelude::*;
use tocsin_core::alert::Severity;
use tocsin_core::text::{Unit, sanitize};
use tocsin_testing::{HOSTILE, any_alert, with_texts};

use super::*;

/// Removes the elements that the description is written with. The rest must not contain
/// a character with a meaning in HTML.
fn without_known_elements(html: &str) -> String {
    let mut rest = html.to_owned();
    while let Some(start) = rest.find("<a href=\"http") {
        let end = start + rest[start..].find("\">").unwrap() + 2;
        let href = &rest[start + 9..end - 2];
        assert!(!href.contains(['<', '>', '"', '\'', ' ']), "{href}");
        rest.replace_range(start..end, "");
    }
    for known in [
        "</a>", "<br>", "<b>", "</b>", "<pre>", "</pre>", "&amp;", "&lt;", "&gt;", "&quot;",
        "&#39;",
    ] {
        rest = rest.replace(known, "");
    }
    rest
}

fn check_alert(body: &Value) {
    let length = |value: &Value| Unit::Characters.length(value.as_str().unwrap());
    assert!((1..=130).contains(&length(&body["message"])));
    assert!((1..=512).contains(&length(&body["alias"])));
    assert!(length(&body["description"]) <= 15_000);
    assert!(!body["message"].as_str().unwrap().contains(['<', '>', '\n']));
    let rest = without_known_elements(body["description"].as_str().unwrap());
    assert!(!rest.contains(['<', '>', '&', '"', '\'']), "{rest}");
    let text = body.to_string();
    assert_eq!(sanitize(&text), text.as_str(), "nothing hides or reorders");
    if let Some(tags) = body.get("tags") {
        assert!(tags.as_array().unwrap().len() <= 20);
        assert!(
            tags.as_array()
                .unwrap()
                .iter()
                .all(|tag| (1..=50).contains(&length(tag)))
        );
    }
    if let Some(details) = body.get("details") {
        let total: usize = details
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| Unit::Characters.length(key) + length(value))
            .sum();
        assert!(total <= 8_000, "{total}");
        assert!(!details["alertId"].as_str().unwrap().contains(['<', '>']));
    }
}

#[test]
fn the_largest_of_everything_fits() {
    let mut json = full_json();
    for field in [
        "title",
        "name",
        "description",
        "runbook",
        "reference",
        "alertId",
    ] {
        json[field] = json!("'".repeat(40_000));
    }
    json["alertId"] = json!("&".repeat(512));
    json["id"] = json!("\"".repeat(2_000));
    json["link"] = json!(format!("https://siem.example.com/?{}", "&".repeat(1_900)));
    json["logTypes"] = json!(vec!["<".repeat(200); 100]);
    for (detail, link) in [
        (Detail::Full, "among the details"),
        (Detail::Minimal, "<a href="),
    ] {
        let body = plain().body(&alert(&json), detail);
        check_alert(&body);
        assert!(body["description"].as_str().unwrap().contains(link));
    }
}

#[test]
fn hostile_texts_have_no_meaning_in_any_field() {
    let fields = [
        "id",
        "title",
        "name",
        "description",
        "runbook",
        "reference",
        "alertId",
    ];
    for text in HOSTILE {
        let mut alert = with_texts(&fields, text);
        alert.tags = vec![text.to_owned(), text.to_owned()];
        alert.alert_context = serde_json::Map::from_iter([
            (text.to_owned(), json!(text)),
            ("alertId".to_owned(), json!(text)),
        ])
        .into();
        check_alert(&plain().body(&alert, Detail::Full));
    }
}

proptest! {
    #[test]
    fn every_alert_fits_and_has_only_known_elements(alert in any_alert(), severity in 0usize..5) {
        let mut alert = alert;
        alert.severity = Severity::ALL[severity];
        for detail in [Detail::Full, Detail::Minimal] {
            check_alert(&plain().body(&alert, detail));
        }
    }
}
