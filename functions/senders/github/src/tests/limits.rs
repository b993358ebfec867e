use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, parse_document};
use proptest::prelude::*;
use tocsin_core::link::web_url;
use tocsin_core::text::Unit;
use tocsin_testing::{HOSTILE, any_alert, with_texts};

use super::*;
use crate::message::{BODY_LIMIT, TITLE_LIMIT};

const TEXTS: [&str; 5] = ["title", "name", "description", "runbook", "reference"];

/// Everything that GitHub reads in addition to `CommonMark`.
fn as_github_reads() -> Options<'static> {
    let mut options = Options::default();
    let extension = &mut options.extension;
    extension.autolink = true;
    extension.alerts = true;
    extension.footnotes = true;
    extension.math_code = true;
    extension.math_dollars = true;
    extension.strikethrough = true;
    extension.table = true;
    extension.tasklist = true;
    options
}

/// Reads a body as GitHub does. It may contain only the layout's markup.
fn assert_only_our_markup(alert: &Alert, body: &str) {
    let arena = Arena::new();
    let root = parse_document(&arena, body, &as_github_reads());
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
    for node in root.descendants() {
        match &node.data.borrow().value {
            NodeValue::HtmlBlock(html) => {
                let html = html.literal.trim_end();
                let ours = html.starts_with("<!-- tocsin-delivery:")
                    || [
                        "<details open><summary>Context</summary>",
                        "</details>",
                        "<!-- -->",
                    ]
                    .contains(&html)
                    || html
                        .strip_prefix("<details><summary>Context (")
                        .is_some_and(|rest| rest.ends_with(" lines)</summary>"));
                assert!(ours, "{html}");
            }
            NodeValue::Link(to) => assert!(links.contains(&to.url), "{}", to.url),
            NodeValue::Heading(heading) => assert_eq!(heading.level, 3),
            NodeValue::CodeBlock(block) => assert!(["json", ""].contains(&&*block.info)),
            NodeValue::Text(_) => assert_joins_nothing(&text_around(node)),
            NodeValue::Document
            | NodeValue::Paragraph
            | NodeValue::Code(_)
            | NodeValue::SoftBreak
            | NodeValue::LineBreak
            | NodeValue::Strong
            | NodeValue::List(_)
            | NodeValue::Item(_)
            | NodeValue::Table(_)
            | NodeValue::TableRow(_)
            | NodeValue::TableCell => {}
            other => panic!("{other:?} in {body}"),
        }
    }
}

/// The rendered text of which `node` is part.
fn text_around<'a>(node: &'a AstNode<'a>) -> String {
    let mut text = String::new();
    for sibling in node.parent().unwrap().children() {
        match &sibling.data.borrow().value {
            NodeValue::Text(part) => text.push_str(part),
            _ => text.push('\n'),
        }
    }
    text
}

/// Checks that GitHub finds no mention, reference or link in rendered text.
fn assert_joins_nothing(text: &str) {
    let lower = text.to_lowercase();
    let follows = |mark: &str, joined: fn(char) -> bool| {
        lower
            .match_indices(mark)
            .any(|(at, _)| lower[at + mark.len()..].starts_with(joined))
    };
    assert!(!follows("@", char::is_alphanumeric), "{text}");
    assert!(!follows("#", |c| c.is_ascii_digit()), "{text}");
    assert!(!follows("gh-", |c| c.is_ascii_digit()), "{text}");
    assert!(!lower.contains("://") && !lower.contains("www."), "{text}");
    let is_commit = |word: &str| {
        (7..=40).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_hexdigit())
            && word.bytes().any(|byte| byte.is_ascii_digit())
    };
    let mut words = lower.split(|c: char| !c.is_alphanumeric() && c != '_');
    assert!(!words.any(is_commit), "{text}");
    let mut names = lower.split(':').skip(1).collect::<Vec<_>>();
    names.pop();
    let is_emoji = |name: &&str| {
        let is_short = name.len() <= 4 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let hexadecimal = ["a", "ab", "abc", "abcd", "b", "bed", "bee", "cd", "de"];
        (!is_short || hexadecimal.contains(name))
            && name.bytes().any(|byte| byte.is_ascii_lowercase())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
    };
    assert!(!names.iter().any(is_emoji), "{text}");
}

fn assert_within_limits(alert: &Alert) {
    for detail in [Detail::Full, Detail::Minimal] {
        let issue = plain().body(alert, detail);
        let (title, body) = (
            issue["title"].as_str().unwrap(),
            issue["body"].as_str().unwrap(),
        );
        assert!(Unit::Characters.length(title) <= TITLE_LIMIT && !title.contains('\n'));
        assert!(Unit::Characters.length(body) <= BODY_LIMIT);
        assert!(body.starts_with(&format!("<!-- tocsin-delivery:{} -->", delivery())));
        assert_only_our_markup(alert, body);
    }
}

#[test]
fn every_sample_keeps_to_the_layout_and_limits() {
    for (_, alert) in samples() {
        assert_within_limits(&alert);
    }
    for text in HOSTILE {
        assert_within_limits(&with_texts(&TEXTS, text));
    }
}

#[test]
fn the_longest_texts_leave_room_for_all_parts() {
    let mut json = full_json();
    json["link"] = json!(format!("https://siem.example.com/{}", "|".repeat(1_900)));
    json["title"] = json!("#".repeat(1_000));
    for field in ["name", "description", "runbook", "reference", "id"] {
        json[field] = json!("#@`".repeat(20_000));
    }
    json["tags"] = json!(vec!["#".repeat(200); 100]);
    json["logTypes"] = json["tags"].clone();
    json["alertContext"] = json!({"a": "`".repeat(100_000)});
    assert_within_limits(&tocsin_testing::alert(&json));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_alert_keeps_to_the_layout_and_limits(alert in any_alert()) {
        assert_within_limits(&alert);
    }

    #[test]
    fn no_markdown_gets_through(
        text in "([-+*_#>|=:.)(\\[\\]!`~@$&<\\\\ \t\n/w0-9aGHgh]|https://|www\\.|GH-|<!--|```|[0-9a-f]{7,9}|:key:){0,60}"
    ) {
        let mut alert = with_texts(&TEXTS, &text);
        alert.tags = vec![text];
        assert_within_limits(&alert);
    }
}
