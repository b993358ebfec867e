//! The description: HTML, of which OpsGenie keeps a harmless subset. All text of an
//! alert is encoded, so only the elements written here have a meaning.

use tocsin_core::escape::{escaped, escaped_within, html, html_form};
use tocsin_core::link::web_url;
use tocsin_core::message::{Fact, Message};
use tocsin_core::text::Unit;

/// The longest `description`, in characters (alert-api).
const DESCRIPTION_LIMIT: usize = 15_000;

// The limits of the parts, in encoded characters. They leave the context at least a
// thousand characters.
const FACT_LIMIT: usize = 400;
const TEXT_LIMIT: usize = 4_000;
const RUNBOOK_LIMIT: usize = 3_000;
const REFERENCE_LIMIT: usize = 700;
const HREF_LIMIT: usize = 2_500;

/// The description of the alert, for the web application.
pub(crate) fn description(message: &Message<'_>) -> String {
    // The minimal form has only the link, which can use all the room.
    let link_room = if message.facts.is_empty() {
        DESCRIPTION_LIMIT - 100
    } else {
        HREF_LIMIT
    };
    let parts = [
        message
            .link
            .and_then(web_url)
            .map(|url| link(&url, link_room)),
        facts(&message.facts),
        message.description.map(|text| lines(text, TEXT_LIMIT)),
        message
            .runbook
            .map(|text| format!("<b>Runbook</b><br>{}", lines(text, RUNBOOK_LIMIT))),
        message.reference.map(reference),
    ];
    let mut shown = parts
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("<br><br>");
    if let Some(context) = &message.context {
        push_context(&mut shown, context);
    }
    shown
}

fn link(url: &str, room: usize) -> String {
    let href = html(url);
    if Unit::Characters.length(&href) <= room {
        format!("<a href=\"{href}\">Open the alert</a>")
    } else {
        "The link is too long to stand here; it is among the details.".to_owned()
    }
}

fn facts(facts: &[Fact<'_>]) -> Option<String> {
    let shown: Vec<String> = facts
        .iter()
        .map(|fact| {
            let value = escaped_within(&fact.value, FACT_LIMIT, html);
            format!("<b>{}:</b> {value}", fact.label)
        })
        .collect();
    (!shown.is_empty()).then(|| shown.join("<br>"))
}

fn reference(text: &str) -> String {
    let shown = escaped_within(text, REFERENCE_LIMIT, html);
    match web_url(text).map(|url| html(&url)) {
        Some(href) if Unit::Characters.length(&href) <= REFERENCE_LIMIT => {
            format!("<b>Reference</b><br><a href=\"{href}\">{shown}</a>")
        }
        _ => format!("<b>Reference</b><br>{shown}"),
    }
}

/// Text of several lines. HTML needs an element for each line break.
fn lines(text: &str, limit: usize) -> String {
    escaped_within(text, limit, |text| {
        escaped(text, |c| match c {
            '\n' => Some("<br>"),
            other => html_form(other),
        })
    })
}

fn push_context(shown: &mut String, context: &str) {
    const BEFORE: &str = "<br><br><b>Context</b><pre>";
    const AFTER: &str = "</pre>";
    let used = Unit::Characters.length(shown) + BEFORE.len() + AFTER.len();
    let room = DESCRIPTION_LIMIT.saturating_sub(used);
    let text = escaped_within(context, room, html);
    shown.push_str(BEFORE);
    shown.push_str(&text);
    shown.push_str(AFTER);
}
