//! What Slack's error strings mean.
//!
//! Collected from <https://docs.slack.dev/reference/methods/chat.postMessage#errors>
//! and <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors>.

use tocsin_core::outcome::FailureKind::{
    self, Misconfigured, Refused, Throttled, Unauthorized, Unavailable,
};

/// An error string, or how a family of them begins (`…_*`), what kind of
/// trouble it is, and what to do about it where its name does not say.
type Row = (&'static str, FailureKind, &'static str);

const TABLE: &[Row] = &[
    // The credential. A webhook's URL is one, so a dead one counts here, and
    // the sender reads the secret again before it gives up.
    (
        "account_inactive",
        Unauthorized,
        "the app was uninstalled or its user deactivated",
    ),
    ("invalid_auth", Unauthorized, ""),
    ("invalid_token", Unauthorized, "create the webhook anew"),
    (
        "missing_scope",
        Unauthorized,
        "give the app chat:write and reinstall it",
    ),
    ("no_active_hooks", Unauthorized, "create the webhook anew"),
    (
        "no_permission",
        Unauthorized,
        "give the app chat:write and reinstall it",
    ),
    (
        "no_service",
        Unauthorized,
        "the webhook was removed or disabled: create it anew",
    ),
    ("no_service_id", Unauthorized, "create the webhook anew"),
    ("no_team", Unauthorized, "create the webhook anew"),
    (
        "not_allowed_token_type",
        Unauthorized,
        "use the bot's token, xoxb-…",
    ),
    ("not_authed", Unauthorized, ""),
    (
        "token_expired",
        Unauthorized,
        "turn off token rotation for the app and install it anew",
    ),
    ("token_revoked", Unauthorized, "install the app anew"),
    // The channel, the workspace, and what they allow.
    (
        "accesslimited",
        Misconfigured,
        "the workspace limits API access",
    ),
    ("access_denied", Misconfigured, ""),
    (
        "action_prohibited",
        Misconfigured,
        "an administrator restricts posting there",
    ),
    (
        "app_access_restricted",
        Misconfigured,
        "an administrator restricts the app",
    ),
    ("as_user_not_supported", Misconfigured, ""),
    ("cannot_reply_to_message", Misconfigured, ""),
    ("channel_is_archived", Misconfigured, ""),
    (
        "channel_not_found",
        Misconfigured,
        "use the channel's id; invite the app if the channel is private",
    ),
    ("deprecated_endpoint", Misconfigured, ""),
    (
        "ekm_access_denied",
        Misconfigured,
        "an administrator suspended posting",
    ),
    ("enterprise_is_restricted", Misconfigured, ""),
    ("is_archived", Misconfigured, ""),
    ("method_deprecated", Misconfigured, ""),
    ("method_not_supported_for_channel_type", Misconfigured, ""),
    (
        "not_in_channel",
        Misconfigured,
        "invite the app to the channel, or give it chat:write.public",
    ),
    (
        "posting_to_general_channel_denied",
        Misconfigured,
        "an administrator restricts posting there",
    ),
    (
        "restricted_action*",
        Misconfigured,
        "an administrator restricts posting there",
    ),
    ("slack_connect_*", Misconfigured, ""),
    ("team_access_not_granted", Misconfigured, ""),
    ("team_disabled", Misconfigured, ""),
    (
        "team_not_found",
        Misconfigured,
        "use the channel's id instead of its name",
    ),
    ("two_factor_setup_required", Misconfigured, ""),
    (
        "user_not_found",
        Misconfigured,
        "the webhook's recipient is gone",
    ),
    // The message: the sender tries once more with the minimal form.
    ("attachment_payload_limit_exceeded", Refused, ""),
    ("block_mismatch", Refused, ""),
    ("invalid_arg*", Refused, ""),
    ("invalid_array_arg", Refused, ""),
    ("invalid_attachments", Refused, ""),
    ("invalid_blocks*", Refused, ""),
    ("invalid_charset", Refused, ""),
    ("invalid_json", Refused, ""),
    ("invalid_metadata_*", Refused, ""),
    ("invalid_payload", Refused, ""),
    ("invalid_post_type", Refused, ""),
    ("json_not_object", Refused, ""),
    ("markdown_text_conflict", Refused, ""),
    ("metadata_*", Refused, ""),
    ("missing_post_type", Refused, ""),
    ("msg_blocks_too_long", Refused, ""),
    ("msg_too_long", Refused, ""),
    ("no_text", Refused, ""),
    ("too_many_attachments", Refused, ""),
    // For now.
    (
        "message_limit_exceeded",
        Throttled,
        "the workspace's plan has no messages left",
    ),
    ("rate_limited", Throttled, ""),
    ("ratelimited", Throttled, ""),
    ("fatal_error", Unavailable, ""),
    ("internal_error", Unavailable, ""),
    (
        "org_login_required",
        Unavailable,
        "the workspace is being migrated",
    ),
    ("request_timeout", Unavailable, ""),
    ("rollup_error", Unavailable, ""),
    ("service_unavailable", Unavailable, ""),
    (
        "team_added_to_org",
        Unavailable,
        "the workspace is being migrated",
    ),
];

/// The kind of trouble behind an error string, and advice.
pub(crate) fn meaning(error: &str) -> Option<(FailureKind, &'static str)> {
    TABLE
        .iter()
        .find(|(name, ..)| match name.strip_suffix('*') {
            Some(family) => error.starts_with(family),
            None => error == *name,
        })
        .map(|(_, kind, advice)| (*kind, *advice))
}
