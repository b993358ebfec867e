//! The message's blocks.
//!
//! No text of an alert stands in a `mrkdwn` object, where `*`, `_`, `~`, emoji
//! names and leading `&gt;` have a meaning that cannot be escaped. All of it is
//! in `plain_text` without emoji or in `rich_text`, whose texts are literal.

use serde_json::{Value, json};
use tocsin_core::link::web_url;
use tocsin_core::message::{Message, Texts};
use tocsin_core::text::{Unit, prefix, truncate};

/// The most that all blocks together may be as JSON. Slack documents no such
/// limit, and refuses from about 11,300 characters on:
/// <https://github.com/slackapi/bolt-js/issues/2509>, …/2867.
pub(crate) const MOST: usize = 9_000;
/// A header's text: <https://docs.slack.dev/reference/block-kit/blocks/header-block>.
pub(crate) const HEADER: usize = 150;
/// A text object: <https://docs.slack.dev/reference/block-kit/composition-objects/text-object>.
/// None is documented for the texts of `rich_text`; they keep to the same.
pub(crate) const TEXT: usize = 3_000;
/// A button's URL: <https://docs.slack.dev/reference/block-kit/block-elements/button-element>.
pub(crate) const BUTTON_URL: usize = 3_000;

/// One fact's value, and the tags: a line or two, so that there is always room
/// for the description.
const LINE: usize = 300;
/// What the context needs beyond its text: it is divided into texts of [`TEXT`]
/// characters, of which `MOST` has room for three.
const CONTEXT_FRAMES: usize = 3 * 26;

pub(crate) fn of(message: &Message<'_>) -> Vec<Value> {
    let whole = Texts::of(message);
    let frames = layout(message, &whole.least());
    let frames = Unit::Characters.length(&Value::from(frames).to_string()) + CONTEXT_FRAMES;
    let room = MOST.saturating_sub(frames);
    let texts = whole.fit(room, TEXT, Unit::JsonCharacters);
    layout(message, &texts)
}

fn layout(message: &Message<'_>, texts: &Texts<'_>) -> Vec<Value> {
    let title = truncate(message.title, HEADER, Unit::Characters);
    let mut blocks = vec![
        json!({"type": "header", "text": plain(&title)}),
        rich_text(&[section(&facts(message))]),
    ];
    for (label, text) in [
        ("Description", &texts.description),
        ("Runbook", &texts.runbook),
    ] {
        if let Some(text) = text {
            let elements = [bold(&format!("{label}\n")), literal_or_link(text)];
            blocks.push(rich_text(&[section(&elements)]));
        }
    }
    if let Some(context) = &texts.context {
        let label = section(&[bold("Context")]);
        blocks.push(rich_text(&[label, preformatted(context)]));
    }
    blocks.extend(message.link.and_then(open_button));
    blocks.extend(message.tag_line().as_deref().map(tags));
    blocks
}

/// One line for each fact, its label in bold.
fn facts(message: &Message<'_>) -> Vec<Value> {
    let cut = |value| truncate(value, LINE, Unit::JsonCharacters);
    let facts = message.facts.iter();
    let facts = facts.map(|fact| (fact.label, literal(&cut(&fact.value)), &*fact.value));
    let reference = message.reference;
    let reference = reference.map(|text| ("Reference", literal_or_link(&cut(text)), text));
    let mut elements = Vec::new();
    for (label, element, value) in facts.chain(reference) {
        if !value.trim().is_empty() {
            let end = if elements.is_empty() { "" } else { "\n" };
            elements.push(bold(&format!("{end}{label}  ")));
            elements.push(element);
        }
    }
    elements
}

/// A text that is a URL and nothing else may be followed. The link shows its
/// target, so that it cannot pretend to be another.
fn literal_or_link(text: &str) -> Value {
    match web_url(text) {
        Some(url) if url == text => json!({"type": "link", "url": url}),
        _ => literal(text),
    }
}

fn preformatted(text: &str) -> Value {
    let mut elements = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let piece = prefix(rest, TEXT, Unit::Characters);
        elements.push(literal(piece));
        rest = &rest[piece.len()..];
    }
    json!({"type": "rich_text_preformatted", "elements": elements})
}

/// A link of more than [`BUTTON_URL`] characters would have the whole message
/// refused; only one made of a thousand non-ASCII characters gets there.
fn open_button(link: &str) -> Option<Value> {
    let url = web_url(link).filter(|url| url.len() <= BUTTON_URL)?;
    let button = json!({
        "type": "button", "text": plain("Open alert"), "style": "primary", "url": url,
    });
    Some(json!({"type": "actions", "elements": [button]}))
}

fn tags(tags: &str) -> Value {
    let line = format!("Tags: {tags}");
    let line = truncate(&line, LINE, Unit::JsonCharacters);
    json!({"type": "context", "elements": [plain(&line)]})
}

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text, "emoji": false})
}

fn rich_text(elements: &[Value]) -> Value {
    json!({"type": "rich_text", "elements": elements})
}

fn section(elements: &[Value]) -> Value {
    json!({"type": "rich_text_section", "elements": elements})
}

fn literal(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn bold(text: &str) -> Value {
    json!({"type": "text", "text": text, "style": {"bold": true}})
}
