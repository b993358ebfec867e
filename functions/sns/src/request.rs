//! What is published: the payload for machines, a readable text for e-mail.

use serde_json::json;
use tocsin_core::alert::Payload;
use tocsin_core::message::Message;
use tocsin_core::provider::Form;
use tocsin_core::text::{Unit, truncate};
use tocsin_sender::Work;
use tocsin_sender::aws::fifo_group;

use crate::settings::{Settings, Topic, TopicKind};

/// Bytes of message and attributes together: a topic's default limit. Topics can
/// be given up to 1 MiB, but nothing tells a publisher without asking.
const MESSAGE_LIMIT: usize = 256 * 1024;

/// Bytes of the e-mail text: enough for people, and out of the payload's way.
const EMAIL_LIMIT: usize = 16 * 1024;

/// Characters of a subject: "less than 100" by the API's own model.
const SUBJECT_LIMIT: usize = 99;

/// One message to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Publication {
    /// The JSON of `MessageStructure=json`.
    pub(crate) message: String,
    /// The e-mail subject; none in the least form, in case it is what was refused.
    pub(crate) subject: Option<String>,
    /// For filter policies.
    pub(crate) attributes: Vec<(&'static str, String)>,
    /// FIFO topics only.
    pub(crate) group_id: Option<String>,
    /// FIFO topics only.
    pub(crate) deduplication_id: Option<String>,
    /// What had to be left out.
    pub(crate) remark: Option<String>,
}

pub(crate) fn build(work: Work<'_>, settings: &Settings, topic: &Topic, form: Form) -> Publication {
    let message = Message::new(work.alert, work.severity);
    let attributes = vec![
        ("severity", work.severity.to_string()),
        ("type", work.alert.alert_type.to_string()),
        ("alertId", work.alert.alert_id.to_string()),
    ];
    let taken: usize = attributes
        .iter()
        .map(|(name, value)| name.len() + value.len() + "String".len())
        .sum();
    let (text, remark) = match form {
        Form::Full => fitting(work, &message, MESSAGE_LIMIT - taken),
        Form::Minimal => (variants(&minimal(work), &message), None),
    };
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
    Publication {
        message: text,
        subject: (form == Form::Full).then(|| subject(&message)),
        attributes,
        group_id,
        deduplication_id,
        remark,
    }
}

/// The payload as it is; else without its context; else the least of it.
fn fitting(work: Work<'_>, message: &Message<'_>, limit: usize) -> (String, Option<String>) {
    let whole = variants(&Payload::of(work.alert, work.severity).to_json(), message);
    if whole.len() <= limit {
        return (whole, None);
    }
    let notice = format!(
        "alertContext was cut: the message would have had {} bytes, and SNS takes {MESSAGE_LIMIT}",
        whole.len()
    );
    let context = serde_json::Map::from_iter([("_truncated".to_owned(), json!(notice))]);
    let payload = Payload::of(work.alert, work.severity).with_context(&context);
    let without_context = variants(&payload.to_json(), message);
    if without_context.len() <= limit {
        return (without_context, Some(notice));
    }
    (variants(&minimal(work), message), Some(notice))
}

fn minimal(work: Work<'_>) -> String {
    Payload::minimal(work.alert, work.severity).to_json()
}

fn variants(payload: &str, message: &Message<'_>) -> String {
    json!({"default": payload, "email": email(message)}).to_string()
}

/// Plain text, the way a person reads it.
fn email(message: &Message<'_>) -> String {
    let mut text = format!("{}\n", message.headline);
    if let Some(link) = message.link {
        text.push_str(&format!("\nFor more details please visit: {link}\n"));
    }
    text.push('\n');
    for fact in &message.facts {
        text.push_str(&format!("{}: {}\n", fact.label, fact.value));
    }
    for (heading, part) in [
        ("Description", message.description),
        ("Runbook", message.runbook),
        ("Reference", message.reference),
        ("Context", message.context.as_deref()),
    ] {
        if let Some(part) = part {
            text.push_str(&format!("\n{heading}:\n{part}\n"));
        }
    }
    truncate(&text, EMAIL_LIMIT, Unit::Bytes).into_owned()
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
