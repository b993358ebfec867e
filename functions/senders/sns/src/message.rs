//! The message: the payload for machines, and a readable text for e-mail.

use std::fmt::Write;

use serde_json::json;
use tocsin_core::alert::Payload;
use tocsin_core::message::Message;
use tocsin_core::provider::Detail;
use tocsin_core::text::{Unit, indented, truncate};

/// The longest e-mail text, in bytes: enough for a reader, with room left for the
/// payload.
const EMAIL_LIMIT: usize = 16 * 1024;

/// The longest subject, in characters: the API's model says "less than 100".
const SUBJECT_LIMIT: usize = 99;

/// One text for each kind of subscription, as `MessageStructure=json` requires.
pub(crate) fn body(
    payload: &Payload<'_>,
    message: &Message<'_>,
    detail: Detail,
    limit: usize,
) -> String {
    let email = match detail {
        Detail::Full => email(message),
        Detail::Minimal => email_head(message),
    };
    // On a topic with a low limit the e-mail text must leave room for the payload.
    let email = truncate(&email, EMAIL_LIMIT.min(limit / 4), Unit::Bytes);
    json!({"default": payload.to_json(), "email": email}).to_string()
}

/// The e-mail text: headline, link, facts and the long texts. The lines of these are
/// indented: a mail has no other way to tell them from its own, such as the link and
/// those about the subscription that SNS adds at the end.
fn email(message: &Message<'_>) -> String {
    let mut text = email_head(message);
    text.push('\n');
    for fact in &message.facts {
        let _ = writeln!(text, "{}: {}", fact.label, fact.value);
    }
    for (heading, part) in [
        ("Description", message.description),
        ("Runbook", message.runbook),
        ("Reference", message.reference),
        ("Context", message.context.as_deref()),
    ] {
        if let Some(part) = part.filter(|part| !part.trim().is_empty()) {
            let _ = writeln!(text, "\n{heading}:\n{}", indented(part));
        }
    }
    text
}

/// The start of the e-mail text: headline and link.
fn email_head(message: &Message<'_>) -> String {
    let mut text = format!("{}\n", message.headline);
    if let Some(link) = message.link {
        let _ = writeln!(text, "\nFor more details please visit: {link}");
    }
    text
}

/// The subject: ASCII without control characters, which every version of SNS's
/// documentation allows. It begins with a bracket.
pub(crate) fn subject(message: &Message<'_>) -> String {
    let ascii: String = message
        .headline
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '?'
            }
        })
        .collect();
    if ascii.len() <= SUBJECT_LIMIT {
        ascii
    } else {
        format!("{}...", &ascii[..SUBJECT_LIMIT - 3])
    }
}
