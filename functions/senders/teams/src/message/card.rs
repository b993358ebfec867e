//! The Adaptive Card.
//!
//! `TextBlock` and `FactSet` interpret Markdown, and Teams clients differ in how it is
//! escaped (<https://github.com/microsoft/AdaptiveCards/issues/5590>). So all text of an
//! alert is in `TextRun`s, which are literal, and text blocks contain only labels. The
//! card has no `msteams.entities`, so it mentions nobody.

use std::borrow::Cow;

use serde_json::{Value, json};
use tocsin_core::alert::Severity;
use tocsin_core::link::web_url;
use tocsin_core::message::{Message, Texts};
use tocsin_core::text::{Unit, truncate};

/// The longest headline, in [`Unit::NestedJsonBytes`].
const HEADLINE_LIMIT: usize = 1_500;
/// The longest value of a fact, and list of tags, in [`Unit::NestedJsonBytes`]. There is
/// always room for the description.
const LINE_LIMIT: usize = 600;
/// The longest link, in bytes. A longer one, made of a thousand non-ASCII characters,
/// would leave too little room for the text. Only the size of the whole is documented.
const URL_LIMIT: usize = 3_000;
/// The size of the links of a description and a runbook that are URLs, in bytes.
pub(super) const LINKS_SIZE: usize = 2 * (LINE_LIMIT + 100);
/// The id of the container that the button shows and hides.
const CONTEXT_ID: &str = "context";

pub(super) fn card(message: &Message<'_>, texts: &Texts<'_>) -> Value {
    let headline = truncate(&message.headline, HEADLINE_LIMIT, Unit::NestedJsonBytes);
    let mut body = vec![heading(message.severity, &headline)];
    body.extend(facts(message));
    for (label, text) in [
        ("Description", &texts.description),
        ("Runbook", &texts.runbook),
    ] {
        if let Some(text) = text {
            body.push(json!({
                "type": "TextBlock", "text": label, "weight": "Bolder", "spacing": "Medium",
            }));
            body.push(rich(&literal_or_link(text)));
        }
    }
    body.extend(message.tag_line().as_deref().map(tags));
    body.extend(texts.context.as_deref().map(hidden));
    json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        // Workflows show nothing for later versions, and report success:
        // https://github.com/microsoft/AdaptiveCards/issues/8965
        "version": "1.4",
        // Clients that cannot show the card interpret this as Markdown: no alert text.
        "fallbackText": format!("[{}] alert: this client cannot show the card.", message.severity),
        "msteams": {"width": "Full"},
        "body": body,
        "actions": actions(message, texts),
    })
}

/// The headline on the severity's colour.
fn heading(severity: Severity, headline: &str) -> Value {
    let mut text = literal(headline);
    text["size"] = "Large".into();
    text["weight"] = "Bolder".into();
    json!({
        "type": "Container", "style": style(severity), "bleed": true, "items": [rich(&text)],
    })
}

const fn style(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "attention",
        Severity::Medium => "warning",
        Severity::Low => "accent",
        Severity::Info => "good",
    }
}

/// One row for each fact, in the style of a `FactSet` but without Markdown.
fn facts(message: &Message<'_>) -> Vec<Value> {
    let cut = |value| truncate(value, LINE_LIMIT, Unit::NestedJsonBytes);
    let facts = message.facts.iter();
    let facts = facts.map(|fact| (fact.label, literal(&cut(&fact.value)), &*fact.value));
    let reference = message.reference;
    let reference = reference.map(|text| ("Reference", literal_or_link(&cut(text)), text));
    facts
        .chain(reference)
        .filter(|(_, _, value)| !value.trim().is_empty())
        .map(|(label, run, _)| row(label, &run))
        .collect()
}

fn row(label: &str, value: &Value) -> Value {
    let label = json!({"type": "TextBlock", "text": label, "weight": "Bolder"});
    json!({"type": "ColumnSet", "spacing": "Small", "columns": [
        {"type": "Column", "width": "90px", "items": [label]},
        {"type": "Column", "width": "stretch", "items": [rich(value)]},
    ]})
}

fn tags(tags: &str) -> Value {
    let line = format!("Tags: {tags}");
    let mut text = literal(&truncate(&line, LINE_LIMIT, Unit::NestedJsonBytes));
    text["isSubtle"] = true.into();
    text["size"] = "Small".into();
    rich(&text)
}

fn hidden(context: &str) -> Value {
    let mut text = literal(context);
    text["fontType"] = "Monospace".into();
    text["size"] = "Small".into();
    json!({
        "type": "Container", "id": CONTEXT_ID, "isVisible": false, "style": "emphasis",
        "items": [rich(&text)],
    })
}

fn actions(message: &Message<'_>, texts: &Texts<'_>) -> Vec<Value> {
    let mut actions = Vec::new();
    let link = message.link.and_then(web_url);
    if let Some(url) = link.filter(|url| url.len() <= URL_LIMIT) {
        actions.push(json!({"type": "Action.OpenUrl", "title": "Open alert", "url": url}));
    }
    if texts.context.is_some() {
        actions.push(json!({
            "type": "Action.ToggleVisibility", "title": "Context", "targetElements": [CONTEXT_ID],
        }));
    }
    actions
}

fn rich(run: &Value) -> Value {
    json!({"type": "RichTextBlock", "inlines": [run]})
}

fn literal(text: &str) -> Value {
    json!({"type": "TextRun", "text": inert(text)})
}

/// A text that is only a short URL becomes a link. The link shows its target, so it
/// cannot pretend to lead elsewhere.
fn literal_or_link(text: &str) -> Value {
    let mut run = literal(text);
    if web_url(text).is_some_and(|url| url == text && url.len() <= LINE_LIMIT) {
        run["selectAction"] = json!({"type": "Action.OpenUrl", "url": text});
    }
    run
}

/// The long texts, made [`inert`] before they are measured.
pub(super) fn inert_texts(texts: Texts<'_>) -> Texts<'static> {
    let inert = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(inert(&text)));
    Texts {
        description: inert(texts.description),
        runbook: inert(texts.runbook),
        context: inert(texts.context),
    }
}

/// Splits `{{DATE(…)}}` and `{{TIME(…)}}`, which Teams replaces even in literal texts
/// (<https://learn.microsoft.com/en-us/adaptive-cards/authoring-cards/text-features#date-and-time-formatting>);
/// an invisible word joiner separates the braces.
fn inert(text: &str) -> String {
    text.replace("{{DATE(", "{\u{2060}{DATE(")
        .replace("{{TIME(", "{\u{2060}{TIME(")
}
