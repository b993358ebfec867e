//! The body of an issue.

use tocsin_core::escape::escaped_within;
use tocsin_core::link::web_url;
use tocsin_core::message::Message;
use tocsin_core::text::{Unit, truncate};

use crate::markdown::{escape, fenced};

/// The longest title. GitHub answers 422 to more than 256 characters ("title is
/// too long (maximum is 256 characters)").
pub(crate) const TITLE: usize = 250;
/// The longest body. GitHub answers 422 to more than 65,536 characters ("body is
/// too long (maximum is 65536 characters)").
pub(crate) const BODY: usize = 60_000;
/// The description of the detection, and its runbook likewise.
const LONG: usize = 16_000;
/// The room that one heading and the lines between the parts take.
const FRAME: usize = 100;
/// The title, where the issue's own title is too short for it.
const WHOLE_TITLE: usize = 3_000;
/// The reference; one value of the facts table, and all tags together.
const SHORT: usize = 2_000;

/// The body, `marker` first, so that an issue is known by how it begins.
pub(crate) fn text(message: &Message<'_>, marker: &str) -> String {
    let head = head(message, marker);
    let reference = message.reference.map(|reference| {
        let reference = escaped_within(reference, SHORT, escape);
        format!("\n\n### Reference\n\n{reference}")
    });
    let reference = reference.unwrap_or_default();

    // The description and the runbook get a third each of what is left, at most;
    // the context has the rest.
    let taken = length(&head) + length(&reference) + FRAME;
    let share = (BODY.saturating_sub(taken) / 3).min(LONG);
    let mut whole = head;
    if let Some(description) = message.description {
        whole.push_str("\n\n");
        whole.push_str(&escaped_within(description, share, escape));
    }
    if let Some(runbook) = message.runbook {
        whole.push_str("\n\n### Runbook\n\n");
        whole.push_str(&escaped_within(runbook, share, escape));
    }
    whole.push_str(&reference);
    if let Some(context) = &message.context {
        let room = BODY.saturating_sub(length(&whole));
        whole.push_str(&escaped_within(context, room, folded));
    }
    whole
}

fn length(text: &str) -> usize {
    Unit::Characters.length(text)
}

fn head(message: &Message<'_>, marker: &str) -> String {
    let mut parts = vec![marker.to_owned()];
    if let Some(href) = message.link.and_then(web_url) {
        // Character references are read inside an address, too.
        let href = href.replace('&', "&amp;");
        parts.push(format!("[View the alert](<{href}>)"));
    }
    if length(&message.headline) > TITLE {
        parts.push(escaped_within(message.title, WHOLE_TITLE, escape));
    }
    parts.extend(table(message));
    parts.join("\n\n")
}

fn folded(context: &str) -> String {
    let block = fenced(context);
    format!("\n\n<details><summary>Context</summary>\n\n{block}\n\n</details>")
}

fn table(message: &Message<'_>) -> Option<String> {
    let mut rows: Vec<String> = message
        .facts
        .iter()
        .map(|fact| row(fact.label, &fact.value))
        .collect();
    rows.extend(message.tag_line().map(|tags| row("Tags", &tags)));
    (!rows.is_empty()).then(|| format!("| | |\n|---|---|\n{}", rows.join("\n")))
}

fn row(label: &str, value: &str) -> String {
    let value = truncate(value, SHORT / 2, Unit::Characters);
    format!(
        "| **{label}** | {} |",
        escaped_within(&value, SHORT, escape)
    )
}
