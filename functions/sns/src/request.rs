//! What is published: the payload for machines, a readable text for e-mail.

use std::fmt::Write;

use serde_json::json;
use tocsin_core::alert::Payload;
use tocsin_core::message::Message;
use tocsin_core::provider::Form;
use tocsin_core::text::{Unit, truncate};
use tocsin_sender::Work;
use tocsin_sender::aws::{Fitted, Outgoing, Taker, attributes, fifo_group, fit};

use crate::settings::{Settings, Topic, TopicKind};

/// Bytes of message and attributes together: a topic's default limit. Topics can
/// be given up to 1 MiB, but nothing tells a publisher: the destination has to.
const MESSAGE_LIMIT: usize = 256 * 1024;

/// Bytes of the e-mail text: enough for people, and out of the payload's way.
const EMAIL_LIMIT: usize = 16 * 1024;

/// Characters of a subject: "less than 100" by the API's own model.
const SUBJECT_LIMIT: usize = 99;

pub(crate) fn build(work: Work<'_>, settings: &Settings, topic: &Topic, form: Form) -> Outgoing {
    let message = Message::new(work.alert, work.severity);
    let taker = Taker {
        name: "the topic",
        limit: settings.max_message_bytes.unwrap_or(MESSAGE_LIMIT),
    };
    // Where a topic takes little, the text must not take it all.
    let room = EMAIL_LIMIT.min(taker.limit / 4);
    let Fitted { text, remark } = fit(work, form, taker, |payload, form| {
        let email = match form {
            Form::Full => email(&message),
            Form::Minimal => email_head(&message),
        };
        variants(payload, &truncate(&email, room, Unit::Bytes))
    });
    let (group_id, deduplication_id) = match topic.kind {
        TopicKind::Standard => (None, None),
        TopicKind::Fifo => (
            Some(fifo_group(
                settings.message_group_id.as_deref(),
                &work.alert.detection_id,
            )),
            Some(work.delivery.to_string()),
        ),
    };
    Outgoing {
        to: settings.topic_arn.clone(),
        // In the least form there is none, in case it is what was refused.
        subject: (form == Form::Full).then(|| subject(&message)),
        body: text,
        attributes: attributes(work),
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
