//! What is published: the payload for machines, a readable text for e-mail.

use std::fmt::Write;

use serde_json::json;
use tocsin_core::alert::Payload;
use tocsin_core::message::Message;
use tocsin_core::provider::Detail;
use tocsin_core::text::{Unit, truncate};
use tocsin_sender::AttemptInput;
use tocsin_sender::messaging::{Outgoing, SizeLimit, Truncated, attributes, fifo_group, fit};

use crate::settings::{Settings, Topic, TopicKind};

/// Bytes of message and attributes together: a topic's default limit. Topics can
/// be given up to 1 MiB, but nothing tells a publisher: the destination has to.
const MESSAGE_LIMIT: usize = 256 * 1024;

/// Bytes of the e-mail text: enough for people, and out of the payload's way.
const EMAIL_LIMIT: usize = 16 * 1024;

/// Characters of a subject: "less than 100" by the API's own model.
const SUBJECT_LIMIT: usize = 99;

pub(crate) fn build(
    input: AttemptInput<'_>,
    settings: &Settings,
    topic: &Topic,
    detail: Detail,
) -> Outgoing {
    let message = Message::new(input.alert, input.severity);
    let size_limit = SizeLimit {
        name: "the topic",
        limit: settings.max_message_bytes.unwrap_or(MESSAGE_LIMIT),
    };
    // Where a topic takes little, the text must not take it all.
    let room = EMAIL_LIMIT.min(size_limit.limit / 4);
    let Truncated { text, remark } = fit(input, detail, size_limit, |payload, detail| {
        let email = match detail {
            Detail::Full => email(&message),
            Detail::Minimal => email_head(&message),
        };
        variants(payload, &truncate(&email, room, Unit::Bytes))
    });
    let (group_id, deduplication_id) = match topic.kind {
        TopicKind::Standard => (None, None),
        TopicKind::Fifo => (
            Some(fifo_group(
                settings.message_group_id.as_deref(),
                &input.alert.detection_id,
            )),
            Some(input.delivery.to_string()),
        ),
    };
    Outgoing {
        to: settings.topic_arn.clone(),
        // In the least form there is none, in case it is what was refused.
        subject: (detail == Detail::Full).then(|| subject(&message)),
        body: text,
        attributes: attributes(input),
        group_id,
        deduplication_id,
        remark,
    }
}

fn variants(payload: &Payload<'_>, email: &str) -> String {
    json!({"default": payload.to_json(), "email": email}).to_string()
}

/// Plain text, the way a person reads it.
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
            let _ = writeln!(text, "\n{heading}:\n{part}");
        }
    }
    text
}

/// The least that is an e-mail.
fn email_head(message: &Message<'_>) -> String {
    let mut text = format!("{}\n", message.headline);
    if let Some(link) = message.link {
        let _ = writeln!(text, "\nFor more details please visit: {link}");
    }
    text
}

/// ASCII without control characters, which is what every version of SNS's
/// documentation allows; it begins with a bracket.
fn subject(message: &Message<'_>) -> String {
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
