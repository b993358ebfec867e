//! The description on Cloud: Atlassian Document Format
//! (<https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>).
//!
//! Text nodes are literal: mentions, links and images are separate nodes, so no text
//! can become one. The document only has to follow the schema: no empty text, no
//! line breaks in text, no marks inside a code block.

use serde_json::{Value, json};
use tocsin_core::alert::Severity;
use tocsin_core::link::web_url;
use tocsin_core::message::Message;
use tocsin_core::text::{Unit, fit};

use super::{DESCRIPTION_LIMIT, REFERENCE_LIMIT, TITLE_LIMIT, rows, share};

/// The size of the document's brackets and of one heading, in characters.
const FRAME_SIZE: usize = 300;

pub(super) fn document(message: &Message<'_>) -> Value {
    let panel = panel(message);
    let mut tail: Vec<Value> = Vec::new();
    if let Some(text) = message.reference {
        tail.push(heading("Reference"));
        tail.extend(reference(text));
    }
    tail.extend(table(message));

    let share = share(size(&tail) + size(std::slice::from_ref(&panel)) + FRAME_SIZE);
    let mut content = vec![panel];
    if let Some(description) = message.description {
        content.extend(bounded(description, share));
    }
    if let Some(runbook) = message.runbook {
        content.push(heading("Runbook"));
        content.extend(bounded(runbook, share));
    }
    content.append(&mut tail);
    if let Some(context) = &message.context {
        let room = DESCRIPTION_LIMIT.saturating_sub(size(&content) + FRAME_SIZE);
        content.push(fit(context, room, expand, |node| {
            size(std::slice::from_ref(node))
        }));
    }
    json!({"type": "doc", "version": 1, "content": content})
}

/// The length of nodes as JSON, in characters.
fn size(nodes: &[Value]) -> usize {
    nodes
        .iter()
        .map(|node| Unit::Characters.length(&node.to_string()) + 1)
        .sum()
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn strong(text: &str) -> Value {
    json!({"type": "text", "text": text, "marks": [{"type": "strong"}]})
}

fn link(text: &str, href: &str) -> Value {
    json!({"type": "text", "text": text, "marks": [{"type": "link", "attrs": {"href": href}}]})
}

fn paragraph(content: &[Value]) -> Value {
    json!({"type": "paragraph", "content": content})
}

fn heading(title: &str) -> Value {
    json!({"type": "heading", "attrs": {"level": 3}, "content": [text(title)]})
}

/// Severity, title and link, in the severity's colour.
fn panel(message: &Message<'_>) -> Value {
    let kind = match message.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
        Severity::Info => "info",
    };
    let severity = strong(message.severity.as_str());
    let headline = fit(
        message.title,
        TITLE_LIMIT,
        |title| {
            let title = (!title.is_empty()).then(|| text(&format!(" {title}")));
            paragraph(&[vec![severity.clone()], title.into_iter().collect()].concat())
        },
        |node| size(std::slice::from_ref(node)),
    );
    let mut content = vec![headline];
    if let Some(href) = message.link.and_then(web_url) {
        content.push(paragraph(&[link("View the alert", &href)]));
    }
    json!({"type": "panel", "attrs": {"panelType": kind}, "content": content})
}

/// Paragraphs of `long`, at most `room` characters of JSON.
fn bounded(long: &str, room: usize) -> Vec<Value> {
    fit(long, room, paragraphs, |nodes| size(nodes))
}

/// Blank lines separate paragraphs, single line breaks stay line breaks.
fn paragraphs(long: &str) -> Vec<Value> {
    long.split("\n\n")
        .filter_map(|block| {
            let mut content = Vec::new();
            for line in block.trim_matches('\n').split('\n') {
                if !content.is_empty() {
                    content.push(json!({"type": "hardBreak"}));
                }
                if !line.is_empty() {
                    content.push(text(line));
                }
            }
            (!content.is_empty()).then(|| paragraph(&content))
        })
        .collect()
}

fn reference(text: &str) -> Vec<Value> {
    match web_url(text) {
        Some(href) if href.len() <= REFERENCE_LIMIT => vec![paragraph(&[link(&href, &href)])],
        _ => bounded(text, REFERENCE_LIMIT),
    }
}

fn table(message: &Message<'_>) -> Option<Value> {
    let rows: Vec<Value> = rows(message)
        .iter()
        .map(|(label, value)| {
            json!({"type": "tableRow", "content": [
                {"type": "tableHeader", "attrs": {}, "content": [paragraph(&[text(label)])]},
                {"type": "tableCell", "attrs": {}, "content": [paragraph(&[text(value)])]},
            ]})
        })
        .collect();
    (!rows.is_empty()).then(|| {
        json!({"type": "table", "attrs": {"isNumberColumnEnabled": false, "layout": "default"}, "content": rows})
    })
}

/// The context, collapsed.
fn expand(context: &str) -> Value {
    // A text node must not be empty.
    let lines: Vec<Value> = (!context.is_empty())
        .then(|| text(context))
        .into_iter()
        .collect();
    json!({"type": "expand", "attrs": {"title": "Context"}, "content": [
        {"type": "codeBlock", "attrs": {"language": "json"}, "content": lines},
    ]})
}
