//! Elements of `rich_text`, whose texts are literal:
//! <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>.

use serde_json::{Value, json};
use tocsin_core::Timestamp;
use tocsin_core::prose::{Block, Marker, Span, blocks, spans};
use tocsin_core::text::{Unit, prefix};

pub(super) fn rich_text(elements: &[Value]) -> Value {
    json!({"type": "rich_text", "elements": elements})
}

pub(super) fn section(elements: &[Value]) -> Value {
    json!({"type": "rich_text_section", "elements": elements})
}

pub(super) fn literal(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

pub(super) fn bold(text: &str) -> Value {
    json!({"type": "text", "text": text, "style": {"bold": true}})
}

/// A link that shows its target.
pub(super) fn link_to(url: &str) -> Value {
    json!({"type": "link", "url": url})
}

/// A time in the reader's zone:
/// <https://docs.slack.dev/reference/block-kit/block-elements/date-element>.
pub(super) fn date(time: Timestamp) -> Value {
    let seconds = time.unix_seconds();
    if seconds < 0 {
        // Whether Slack accepts times before 1970 is not documented.
        return literal(&time.readable());
    }
    json!({
        "type": "date", "timestamp": seconds, "format": "{date_num} {time_secs}",
        "fallback": time.readable(),
    })
}

/// Text in monospace, in pieces of at most `limit` characters.
pub(super) fn preformatted(text: &str, limit: usize) -> Value {
    let mut elements = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let piece = prefix(rest, limit, Unit::Characters);
        elements.push(literal(piece));
        rest = &rest[piece.len()..];
    }
    json!({"type": "rich_text_preformatted", "elements": elements})
}

/// A text with its lists and code.
pub(super) fn prose(text: &str) -> Vec<Value> {
    let parts = blocks(text).into_iter().map(|block| match block {
        Block::Lines(lines) => inline(lines),
        Block::Code(code) => json!({"type": "rich_text_preformatted", "elements": [literal(code)]}),
        Block::List(marker, items) => list(marker, &items),
    });
    parts.collect()
}

fn list(marker: Marker, items: &[&str]) -> Value {
    let elements: Vec<Value> = items.iter().map(|item| inline(item)).collect();
    match marker {
        Marker::Bullets => {
            json!({"type": "rich_text_list", "style": "bullet", "elements": elements})
        }
        Marker::Numbers(first) => json!({
            "type": "rich_text_list", "style": "ordered", "offset": first - 1, "elements": elements,
        }),
    }
}

fn inline(text: &str) -> Value {
    let elements: Vec<Value> = spans(text)
        .into_iter()
        .map(|span| match span {
            Span::Text(text) => literal(text),
            Span::Code(code) => json!({"type": "text", "text": code, "style": {"code": true}}),
        })
        .collect();
    section(&elements)
}
