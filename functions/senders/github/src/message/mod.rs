//! The title and body of an issue.

mod markdown;

use markdown::{escape, fenced, link_to, prose};
use tocsin_core::escape::escaped_within;
use tocsin_core::message::{ContextText, Message};
use tocsin_core::prose::Prose;
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
    let tail = tail(message);

    // Description and runbook get a third each of the remaining room at most, the
    // context gets the rest.
    let used = length(&head) + length(&tail) + FRAME_SIZE;
    let share = (BODY_LIMIT.saturating_sub(used) / 3).min(LONG_TEXT_LIMIT);
    let mut body = head;
    if let Some(description) = &message.description {
        body.push_str("\n\n");
        body.push_str(&within(description, share));
    }
    if let Some(runbook) = &message.runbook {
        body.push_str("\n\n### Runbook\n\n");
        body.push_str(&within(runbook, share));
    }
    body.push_str(&tail);
    if let Some(context) = &message.context {
        let room = BODY_LIMIT.saturating_sub(length(&body));
        let folded = |text: &str| folded(context, text);
        body.push_str(&escaped_within(context.as_str(), room, folded));
    }
    body
}

/// A text of the detection in at most `limit` characters.
fn within(text: &Prose<'_>, limit: usize) -> String {
    match text {
        Prose::Link(url) => {
            let link = link_to(url);
            if length(&link) <= limit {
                link
            } else {
                escaped_within(url, limit, escape)
            }
        }
        Prose::Text(text) => escaped_within(text, limit, prose),
    }
}

fn length(text: &str) -> usize {
    Unit::Characters.length(text)
}

fn head(message: &Message<'_>, marker: &str) -> String {
    let mut parts = vec![marker.to_owned()];
    if let Some(href) = &message.link {
        // Markdown also decodes character references inside an address.
        let href = href.replace('&', "&amp;");
        parts.push(format!("[View the alert](<{href}>)"));
    }
    if length(&message.headline) > TITLE_LIMIT {
        parts.push(escaped_within(message.title, FULL_TITLE_LIMIT, escape));
    }
    parts.join("\n\n")
}

/// The facts and the reference.
fn tail(message: &Message<'_>) -> String {
    let reference = message.reference.as_ref().map(|reference| {
        let reference = within(reference, SHORT_TEXT_LIMIT);
        format!("\n\n### Reference\n\n{reference}")
    });
    let table = table(message).map(|table| format!("\n\n{table}"));
    [table, reference].into_iter().flatten().collect()
}

/// As much of the context as `shown`, folded if it is longer than a screen.
fn folded(context: &ContextText, shown: &str) -> String {
    let block = fenced(shown, "json");
    let summary = if context.fits_screen() {
        "<details open><summary>Context</summary>".to_owned()
    } else {
        let lines = context.line_count();
        format!("<details><summary>Context ({lines} lines)</summary>")
    };
    format!("\n\n{summary}\n\n{block}\n\n</details>")
}

fn table(message: &Message<'_>) -> Option<String> {
    let rows: Vec<String> = message
        .rows()
        .iter()
        .map(|(label, value)| row(label, value))
        .collect();
    (!rows.is_empty()).then(|| format!("| | |\n|---|---|\n{}", rows.join("\n")))
}

fn row(label: &str, value: &str) -> String {
    let value = truncate(value, SHORT_TEXT_LIMIT / 2, Unit::Characters);
    format!(
        "| **{label}** | {} |",
        escaped_within(&value, SHORT_TEXT_LIMIT, escape)
    )
}
