//! The description on Cloud: Atlassian Document Format
//! (<https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>).
//!
//! Text nodes are literal: mentions, links and images are separate nodes, so no text
//! can become one. The document only has to follow the schema: no empty text, no
//! line breaks in text, no marks inside a code block.

use serde_json::{Value, json};
use tocsin_core::alert::Severity;
use tocsin_core::message::{ContextText, Message};
use tocsin_core::prose::{Block, Marker, Prose, Span, blocks, spans};
use tocsin_core::text::{Unit, fit};

use super::{DESCRIPTION_LIMIT, REFERENCE_LIMIT, TITLE_LIMIT, long_title, rows, share};

/// The size of the document's brackets and of one heading, in characters.
const FRAME_SIZE: usize = 300;

pub(super) fn document(message: &Message<'_>) -> Value {
    let panel = panel(message);
    let mut tail: Vec<Value> = Vec::new();
    tail.extend(table(message));
    if let Some(reference) = &message.reference {
        tail.push(heading("Reference"));
        tail.extend(bounded(reference, REFERENCE_LIMIT));
    }

    let share = share(size(&tail) + size(std::slice::from_ref(&panel)) + FRAME_SIZE);
    let mut content = vec![panel];
    if let Some(description) = &message.description {
        content.extend(bounded(description, share));
    }
    if let Some(runbook) = &message.runbook {
        content.push(heading("Runbook"));
        content.extend(bounded(runbook, share));
    }
    content.append(&mut tail);
    if let Some(context) = &message.context {
        let room = DESCRIPTION_LIMIT.saturating_sub(size(&content) + FRAME_SIZE);
        let shown = |text: &str| self::context(context, text);
        content.extend(fit(context.as_str(), room, shown, |nodes| size(nodes)));
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

/// Severity and link in the severity's colour, and a title that the summary cuts.
fn panel(message: &Message<'_>) -> Value {
    let kind = match message.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
        Severity::Info => "info",
    };
    let severity = strong(message.severity.as_str());
    let headline = fit(
        long_title(message).unwrap_or_default(),
        TITLE_LIMIT,
        |title| {
            let title = (!title.is_empty()).then(|| text(&format!(" {title}")));
            let view = message
                .link
                .as_deref()
                .map(|href| link("View the alert", href));
            let space = view.as_ref().map(|_| text("  "));
            let rest = title.into_iter().chain(space).chain(view);
            paragraph(&[vec![severity.clone()], rest.collect()].concat())
        },
        |node| size(std::slice::from_ref(node)).saturating_sub(link_size(message)),
    );
    json!({"type": "panel", "attrs": {"panelType": kind}, "content": [headline]})
}

/// The room that the link takes in the panel, which is not the title's.
fn link_size(message: &Message<'_>) -> usize {
    let link = message
        .link
        .as_deref()
        .map(|href| link("View the alert", href));
    link.map_or(0, |link| Unit::Characters.length(&link.to_string()))
}

/// A link that shows its target, or the blocks of a text, in at most `room` characters of
/// JSON.
fn bounded(long: &Prose<'_>, room: usize) -> Vec<Value> {
    if let Prose::Link(href) = long {
        let shown = vec![paragraph(&[link(href, href)])];
        if size(&shown) <= room {
            return shown;
        }
    }
    fit(long.as_str(), room, prose, |nodes| size(nodes))
}

/// A text with its lists and code.
fn prose(long: &str) -> Vec<Value> {
    let nodes = blocks(long).into_iter().flat_map(|block| match block {
        Block::Lines(lines) => paragraphs(lines),
        Block::Code(code) => vec![json!({"type": "codeBlock", "content": [text(code)]})],
        Block::List(marker, items) => vec![list(marker, &items)],
    });
    nodes.collect()
}

fn list(marker: Marker, items: &[&str]) -> Value {
    let item = |item: &&str| json!({"type": "listItem", "content": paragraphs(item)});
    let items: Vec<Value> = items.iter().map(item).collect();
    match marker {
        Marker::Bullets => json!({"type": "bulletList", "content": items}),
        Marker::Numbers(first) => {
            json!({"type": "orderedList", "attrs": {"order": first}, "content": items})
        }
    }
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
                content.extend(spans(line).into_iter().map(span));
            }
            (!content.is_empty()).then(|| paragraph(&content))
        })
        .collect()
}

fn span(span: Span<'_>) -> Value {
    match span {
        Span::Text(plain) => text(plain),
        Span::Code(code) => json!({"type": "text", "text": code, "marks": [{"type": "code"}]}),
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

/// As much of the context as `shown`, collapsed if it is longer than a screen.
fn context(context: &ContextText, shown: &str) -> Vec<Value> {
    // A text node must not be empty.
    let lines: Vec<Value> = (!shown.is_empty())
        .then(|| text(shown))
        .into_iter()
        .collect();
    let block = json!({"type": "codeBlock", "attrs": {"language": "json"}, "content": lines});
    if context.fits_screen() {
        return vec![heading("Context"), block];
    }
    let title = format!("Context ({} lines)", context.line_count());
    vec![json!({"type": "expand", "attrs": {"title": title}, "content": [block]})]
}
