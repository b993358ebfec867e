//! The description: HTML, of which OpsGenie keeps a harmless part. Everything
//! that comes from an alert is encoded; every element here is written here.

use tocsin_core::escape::{escaped, escaped_within, html, html_form};
use tocsin_core::link::web_url;
use tocsin_core::message::{Fact, Message};
use tocsin_core::text::Unit;

/// `description`, characters (alert-api).
pub(crate) const DESCRIPTION: usize = 15_000;

// What each part may take of that, encoded. Together they leave the context a
// thousand at the worst, and all the rest when they are short.
const FACT: usize = 400;
const TEXT: usize = 4_000;
const RUNBOOK: usize = 3_000;
const REFERENCE: usize = 700;
const HREF: usize = 2_500;

/// The description of the alert, for the web application.
pub(crate) fn of(message: &Message<'_>) -> String {
    // The minimal form has nothing but the link, and so all the room for it.
    let link_room = if message.facts.is_empty() {
        DESCRIPTION - 100
    } else {
        HREF
    };
    let parts = [
        message
            .link
            .and_then(web_url)
            .map(|url| link(&url, link_room)),
        facts(&message.facts),
        message.description.map(|text| lines(text, TEXT)),
        message
            .runbook
            .map(|text| format!("<b>Runbook</b><br>{}", lines(text, RUNBOOK))),
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
            let value = escaped_within(&fact.value, FACT, html);
            format!("<b>{}:</b> {value}", fact.label)
        })
        .collect();
    (!shown.is_empty()).then(|| shown.join("<br>"))
}

fn reference(text: &str) -> String {
    let shown = escaped_within(text, REFERENCE, html);
    match web_url(text).map(|url| html(&url)) {
        Some(href) if Unit::Characters.length(&href) <= REFERENCE => {
            format!("<b>Reference</b><br><a href=\"{href}\">{shown}</a>")
        }
        _ => format!("<b>Reference</b><br>{shown}"),
    }
}

/// Text of several lines. HTML has a line break only where one is written.
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
    let room = DESCRIPTION.saturating_sub(used);
    let text = escaped_within(context, room, html);
    shown.push_str(BEFORE);
    shown.push_str(&text);
    shown.push_str(AFTER);
}
