use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use tocsin_core::link::web_url;
use tocsin_core::text::Unit;
use tocsin_testing::{HOSTILE, any_alert, with_texts};

use super::*;
use crate::message::{NAME_LIMIT, NOTES_LIMIT};

/// Reads notes as XML: well-formed, one `body`, only known tags, and only links of the
/// alert. Returns the text.
fn assert_is_rich_text(alert: &Alert, html: &str) -> String {
    let links = [
        &alert.link,
        &alert.description,
        &alert.runbook,
        &alert.reference,
    ];
    let links: Vec<String> = links
        .into_iter()
        .flatten()
        .filter_map(|link| web_url(link))
        .collect();
    let mut reader = Reader::from_str(html);
    reader.config_mut().check_end_names = true;
    let (mut depth, mut bodies, mut text) = (0, 0, String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                let name = tag.name().as_ref().to_owned();
                let known = ["body", "strong", "a", "h2", "ul", "ol", "li", "pre", "code"];
                assert!(known.contains(&name.as_str()), "{name}");
                bodies += i32::from(name == "body");
                assert_eq!(depth == 0, name == "body");
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    assert_eq!((name.as_str(), attribute.key.as_ref()), ("a", "href"));
                    let href = attribute.value.to_string();
                    assert!(links.contains(&href.replace("&amp;", "&")), "{href}");
                }
                depth += 1;
            }
            Event::End(_) => depth -= 1,
            Event::Text(part) => text.push_str(&part),
            Event::GeneralRef(name) => {
                let c = match &*name {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    other => panic!("{other:?}"),
                };
                text.push(c);
            }
            Event::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((depth, bodies), (0, 1));
    // https://www.w3.org/TR/xml/#charsets
    let allowed =
        |c: char| matches!(c, '\t' | '\n' | ' '..) && !matches!(c, '\u{fffe}' | '\u{ffff}');
    assert!(html.chars().all(allowed));
    text
}

fn assert_within_limits(alert: &Alert) {
    let marker = format!("\nTocsin delivery {}", delivery());
    for detail in [Detail::Full, Detail::Minimal] {
        let task = task(alert, detail);
        let name = task["name"].as_str().unwrap();
        assert!(Unit::Characters.length(name) <= NAME_LIMIT && !name.contains('\n'));
        assert!(!name.to_lowercase().contains("asana.com"));
        let text = match detail {
            Detail::Full => {
                assert_eq!(task.get("notes"), None);
                let html = task["html_notes"].as_str().unwrap();
                assert!(Unit::Characters.length(html) <= NOTES_LIMIT);
                assert_is_rich_text(alert, html)
            }
            Detail::Minimal => {
                assert_eq!(task.get("html_notes"), None);
                task["notes"].as_str().unwrap().to_owned()
            }
        };
        assert!(text.ends_with(&marker), "{text}");
        let lower = text.to_lowercase();
        assert!(!lower.contains("asana.com") && !lower.contains("https://app.asana%2ecom"));
    }
}

#[test]
fn every_sample_keeps_to_the_format_and_limits() {
    for (_, alert) in samples() {
        assert_within_limits(&alert);
    }
    let mentions = [
        "https://app.asana.com/0/1200000000000001/",
        "<a href=\"https://APP.ASANA.COM/0/1\">x</a>",
        "https://app.asana%2Ecom/0/1200000000000001/",
        "https://app.as`ana`.com/0/1200000000000001/",
        "- https://app.asana.com/0/1\n1. `https://app.asana.com/0/1`",
    ];
    let fields = [
        "title",
        "name",
        "description",
        "runbook",
        "reference",
        "link",
    ];
    for text in HOSTILE.into_iter().chain(mentions) {
        let mut alert = with_texts(&fields, text);
        alert.alert_context = serde_json::Map::from_iter([(text.to_owned(), json!(text))]).into();
        assert_within_limits(&alert);
    }
}

#[test]
fn the_longest_texts_leave_room_for_all_parts() {
    let mut json = full_json();
    json["link"] = json!(format!("https://siem.example.com/?{}", "&".repeat(1_900)));
    json["title"] = json!("\"".repeat(1_000));
    for field in ["name", "description", "runbook", "reference", "id"] {
        json[field] = json!("\"&<".repeat(20_000));
    }
    json["tags"] = json!(vec!["\"".repeat(200); 100]);
    json["logTypes"] = json["tags"].clone();
    json["alertContext"] = json!({"a": "<".repeat(100_000)});
    assert_within_limits(&tocsin_testing::alert(&json));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_alert_keeps_to_the_format_and_limits(alert in any_alert()) {
        assert_within_limits(&alert);
    }
}
