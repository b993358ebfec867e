//! The message: one line of text for notifications, and blocks.

pub(crate) mod blocks;
mod rich;

use serde_json::{Map, Value, json};
use tocsin_core::alert::Severity;
use tocsin_core::escape::escaped;
use tocsin_core::message::Message;
use tocsin_core::provider::{Detail, RequestContext};
use tocsin_core::text::{Unit, truncate};

use crate::Slack;

/// The longest headline, in characters before escaping. Slack advises to keep `text`
/// under 4,000 characters (<https://docs.slack.dev/reference/methods/chat.postMessage>),
/// and escaping makes at most five characters out of one.
const HEADLINE_LIMIT: usize = 800;

/// The fields of the message, but for the channel.
pub(crate) fn fields(context: &RequestContext<'_, Slack>) -> Map<String, Value> {
    let message = Message::of(context);
    let mut fields = Map::new();
    let text = match context.detail {
        Detail::Full => headline(&message),
        Detail::Minimal => minimal(&message),
    };
    fields.insert("text".to_owned(), text.into());
    // Shows the text literally. The blocks contain only literal texts.
    fields.insert("mrkdwn".to_owned(), false.into());
    // Otherwise Slack fetches every URL that an attacker put into an alert.
    fields.insert("unfurl_links".to_owned(), false.into());
    fields.insert("unfurl_media".to_owned(), false.into());
    if context.detail == Detail::Full {
        // With blocks, the text is only in notifications. Only attachments have a coloured
        // bar. An attachment with blocks must not have text:
        // https://github.com/slackapi/bolt-js/issues/717
        let title = blocks::title(&message);
        let blocks = blocks::beside_bar(&message, &title);
        let attachment = json!({"color": color(message.severity), "blocks": blocks});
        fields.insert("blocks".to_owned(), title.into());
        fields.insert("attachments".to_owned(), json!([attachment]));
    }
    fields
}

fn headline(message: &Message<'_>) -> String {
    escape(&truncate(
        &message.headline,
        HEADLINE_LIMIT,
        Unit::Characters,
    ))
}

/// Only text: Slack may have refused any of the blocks.
fn minimal(message: &Message<'_>) -> String {
    let headline = headline(message);
    match &message.link {
        Some(link) => format!("{headline}\n{}", escape(link)),
        None => headline,
    }
}

/// Escapes the three characters that make mentions, links and channels
/// (<https://docs.slack.dev/messaging/formatting-message-text#escaping>).
/// Slack decodes no other entities.
fn escape(text: &str) -> String {
    escaped(text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    })
}

/// The colour of the bar at the left of the message.
const fn color(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "#8B1A1A",
        Severity::High => "#CB2E2E",
        Severity::Medium => "#D9822B",
        Severity::Low => "#F7D154",
        Severity::Info => "#47B881",
    }
}
