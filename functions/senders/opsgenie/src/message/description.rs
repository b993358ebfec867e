//! The description: HTML, of which OpsGenie keeps a harmless subset. All text of an
//! alert is encoded, so only the elements written here have a meaning.

use tocsin_core::escape::{escaped, escaped_within, html, html_form};
use tocsin_core::message::{Fact, Message};
use tocsin_core::prose::Prose;
use tocsin_core::text::{Unit, with_kept_indent};

/// The longest `description`, in characters (alert-api).
const DESCRIPTION_LIMIT: usize = 15_000;

// The limits of the parts, in encoded characters. They leave the context at least a
// thousand characters.
const FACT_LIMIT: usize = 400;
const TEXT_LIMIT: usize = 4_000;
const RUNBOOK_LIMIT: usize = 3_000;
const REFERENCE_LIMIT: usize = 700;
const HREF_LIMIT: usize = 2_500;

/// Whether the details have all of the context, so that it need not stand here as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContextIn {
    /// The details have all of it, uncut.
    Details,
    /// They have a part of it, or none.
    Description,
}

/// The description of the alert, for the web application: the link, what happened, the
/// runbook, the facts side by side, the reference, and the context if the details lack some of it.
pub(crate) fn description(message: &Message<'_>, context_in: ContextIn) -> String {
    // The minimal form has only the link, which can use all the room.
    let link_room = if message.facts.is_empty() {
        DESCRIPTION_LIMIT - 100
    } else {
        HREF_LIMIT
    };
    let parts = [
        message.link.as_deref().map(|url| link(url, link_room)),
        message
            .description
            .as_ref()
            .map(|text| prose(text, TEXT_LIMIT)),
        message
            .runbook
            .as_ref()
            .map(|text| labelled("Runbook", text, RUNBOOK_LIMIT)),
        facts(&message.facts),
        message
            .reference
            .as_ref()
            .map(|text| labelled("Reference", text, REFERENCE_LIMIT)),
    ];
    let mut shown = parts
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("<br><br>");
    if context_in == ContextIn::Description
        && let Some(context) = message.context_excerpt()
    {
        push_context(&mut shown, &context);
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
            let value = escaped_within(&fact.value.text(), FACT_LIMIT, html);
            format!("<b>{}:</b> {value}", fact.label)
        })
        .collect();
    (!shown.is_empty()).then(|| shown.join(" · "))
}

fn labelled(label: &str, text: &Prose<'_>, limit: usize) -> String {
    format!("<b>{label}</b><br>{}", prose(text, limit))
}

/// A link that shows its target, or text.
fn prose(text: &Prose<'_>, limit: usize) -> String {
    match text.link().map(html) {
        Some(href) if 2 * Unit::Characters.length(&href) <= limit => {
            format!("<a href=\"{href}\">{href}</a>")
        }
        _ => escaped_within(text.as_str(), limit, lines),
    }
}

/// Text of several lines. HTML needs an element for each line break, and drops spaces at
/// the beginning of a line.
fn lines(text: &str) -> String {
    escaped(&with_kept_indent(text), |c| match c {
        '\n' => Some("<br>"),
        other => html_form(other),
    })
}

fn push_context(shown: &mut String, context: &str) {
    const BEFORE: &str = "<br><br><b>Context</b><pre>";
    const AFTER: &str = "</pre>";
    let used = Unit::Characters.length(shown) + BEFORE.len() + AFTER.len();
    let room = DESCRIPTION_LIMIT.saturating_sub(used);
    // Line breaks and indentation stay where a reader drops `pre`.
    let text = escaped_within(context, room, lines);
    shown.push_str(BEFORE);
    shown.push_str(&text);
    shown.push_str(AFTER);
}
