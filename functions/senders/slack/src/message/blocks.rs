//! The message's blocks.
//!
//! No text of an alert is in a `mrkdwn` object, where `*`, `_`, `~`, emoji names and
//! a leading `&gt;` have a meaning that cannot be escaped. Alert text is only in
//! `plain_text` without emoji and in `rich_text`, whose texts are literal.

use serde_json::{Value, json};
use tocsin_core::link::web_url;
use tocsin_core::message::{Message, Texts};
use tocsin_core::text::{Unit, prefix, truncate};

/// The longest JSON of all blocks together, in characters. Slack documents no such
/// limit, and refuses more than about 11,300 characters:
/// <https://github.com/slackapi/bolt-js/issues/2509>, …/2867.
pub(crate) const BLOCKS_LIMIT: usize = 9_000;
/// The longest text of a header, in characters:
/// <https://docs.slack.dev/reference/block-kit/blocks/header-block>.
pub(crate) const HEADER_LIMIT: usize = 150;
/// The longest text of a text object, in characters:
/// <https://docs.slack.dev/reference/block-kit/composition-objects/text-object>.
/// No limit is documented for the texts of `rich_text`, which have the same here.
pub(crate) const TEXT_LIMIT: usize = 3_000;
/// The longest URL of a button, in characters:
/// <https://docs.slack.dev/reference/block-kit/block-elements/button-element>.
pub(crate) const BUTTON_URL_LIMIT: usize = 3_000;

/// The longest value of a fact and list of tags, in characters of JSON: a line or two,
/// so that there is always room for the description.
const LINE_LIMIT: usize = 300;
/// The size of the context's JSON without its text: it is split into texts of
/// [`TEXT_LIMIT`] characters, of which `BLOCKS_LIMIT` has room for three.
const CONTEXT_FRAME_SIZE: usize = 3 * 26;

pub(super) fn blocks(message: &Message<'_>) -> Vec<Value> {
    let whole = Texts::of(message);
    let frames = layout(message, &whole.least());
    let frames = Unit::Characters.length(&Value::from(frames).to_string()) + CONTEXT_FRAME_SIZE;
    let room = BLOCKS_LIMIT.saturating_sub(frames);
    let texts = whole.fit(room, TEXT_LIMIT, Unit::JsonCharacters);
    layout(message, &texts)
}

fn layout(message: &Message<'_>, texts: &Texts<'_>) -> Vec<Value> {
    let title = truncate(message.title, HEADER_LIMIT, Unit::Characters);
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
    let cut = |value| truncate(value, LINE_LIMIT, Unit::JsonCharacters);
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

/// A text that is only a URL becomes a link. The link shows its target, so it cannot
/// pretend to lead elsewhere.
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
        let piece = prefix(rest, TEXT_LIMIT, Unit::Characters);
        elements.push(literal(piece));
        rest = &rest[piece.len()..];
    }
    json!({"type": "rich_text_preformatted", "elements": elements})
}

/// Slack refuses the whole message for a link of more than [`BUTTON_URL_LIMIT`]
/// characters; only one with a thousand non-ASCII characters is so long.
fn open_button(link: &str) -> Option<Value> {
    let url = web_url(link).filter(|url| url.len() <= BUTTON_URL_LIMIT)?;
    let button = json!({
        "type": "button", "text": plain("Open alert"), "style": "primary", "url": url,
    });
    Some(json!({"type": "actions", "elements": [button]}))
}

fn tags(tags: &str) -> Value {
    let line = format!("Tags: {tags}");
    let line = truncate(&line, LINE_LIMIT, Unit::JsonCharacters);
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
