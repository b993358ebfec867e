//! The settings of a Slack destination.

use serde::{Deserialize, Serialize};
use tocsin_core::provider::FieldError;

/// The settings of a Slack destination.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Settings {
    /// The id of the channel that the bot posts to: `C0123ABCD`. Only with a bot token;
    /// a webhook belongs to one channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<String>,
}

pub(crate) fn check_channel(channel: &str) -> Result<(), FieldError> {
    let is_id_byte = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    let has_known_prefix = channel.starts_with(['C', 'D', 'G']);
    if has_known_prefix && (3..=32).contains(&channel.len()) && channel.bytes().all(is_id_byte) {
        return Ok(());
    }
    Err(FieldError::new(
        "settings.channelId",
        "must be a channel's id, such as C0123ABCD, not its name: Slack shows it at the end of the channel's details",
    ))
}
