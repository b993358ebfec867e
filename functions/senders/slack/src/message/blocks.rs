//! The message's blocks: the title above the coloured bar, everything else beside it.
//!
//! No text of an alert is in a `mrkdwn` object, where `*`, `_`, `~`, emoji names and
//! a leading `&gt;` have a meaning that cannot be escaped. Alert text is only in
//! `plain_text` without emoji and in `rich_text`, whose texts are literal. The README says
//! why there is no `markdown`, `table` or `alert` block.

use serde_json::{Value, json};
use tocsin_core::message::{FactValue, Message, divide};
use tocsin_core::prose::Prose;
use tocsin_core::text::{Unit, fit, truncate};

use super::rich::{bold, date, link_to, literal, preformatted, prose, rich_text, section};

/// The longest JSON of all blocks together, in characters. Slack documents no such
/// limit, and refuses more than about 11,300 characters:
/// <https://github.com/slackapi/bolt-js/issues/2509>, …/2867.
pub(crate) const BLOCKS_LIMIT: usize = 9_000;
/// The longest text of a text object, in characters:
/// <https://docs.slack.dev/reference/block-kit/composition-objects/text-object>.
/// No limit is documented for the texts of `rich_text`, which have the same here.
pub(crate) const TEXT_LIMIT: usize = 3_000;
/// The longest URL of a button, in characters:
/// <https://docs.slack.dev/reference/block-kit/block-elements/button-element>.
/// Links in `rich_text` have the same here.
pub(crate) const URL_LIMIT: usize = 3_000;

/// The longest title, value of a fact and list of tags, in characters of JSON: a line or
/// two, so that there is always room for the description.
const LINE_LIMIT: usize = 300;

/// The title, as a link to the alert's page.
pub(super) fn title(message: &Message<'_>) -> Vec<Value> {
    let headline = truncate(&message.headline, LINE_LIMIT, Unit::JsonCharacters);
    let mut title = bold(&headline);
    if let Some(url) = page(message) {
        title["type"] = "link".into();
        title["url"] = url.into();
    }
    vec![rich_text(&[section(&[title])])]
}

/// The blocks beside the bar. With those of the title, which are `above`, they keep to
/// [`BLOCKS_LIMIT`].
pub(super) fn beside_bar(message: &Message<'_>, above: &[Value]) -> Vec<Value> {
    let frame = [facts(message), foot(message)].concat();
    let room = BLOCKS_LIMIT.saturating_sub(size(above) + size(&frame));
    let excerpt = message.context_excerpt().unwrap_or_default();
    let parts: [&dyn Fn(usize) -> Vec<Value>; 3] = [
        &|room| described(message.description.as_ref(), room),
        &|room| labelled("Runbook", message.runbook.as_ref(), room),
        &|room| context(&excerpt, room),
    ];
    let lengths = [TEXT_LIMIT, TEXT_LIMIT, BLOCKS_LIMIT];
    let wanted = std::array::from_fn(|at| size(&parts[at](lengths[at])));
    let [description, runbook, context] = divide(room, wanted);
    let mut blocks = parts[0](description);
    blocks.extend(parts[1](runbook));
    blocks.extend(frame);
    blocks.extend(parts[2](context));
    blocks
}

/// The length of blocks as JSON in a list, in characters.
fn size(blocks: &[Value]) -> usize {
    let length = |block: &Value| Unit::Characters.length(&block.to_string()) + 1;
    blocks.iter().map(length).sum()
}

fn described(text: Option<&Prose<'_>>, room: usize) -> Vec<Value> {
    match text {
        Some(Prose::Text(text)) => fitted(text, room, |text| {
            let parts = prose(text);
            (!parts.is_empty()).then(|| rich_text(&parts))
        }),
        Some(link) => labelled("Description", Some(link), room),
        None => Vec::new(),
    }
}

/// A text below its label; a link behind it.
fn labelled(label: &str, text: Option<&Prose<'_>>, room: usize) -> Vec<Value> {
    match text {
        Some(Prose::Link(url)) => {
            let link = rich_text(&[section(&[bold(&format!("{label}  ")), link_to(url)])]);
            vec![link]
                .into_iter()
                .filter(|link| size(std::slice::from_ref(link)) <= room)
                .collect()
        }
        Some(Prose::Text(text)) => fitted(text, room, |text| {
            let parts = prose(text);
            let label = section(&[bold(label)]);
            (!parts.is_empty()).then(|| rich_text(&[vec![label], parts].concat()))
        }),
        None => Vec::new(),
    }
}

fn context(excerpt: &str, room: usize) -> Vec<Value> {
    fitted(excerpt, room, |text| {
        let label = section(&[bold("Context")]);
        (!text.is_empty()).then(|| rich_text(&[label, preformatted(text, TEXT_LIMIT)]))
    })
}

/// As much of `text` as makes a block of at most `room` characters.
fn fitted(text: &str, room: usize, block: impl Fn(&str) -> Option<Value>) -> Vec<Value> {
    let blocks = |text: &str| block(text).into_iter().collect::<Vec<_>>();
    let fitted = fit(text, room, blocks, |blocks| size(blocks));
    fitted.into_iter().filter(|_| room > 0).collect()
}

/// The facts side by side, and the reference.
fn facts(message: &Message<'_>) -> Vec<Value> {
    let mut elements = Vec::new();
    for fact in &message.facts {
        let begin = if elements.is_empty() { "" } else { "  ·  " };
        elements.push(literal(begin));
        elements.push(bold(&format!("{} ", fact.label)));
        elements.push(match &fact.value {
            FactValue::Text(text) => literal(&truncate(text, LINE_LIMIT, Unit::JsonCharacters)),
            FactValue::Time(time) => date(*time),
        });
    }
    elements.retain(|element| element["text"] != "");
    let mut lines = Vec::new();
    if !elements.is_empty() {
        lines.push(section(&elements));
    }
    if let Some(reference) = &message.reference {
        let shown = match reference {
            Prose::Link(url) if url.len() <= LINE_LIMIT => link_to(url),
            other => literal(&truncate(other.as_str(), LINE_LIMIT, Unit::JsonCharacters)),
        };
        lines.push(section(&[bold("Reference  "), shown]));
    }
    if lines.is_empty() {
        Vec::new()
    } else {
        vec![rich_text(&lines)]
    }
}

/// The button, and a small line with tags and id.
fn foot(message: &Message<'_>) -> Vec<Value> {
    let mut blocks = Vec::new();
    if let Some(url) = page(message) {
        let button = json!({
            "type": "button", "text": plain("Open alert"), "style": "primary", "url": url,
        });
        blocks.push(json!({"type": "actions", "elements": [button]}));
    }
    let mut small: Vec<Value> = Vec::new();
    let mut add = |label, text: &str| {
        let line = format!("{label}: {text}");
        small.push(plain(&truncate(&line, LINE_LIMIT, Unit::JsonCharacters)));
    };
    if let Some(tags) = message.tag_line() {
        add("Tags", &tags);
    }
    if !message.alert_id.is_empty() {
        add("Alert id", &message.alert_id);
    }
    if !small.is_empty() {
        blocks.push(json!({"type": "context", "elements": small}));
    }
    blocks
}

/// The page of the alert. Slack refuses the whole message for a button's URL of more than
/// [`URL_LIMIT`] characters; only one with a thousand non-ASCII characters is so long.
fn page<'a>(message: &'a Message<'_>) -> Option<&'a str> {
    message.link.as_deref().filter(|url| url.len() <= URL_LIMIT)
}

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text, "emoji": false})
}
