//! Runs of literal text:
//! <https://adaptivecards.io/explorer/RichTextBlock.html>.

use serde_json::{Value, json};
use tocsin_core::prose::{Block, Marker, Span, blocks, spans};
use tocsin_core::text::with_kept_indent;

pub(super) fn rich(runs: &[Value]) -> Value {
    json!({"type": "RichTextBlock", "inlines": runs})
}

/// Text as it is; Teams would drop spaces at the beginning of its lines.
pub(super) fn literal(text: &str) -> Value {
    json!({"type": "TextRun", "text": inert(&with_kept_indent(text))})
}

fn monospace(text: &str) -> Value {
    let mut run = literal(text);
    run["fontType"] = "Monospace".into();
    run
}

/// A link that shows its target.
pub(super) fn link_to(url: &str) -> Value {
    let mut run = literal(url);
    run["selectAction"] = json!({"type": "Action.OpenUrl", "url": url});
    run
}

/// A text with its lists and code, an element for each of its blocks.
pub(super) fn prose(text: &str) -> Vec<Value> {
    let blocks = blocks(text).into_iter().map(|block| match block {
        Block::Lines(lines) => rich(&inline(lines)),
        Block::Code(code) => rich(&[monospace(code)]),
        Block::List(marker, items) => rich(&list(marker, &items)),
    });
    blocks.collect()
}

fn list(marker: Marker, items: &[&str]) -> Vec<Value> {
    let mut runs = Vec::new();
    for (at, item) in (0..).zip(items) {
        let end = if at == 0 { "" } else { "\n" };
        runs.push(literal(&match marker {
            Marker::Bullets => format!("{end}• "),
            Marker::Numbers(first) => format!("{end}{}. ", first + at),
        }));
        runs.extend(inline(item));
    }
    runs
}

fn inline(text: &str) -> Vec<Value> {
    let runs = spans(text).into_iter().map(|span| match span {
        Span::Text(text) => literal(text),
        Span::Code(code) => monospace(code),
    });
    runs.collect()
}

/// Splits `{{DATE(…)}}` and `{{TIME(…)}}`, which some clients replace even in literal texts
/// (<https://learn.microsoft.com/en-us/adaptive-cards/authoring-cards/text-features#date-and-time-formatting>);
/// an invisible word joiner separates the braces.
fn inert(text: &str) -> String {
    text.replace("{{DATE(", "{\u{2060}{DATE(")
        .replace("{{TIME(", "{\u{2060}{TIME(")
}
