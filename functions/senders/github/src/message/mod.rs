//! The title and body of an issue.

mod markdown;

use markdown::{escape, fenced};
use tocsin_core::escape::escaped_within;
use tocsin_core::link::web_url;
use tocsin_core::message::Message;
use tocsin_core::text::{Unit, truncate};

/// The longest title, in characters. GitHub answers 422 to more than 256 characters ("title is
/// too long (maximum is 256 characters)").
pub(crate) const TITLE_LIMIT: usize = 250;
/// The longest body, in characters. GitHub answers 422 to more than 65,536 characters ("body is
/// too long (maximum is 65536 characters)").
pub(crate) const BODY_LIMIT: usize = 60_000;
/// The longest description, and the longest runbook, in characters.
const LONG_TEXT_LIMIT: usize = 16_000;
/// The size of one heading and of the lines between the parts, in characters.
const FRAME_SIZE: usize = 100;
/// The longest title in the body, which repeats a title that was cut.
const FULL_TITLE_LIMIT: usize = 3_000;
/// The longest reference, value of the facts table, and list of tags, in characters.
const SHORT_TEXT_LIMIT: usize = 2_000;

/// The title of the issue.
pub(crate) fn title(message: &Message<'_>) -> String {
    escaped_within(&message.headline, TITLE_LIMIT, markdown::title)
}

/// The body. It begins with `marker`, by which the lookup finds the issue.
pub(crate) fn body(message: &Message<'_>, marker: &str) -> String {
    let head = head(message, marker);
    let reference = message.reference.map(|reference| {
        let reference = escaped_within(reference, SHORT_TEXT_LIMIT, escape);
        format!("\n\n### Reference\n\n{reference}")
    });
    let reference = reference.unwrap_or_default();

    // Description and runbook get a third each of the remaining room at most, the
    // context gets the rest.
    let used = length(&head) + length(&reference) + FRAME_SIZE;
    let share = (BODY_LIMIT.saturating_sub(used) / 3).min(LONG_TEXT_LIMIT);
    let mut body = head;
    if let Some(description) = message.description {
        body.push_str("\n\n");
        body.push_str(&escaped_within(description, share, escape));
    }
    if let Some(runbook) = message.runbook {
        body.push_str("\n\n### Runbook\n\n");
        body.push_str(&escaped_within(runbook, share, escape));
    }
    body.push_str(&reference);
    if let Some(context) = &message.context {
        let room = BODY_LIMIT.saturating_sub(length(&body));
        body.push_str(&escaped_within(context, room, folded));
    }
    body
}

fn length(text: &str) -> usize {
    Unit::Characters.length(text)
}

fn head(message: &Message<'_>, marker: &str) -> String {
    let mut parts = vec![marker.to_owned()];
    if let Some(href) = message.link.and_then(web_url) {
        // Markdown also decodes character references inside an address.
        let href = href.replace('&', "&amp;");
        parts.push(format!("[View the alert](<{href}>)"));
    }
    if length(&message.headline) > TITLE_LIMIT {
        parts.push(escaped_within(message.title, FULL_TITLE_LIMIT, escape));
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
    let value = truncate(value, SHORT_TEXT_LIMIT / 2, Unit::Characters);
    format!(
        "| **{label}** | {} |",
        escaped_within(&value, SHORT_TEXT_LIMIT, escape)
    )
}
