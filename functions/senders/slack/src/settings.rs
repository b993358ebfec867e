//! What a Slack destination has configured, and which of the two ways it takes.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tocsin_core::provider::{FieldError, SecretUrl, is_provider_host};
use url::Url;

/// What may be seen.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Settings {
    /// The channel that the bot posts to, by its id: `C0123ABCD`. Only with a
    /// bot token; a webhook has its channel built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<String>,
}

/// What must not be seen: exactly one of the two.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Secret {
    /// An incoming webhook's URL.
    pub webhook_url: Option<SecretUrl>,
    /// A bot's token, `xoxb-…`.
    pub bot_token: Option<SecretString>,
}

/// How a destination is reached.
pub(crate) enum Mode<'a> {
    /// By the incoming webhook at this URL.
    Webhook(&'a Url),
    /// By `chat.postMessage`.
    Bot {
        token: &'a SecretString,
        channel: &'a str,
    },
}

/// The hosts of incoming webhooks: Slack's and `GovSlack`'s
/// (<https://docs.slack.dev/govslack>).
const WEBHOOK_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

pub(crate) fn mode<'a>(
    settings: &'a Settings,
    secret: &'a Secret,
    base_url: Option<&Url>,
) -> Result<Mode<'a>, FieldError> {
    let channel = settings.channel_id.as_deref();
    match (&secret.webhook_url, &secret.bot_token, channel) {
        (None, None, _) => Err(FieldError::new(
            "secret.webhookUrl",
            "is missing, and so is secret.botToken: one of the two is needed",
        )),
        (Some(_), Some(_), _) => Err(FieldError::new(
            "secret.botToken",
            "stands beside secret.webhookUrl: keep the one to be used, remove the other",
        )),
        (Some(_), None, Some(_)) => Err(FieldError::new(
            "settings.channelId",
            "is only for bots: a webhook posts to the channel it was created for; remove it",
        )),
        (None, Some(_), None) => Err(FieldError::new(
            "settings.channelId",
            "is missing: a bot token needs the id of the channel, such as C0123ABCD",
        )),
        (Some(url), None, None) => webhook(url.expose(), base_url).map(Mode::Webhook),
        (None, Some(token), Some(channel)) => bot(token, channel),
    }
}

fn webhook<'a>(url: &'a Url, base_url: Option<&Url>) -> Result<&'a Url, FieldError> {
    let refuse = |problem| Err(FieldError::new("secret.webhookUrl", problem));
    if base_url.is_some_and(|base| base.origin() == url.origin()) {
        return Ok(url);
    }
    if !is_provider_host(url, &WEBHOOK_HOSTS, None) {
        return refuse("must begin with https://hooks.slack.com/ or https://hooks.slack-gov.com/");
    }
    let carries_more = !url.username().is_empty()
        || url.password().is_some()
        || url.port().is_some()
        || url.query().is_some()
        || url.fragment().is_some();
    if carries_more {
        return refuse("must be the URL as Slack shows it, with nothing added");
    }
    let path: Vec<&str> = url.path().split('/').skip(1).collect();
    match path.as_slice() {
        ["services", team, hook, key] if ![team, hook, key].iter().any(|part| part.is_empty()) => {
            Ok(url)
        }
        // Workflow Builder's URLs take variables of their own instead of messages.
        ["triggers" | "workflows", ..] => {
            refuse("starts a workflow: create an incoming webhook, whose path is /services/…")
        }
        _ => refuse("must have the form https://hooks.slack.com/services/T…/B…/…"),
    }
}

fn bot<'a>(token: &'a SecretString, channel: &'a str) -> Result<Mode<'a>, FieldError> {
    let text = token.expose_secret();
    if text.starts_with("xoxe.") {
        return Err(FieldError::new(
            "secret.botToken",
            "expires after twelve hours: turn off token rotation for the app and install it anew",
        ));
    }
    let key = text.strip_prefix("xoxb-").unwrap_or_default();
    let of_a_token = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    // No token seen is longer than 100; the bound keeps the header sane.
    if key.is_empty() || key.len() > 250 || !key.bytes().all(of_a_token) {
        return Err(FieldError::new(
            "secret.botToken",
            "must be a bot token: it begins with xoxb- (under OAuth & Permissions of the app)",
        ));
    }
    let of_an_id = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    let kind = channel.starts_with(['C', 'D', 'G']);
    if !kind || !(3..=32).contains(&channel.len()) || !channel.bytes().all(of_an_id) {
        return Err(FieldError::new(
            "settings.channelId",
            "must be a channel's id, such as C0123ABCD, not its name: Slack shows it at the end of the channel's details",
        ));
    }
    Ok(Mode::Bot { token, channel })
}
