//! The request: the same message for both ways, which differ in address and
//! credential only.

use serde_json::{Map, Value, json};
use tocsin_core::alert::Severity;
use tocsin_core::escape::escaped;
use tocsin_core::link::web_url;
use tocsin_core::message::Message;
use tocsin_core::provider::{
    Address, Detail, FieldError, Header, Method, Request, RequestContext, api_url,
};
use tocsin_core::text::{Unit, truncate};
use url::Url;

use crate::Slack;
use crate::blocks;
use crate::settings::Mode;

/// The longest headline, before escaping. Slack advises to keep `text` under
/// 4,000 characters (<https://docs.slack.dev/reference/methods/chat.postMessage>),
/// and escaping makes at most five out of one.
const HEADLINE: usize = 800;

pub(crate) fn build(
    context: &RequestContext<'_, Slack>,
    mode: &Mode<'_>,
    base_url: Option<&Url>,
) -> Result<Request, FieldError> {
    let message = message(context);
    Ok(match mode {
        Mode::Webhook(url) => {
            Request::post_json(Address::Secret((*url).clone()), body(message, None))
        }
        Mode::Bot { token, channel } => {
            let url = api_url("https://slack.com", base_url, "api/chat.postMessage")?;
            let request = Request {
                method: Method::Post,
                address: Address::Public(url),
                headers: Vec::new(),
                hidden: Vec::new(),
                body: body(message, Some(channel)),
            };
            // Without a charset each answer carries the warning `missing_charset`.
            let json = "application/json; charset=utf-8".to_owned();
            request
                .header("content-type", Header::Plain(json))
                .header("authorization", Header::bearer("secret.botToken", token)?)
        }
    })
}

fn body(mut message: Map<String, Value>, channel: Option<&str>) -> Vec<u8> {
    if let Some(channel) = channel {
        message.insert("channel".to_owned(), channel.into());
    }
    Value::Object(message).to_string().into_bytes()
}

fn message(context: &RequestContext<'_, Slack>) -> Map<String, Value> {
    let message = Message::of(context);
    let mut fields = Map::new();
    let text = match context.detail {
        Detail::Full => headline(&message),
        Detail::Minimal => minimal(&message),
    };
    fields.insert("text".to_owned(), text.into());
    // The text is shown as it is written; blocks are literal by themselves.
    fields.insert("mrkdwn".to_owned(), false.into());
    // Otherwise Slack fetches whatever URLs an attacker got into an alert.
    fields.insert("unfurl_links".to_owned(), false.into());
    fields.insert("unfurl_media".to_owned(), false.into());
    if context.detail == Detail::Full {
        // Only attachments have a coloured bar. Beside blocks they must have no
        // text of their own: https://github.com/slackapi/bolt-js/issues/717
        let blocks = blocks::of(&message);
        let attachment = json!({"color": color(message.severity), "blocks": blocks});
        fields.insert("attachments".to_owned(), json!([attachment]));
    }
    fields
}

fn headline(message: &Message<'_>) -> String {
    escape(&truncate(&message.headline, HEADLINE, Unit::Characters))
}

/// Nothing but text: what was refused may have been any of the blocks.
fn minimal(message: &Message<'_>) -> String {
    let headline = headline(message);
    match message.link.and_then(web_url) {
        Some(link) => format!("{headline}\n{}", escape(&link)),
        None => headline,
    }
}

/// Slack's three characters, which make mentions, links and channels
/// (<https://docs.slack.dev/messaging/formatting-message-text#escaping>).
/// Nothing else may be entity-encoded.
fn escape(text: &str) -> String {
    escaped(text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    })
}

/// The bar at the left of the message.
const fn color(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "#8B1A1A",
        Severity::High => "#CB2E2E",
        Severity::Medium => "#D9822B",
        Severity::Low => "#F7D154",
        Severity::Info => "#47B881",
    }
}
