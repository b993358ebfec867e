//! The message: the payload for machines, and a readable text for e-mail.

use std::fmt::Write;

use serde_json::json;
use tocsin_core::alert::Payload;
use tocsin_core::message::{Message, divide};
use tocsin_core::prose::Prose;
use tocsin_core::provider::Detail;
use tocsin_core::text::{Unit, clipped, indented, truncate};

/// The longest e-mail text, in bytes: enough for a reader, with room left for the
/// payload.
const EMAIL_LIMIT: usize = 16 * 1024;

/// The longest fact, list of tags and reference, in bytes: the long texts always have room.
const LINE_LIMIT: usize = 600;

/// The longest subject, in characters: the API says "less than 100".
const SUBJECT_LIMIT: usize = 99;

/// One text for each kind of subscription, as `MessageStructure=json` requires.
pub(crate) fn body(
    payload: &Payload<'_>,
    message: &Message<'_>,
    detail: Detail,
    limit: usize,
) -> String {
    // On a topic with a low limit the e-mail text must leave room for the payload.
    let room = EMAIL_LIMIT.min(limit / 4);
    let email = match detail {
        Detail::Full => email(message, room),
        Detail::Minimal => email_head(message),
    };
    let email = truncate(&email, room, Unit::Bytes);
    json!({"default": payload.to_json(), "email": email}).to_string()
}

/// The e-mail text: headline and link, what happened, the runbook, the facts, and the
/// context, in at most `limit` bytes if these leave room for anything but headline, link
/// and facts. The lines of the long texts are indented: a mail has no other way to tell
/// them from its own, such as the link and those about the subscription that SNS adds at
/// the end.
fn email(message: &Message<'_>, limit: usize) -> String {
    let head = email_head(message);
    let reference = part("Reference", prose(message.reference.as_ref()), LINE_LIMIT);
    let facts = facts(message);
    let context = message.context_excerpt().unwrap_or_default();
    let texts = [
        ("Description", prose(message.description.as_ref())),
        ("Runbook", prose(message.runbook.as_ref())),
        ("Context", &context),
    ];
    let wanted = texts.map(|(heading, text)| part(heading, text, usize::MAX).len());
    let room = limit.saturating_sub(head.len() + reference.len() + facts.len());
    let rooms = divide(room, wanted);
    let [description, runbook, context] =
        [0, 1, 2].map(|at| part(texts[at].0, texts[at].1, rooms[at]));
    [head, description, runbook, facts, reference, context].concat()
}

/// The start of the e-mail text: headline and link.
fn email_head(message: &Message<'_>) -> String {
    let mut text = format!("{}\n", message.headline);
    if let Some(link) = &message.link {
        let _ = writeln!(text, "\nFor more details please visit: {link}");
    }
    text
}

fn prose<'a>(text: Option<&'a Prose<'_>>) -> &'a str {
    text.map_or("", Prose::as_str)
}

/// A text below its heading, in at most `room` bytes; nothing where not even the heading
/// fits.
fn part(heading: &str, text: &str, room: usize) -> String {
    let heading = format!("\n{heading}:\n");
    let Some(room) = room.checked_sub(heading.len() + 1) else {
        return String::new();
    };
    if text.is_empty() {
        return String::new();
    }
    let text = indented(text);
    let text = truncate(&text, room, Unit::Bytes);
    if text.trim().is_empty() {
        return String::new();
    }
    format!("{heading}{text}\n")
}

fn facts(message: &Message<'_>) -> String {
    let mut text = String::from("\n");
    for (label, value) in message.rows() {
        let value = truncate(&value, LINE_LIMIT, Unit::Bytes);
        let _ = writeln!(text, "{label}: {value}");
    }
    text
}

/// The subject, which begins with a bracket. "Subjects must be UTF-8 text with no line
/// breaks or control characters, and less than 100 characters long"
/// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>, and the SDK that this
/// crate is built with); older versions of that page allow ASCII only. A refused subject
/// is left out by the second try.
pub(crate) fn subject(message: &Message<'_>) -> String {
    clipped(&message.headline, SUBJECT_LIMIT).into_owned()
}
