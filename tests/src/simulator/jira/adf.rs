//! Atlassian Document Format, by its schema
//! (<https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>):
//! which nodes may contain which, no empty text, no marks in a block of code.

use serde_json::Value;

/// What may stand inside each node; nodes that are not named hold nothing.
const CONTENT: [(&str, &[&str]); 14] = [
    ("doc", &BLOCKS),
    (
        "panel",
        &["paragraph", "heading", "bulletList", "orderedList"],
    ),
    ("expand", &BLOCKS),
    (
        "blockquote",
        &["paragraph", "bulletList", "orderedList", "codeBlock"],
    ),
    ("bulletList", &["listItem"]),
    ("orderedList", &["listItem"]),
    (
        "listItem",
        &["paragraph", "bulletList", "orderedList", "codeBlock"],
    ),
    ("table", &["tableRow"]),
    ("tableRow", &["tableHeader", "tableCell"]),
    ("tableHeader", &CELL),
    ("tableCell", &CELL),
    ("paragraph", &INLINE),
    ("heading", &INLINE),
    ("codeBlock", &["text"]),
];
const BLOCKS: [&str; 10] = [
    "paragraph",
    "heading",
    "panel",
    "table",
    "expand",
    "codeBlock",
    "bulletList",
    "orderedList",
    "blockquote",
    "rule",
];
const CELL: [&str; 7] = [
    "paragraph",
    "heading",
    "panel",
    "codeBlock",
    "bulletList",
    "orderedList",
    "rule",
];
const INLINE: [&str; 7] = [
    "text",
    "hardBreak",
    "mention",
    "emoji",
    "status",
    "date",
    "inlineCard",
];
/// Nodes that may be empty.
const MAY_BE_EMPTY: [&str; 4] = ["doc", "paragraph", "heading", "codeBlock"];
const PANELS: [&str; 6] = ["info", "note", "tip", "warning", "error", "success"];
const MARKS: [&str; 9] = [
    "strong",
    "em",
    "code",
    "strike",
    "underline",
    "link",
    "subsup",
    "textColor",
    "backgroundColor",
];

/// Whether a description keeps to the schema. What is not a document at all is for
/// the rules of fields to refuse.
pub(super) fn is_sound(description: &Value) -> bool {
    if !description.is_object() {
        return true;
    }
    description["type"] == "doc" && description["version"] == 1 && node(description, "")
}

fn node(value: &Value, parent: &str) -> bool {
    let (Some(fields), Some(kind)) = (value.as_object(), value["type"].as_str()) else {
        return false;
    };
    let known = |name: &String| {
        let known = ["type", "content", "attrs", "marks", "text"];
        known.contains(&name.as_str()) || (kind == "doc" && name == "version")
    };
    fields.keys().all(known)
        && attributes(kind, value)
        && text(kind, value, parent)
        && children(kind, value)
}

fn children(kind: &str, value: &Value) -> bool {
    let allowed = CONTENT.iter().find(|(name, _)| *name == kind);
    match (allowed, &value["content"]) {
        (None, content) => content.is_null(),
        (Some(_), Value::Null) => MAY_BE_EMPTY.contains(&kind) && kind != "doc",
        (Some((_, allowed)), Value::Array(content)) => {
            let fits = |child: &Value| {
                let name = child["type"].as_str().unwrap_or_default();
                allowed.contains(&name) && node(child, kind)
            };
            (!content.is_empty() || MAY_BE_EMPTY.contains(&kind)) && content.iter().all(fits)
        }
        _ => false,
    }
}

fn attributes(kind: &str, value: &Value) -> bool {
    let attributes = &value["attrs"];
    match kind {
        "heading" => attributes["level"]
            .as_u64()
            .is_some_and(|level| (1..=6).contains(&level)),
        "panel" => {
            let panel = attributes["panelType"].as_str();
            panel.is_some_and(|panel| PANELS.contains(&panel))
        }
        _ => attributes.is_null() || attributes.is_object(),
    }
}

/// Only text nodes have a text and marks; it is never empty.
fn text(kind: &str, value: &Value, parent: &str) -> bool {
    let marks = value["marks"].as_array().map_or(&[][..], Vec::as_slice);
    if kind != "text" {
        return value["text"].is_null() && value["marks"].is_null();
    }
    let mark = |mark: &Value| {
        let name = mark["type"].as_str().unwrap_or_default();
        let leads = name != "link" || is_link(&mark["attrs"]["href"]);
        MARKS.contains(&name) && leads
    };
    let filled = value["text"].as_str().is_some_and(|text| !text.is_empty());
    filled && marks.iter().all(mark) && (parent != "codeBlock" || marks.is_empty())
}

fn is_link(href: &Value) -> bool {
    href.as_str().is_some_and(|href| {
        ["http://", "https://", "mailto:"]
            .iter()
            .any(|scheme| href.starts_with(scheme))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn doc(content: &Value) -> Value {
        json!({"type": "doc", "version": 1, "content": content})
    }

    #[test]
    fn sound_documents_pass() {
        let text = json!({"type": "text", "text": "x", "marks": [{"type": "strong"}]});
        let link = json!({"type": "text", "text": "x", "marks": [{"type": "link", "attrs": {"href": "https://a.example"}}]});
        let paragraph =
            json!({"type": "paragraph", "content": [text, {"type": "hardBreak"}, link]});
        let cell = json!({"type": "tableCell", "attrs": {}, "content": [paragraph]});
        for content in [
            json!([]),
            json!([paragraph]),
            json!([{"type": "panel", "attrs": {"panelType": "error"}, "content": [paragraph]}]),
            json!([{"type": "heading", "attrs": {"level": 3}, "content": [text]}]),
            json!([{"type": "table", "content": [{"type": "tableRow", "content": [cell]}]}]),
            json!([{"type": "expand", "attrs": {"title": "t"}, "content": [
                {"type": "codeBlock", "attrs": {"language": "json"}, "content": [{"type": "text", "text": "{\n}"}]},
            ]}]),
        ] {
            assert!(is_sound(&doc(&content)), "{content}");
        }
    }

    #[test]
    fn unsound_documents_do_not() {
        let text = json!({"type": "text", "text": "x"});
        for content in [
            json!([text]),
            json!([{"type": "paragraph", "content": [{"type": "text", "text": ""}]}]),
            json!([{"type": "paragraph", "text": "x"}]),
            json!([{"type": "paragraph", "colour": "red"}]),
            json!([{"type": "panel", "attrs": {"panelType": "red"}, "content": [{"type": "paragraph"}]}]),
            json!([{"type": "panel", "attrs": {"panelType": "info"}, "content": []}]),
            json!([{"type": "heading", "content": [text]}]),
            json!([{"type": "table", "content": [{"type": "tableCell", "content": []}]}]),
            json!([{"type": "codeBlock", "content": [{"type": "text", "text": "x", "marks": [{"type": "strong"}]}]}]),
            json!([{"type": "paragraph", "content": [{"type": "text", "text": "x", "marks": [{"type": "link", "attrs": {"href": "javascript:x"}}]}]}]),
            json!([{"type": "blink"}]),
        ] {
            assert!(!is_sound(&doc(&content)), "{content}");
        }
        assert!(!is_sound(
            &json!({"type": "doc", "version": 2, "content": []})
        ));
        assert!(!is_sound(&json!({"type": "doc", "version": 1})));
    }
}
