//! The Adaptive Card.
//!
//! `TextBlock` and `FactSet` interpret Markdown, and Teams clients differ in how it is
//! escaped (<https://github.com/microsoft/AdaptiveCards/issues/5590>). So all text of an
//! alert is in `TextRun`s, which are literal, and text blocks contain only labels and
//! times. The card has no `msteams.entities`, so it mentions nobody.

use serde_json::{Value, json};
use tocsin_core::Timestamp;
use tocsin_core::alert::Severity;
use tocsin_core::message::{Fact, FactValue, Message};
use tocsin_core::text::{Unit, truncate};

use super::runs::{link_to, literal, rich};

/// The longest headline, in [`Unit::NestedJsonBytes`].
const HEADLINE_LIMIT: usize = 1_500;
/// The longest value of a fact, and list of tags, in [`Unit::NestedJsonBytes`]. There is
/// always room for the description.
pub(super) const LINE_LIMIT: usize = 600;
/// The longest link, in bytes. A longer one, made of a thousand non-ASCII characters,
/// would leave too little room for the text. Only the size of the whole is documented.
const URL_LIMIT: usize = 3_000;
/// The id of the container that the button shows and hides.
const CONTEXT_ID: &str = "context";

/// The elements of the card that are made from long texts.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) description: Vec<Value>,
    pub(super) runbook: Vec<Value>,
    pub(super) context: Vec<Value>,
}

/// The card: the headline, what happened, the runbook, the facts side by side, the tags,
/// and the context.
pub(super) fn card(message: &Message<'_>, parts: Parts) -> Value {
    let actions = actions(message, &parts);
    let mut body = vec![heading(message)];
    body.extend(parts.description);
    body.extend(parts.runbook);
    body.extend(facts(&message.facts));
    body.extend(reference(message));
    body.extend(small(message));
    body.extend(parts.context);
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
        "actions": actions,
    })
}

/// The headline on the severity's colour. All of it leads to the alert's page.
fn heading(message: &Message<'_>) -> Value {
    let headline = truncate(&message.headline, HEADLINE_LIMIT, Unit::NestedJsonBytes);
    let mut text = literal(&headline);
    text["size"] = "Large".into();
    text["weight"] = "Bolder".into();
    let mut heading = json!({
        "type": "Container", "style": style(message.severity), "bleed": true,
        "items": [rich(&[text])],
    });
    if let Some(url) = page(message) {
        heading["selectAction"] = json!({"type": "Action.OpenUrl", "url": url});
    }
    heading
}

fn page<'a>(message: &'a Message<'_>) -> Option<&'a str> {
    message.link.as_deref().filter(|url| url.len() <= URL_LIMIT)
}

const fn style(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "attention",
        Severity::Medium => "warning",
        Severity::Low => "accent",
        Severity::Info => "good",
    }
}

pub(super) fn label(text: &str) -> Value {
    json!({"type": "TextBlock", "text": text, "weight": "Bolder", "spacing": "Medium"})
}

fn reference(message: &Message<'_>) -> Vec<Value> {
    let Some(reference) = &message.reference else {
        return Vec::new();
    };
    let shown = match reference.link() {
        Some(url) if url.len() <= LINE_LIMIT => link_to(url),
        _ => literal(&truncate(
            reference.as_str(),
            LINE_LIMIT,
            Unit::NestedJsonBytes,
        )),
    };
    vec![label("Reference"), rich(&[shown])]
}

/// A column for each fact, its label above it.
fn facts(facts: &[Fact<'_>]) -> Option<Value> {
    let column = |fact: &Fact<'_>| {
        let label = json!({
            "type": "TextBlock", "text": fact.label, "size": "Small", "isSubtle": true,
        });
        let value = match &fact.value {
            FactValue::Text(text) => {
                let text = truncate(text, LINE_LIMIT, Unit::NestedJsonBytes);
                let mut value = rich(&[literal(&text)]);
                value["spacing"] = "Small".into();
                value
            }
            FactValue::Time(time) => time_block(*time),
        };
        json!({"type": "Column", "width": "stretch", "items": [label, value]})
    };
    let columns: Vec<Value> = facts.iter().map(column).collect();
    (!columns.is_empty())
        .then(|| json!({"type": "ColumnSet", "spacing": "Medium", "columns": columns}))
}

/// A time in the reader's zone:
/// <https://learn.microsoft.com/en-us/adaptive-cards/authoring-cards/text-features#date-and-time-formatting>.
/// In a `TextRun` Teams shows the functions as they are written:
/// <https://github.com/MicrosoftDocs/msteams-docs/issues/4489>.
fn time_block(time: Timestamp) -> Value {
    let time = time.whole_seconds();
    let text = format!("{{{{DATE({time}, SHORT)}}}} {{{{TIME({time})}}}}");
    json!({"type": "TextBlock", "text": text, "wrap": true, "spacing": "Small"})
}

/// The tags and the alert's id.
fn small(message: &Message<'_>) -> Option<Value> {
    let tags = message.tag_line().map(|tags| format!("Tags: {tags}"));
    let id = (!message.alert_id.is_empty()).then(|| format!("Alert id: {}", message.alert_id));
    let lines = [tags, id].into_iter().flatten();
    let lines: Vec<String> = lines
        .map(|line| truncate(&line, LINE_LIMIT, Unit::NestedJsonBytes).into_owned())
        .collect();
    (!lines.is_empty()).then(|| {
        let mut text = literal(&lines.join("\n"));
        text["isSubtle"] = true.into();
        text["size"] = "Small".into();
        rich(&[text])
    })
}

/// The context, which a button shows if it is longer than a screen.
pub(super) fn context(text: &str, fits_screen: bool) -> Value {
    let mut run = literal(text);
    run["fontType"] = "Monospace".into();
    run["size"] = "Small".into();
    json!({
        "type": "Container", "id": CONTEXT_ID, "isVisible": fits_screen, "style": "emphasis",
        "items": [rich(&[run])],
    })
}

fn actions(message: &Message<'_>, parts: &Parts) -> Vec<Value> {
    let mut actions = Vec::new();
    if let Some(url) = page(message) {
        actions.push(json!({"type": "Action.OpenUrl", "title": "Open alert", "url": url}));
    }
    if parts
        .context
        .iter()
        .any(|context| context["isVisible"] == false)
    {
        actions.push(json!({
            "type": "Action.ToggleVisibility", "title": "Context", "targetElements": [CONTEXT_ID],
        }));
    }
    actions
}
