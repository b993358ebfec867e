//! The credential of a Slack destination, which decides how messages are posted.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tocsin_core::provider::{FieldError, SecretUrl, is_provider_host};
use url::Url;

use crate::settings::{Settings, check_channel};

/// The secret of a Slack destination: exactly one of the two.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Secret {
    /// The URL of an incoming webhook.
    pub webhook_url: Option<SecretUrl>,
    /// The token of a bot, `xoxb-…`.
    pub bot_token: Option<SecretString>,
}

/// The two ways to post to a channel.
pub(crate) enum Mode<'a> {
    /// With the incoming webhook at this URL.
    Webhook(&'a Url),
    /// With `chat.postMessage`.
    Bot {
        token: &'a SecretString,
        channel: &'a str,
    },
}

/// The hosts of incoming webhooks, of Slack and of `GovSlack`
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
            "cannot be set beside secret.webhookUrl: keep one of the two",
        )),
        (Some(_), None, Some(_)) => Err(FieldError::new(
            "settings.channelId",
            "is only for bots: a webhook posts to the channel it was created for; remove the setting",
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
    let reject = |problem| Err(FieldError::new("secret.webhookUrl", problem));
    if base_url.is_some_and(|base| base.origin() == url.origin()) {
        return Ok(url);
    }
    if !is_provider_host(url, &WEBHOOK_HOSTS, None) {
        return reject("must begin with https://hooks.slack.com/ or https://hooks.slack-gov.com/");
    }
    let has_additions = !url.username().is_empty()
        || url.password().is_some()
        || url.port().is_some()
        || url.query().is_some()
        || url.fragment().is_some();
    if has_additions {
        return reject("must be the URL as Slack shows it, with nothing added");
    }
    let path: Vec<&str> = url.path().split('/').skip(1).collect();
    match path.as_slice() {
        ["services", team, hook, key] if ![team, hook, key].iter().any(|part| part.is_empty()) => {
            Ok(url)
        }
        // URLs of Workflow Builder accept the workflow's variables instead of messages.
        ["triggers" | "workflows", ..] => {
            reject("starts a workflow: create an incoming webhook, whose path is /services/…")
        }
        _ => reject("must have the form https://hooks.slack.com/services/T…/B…/…"),
    }
}

fn bot<'a>(token: &'a SecretString, channel: &'a str) -> Result<Mode<'a>, FieldError> {
    let text = token.expose_secret();
    if text.starts_with("xoxe.") {
        return Err(FieldError::new(
            "secret.botToken",
            "expires after twelve hours: turn off token rotation for the app and install it again",
        ));
    }
    let key = text.strip_prefix("xoxb-").unwrap_or_default();
    let is_token_byte = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    // No token seen is longer than 100 bytes; the limit bounds the header.
    if key.is_empty() || key.len() > 250 || !key.bytes().all(is_token_byte) {
        return Err(FieldError::new(
            "secret.botToken",
            "must be a bot token: it begins with xoxb- (under OAuth & Permissions of the app)",
        ));
    }
    check_channel(channel)?;
    Ok(Mode::Bot { token, channel })
}
