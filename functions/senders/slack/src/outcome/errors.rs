//! The error codes of Slack.
//!
//! Collected from <https://docs.slack.dev/reference/methods/chat.postMessage#errors>
//! and <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors>.

use tocsin_core::outcome::FailureKind::{
    Misconfigured, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_core::provider::KnownError;

/// A code that ends in `*` stands for all codes with that prefix.
const ERRORS: &[KnownError] = &[
    // The credential. The URL of a webhook is one, so a deleted webhook counts here,
    // and the sender reads the secret again before it gives up.
    KnownError::new(
        "account_inactive",
        Unauthorized,
        "the app was uninstalled or its user deactivated",
    ),
    KnownError::new("invalid_auth", Unauthorized, ""),
    KnownError::new("invalid_token", Unauthorized, "create a new webhook"),
    KnownError::new(
        "missing_scope",
        Unauthorized,
        "give the app chat:write and reinstall it",
    ),
    KnownError::new("no_active_hooks", Unauthorized, "create a new webhook"),
    KnownError::new(
        "no_permission",
        Unauthorized,
        "give the app chat:write and reinstall it",
    ),
    KnownError::new(
        "no_service",
        Unauthorized,
        "the webhook was removed or disabled: create a new one",
    ),
    KnownError::new("no_service_id", Unauthorized, "create a new webhook"),
    KnownError::new("no_team", Unauthorized, "create a new webhook"),
    KnownError::new(
        "not_allowed_token_type",
        Unauthorized,
        "use the bot's token, xoxb-…",
    ),
    KnownError::new("not_authed", Unauthorized, ""),
    KnownError::new(
        "token_expired",
        Unauthorized,
        "turn off token rotation for the app and install it again",
    ),
    KnownError::new("token_revoked", Unauthorized, "install the app again"),
    // The channel, the workspace, and their restrictions.
    KnownError::new(
        "accesslimited",
        Misconfigured,
        "the workspace limits API access",
    ),
    KnownError::new("access_denied", Misconfigured, ""),
    KnownError::new(
        "action_prohibited",
        Misconfigured,
        "an administrator restricts posting there",
    ),
    KnownError::new(
        "app_access_restricted",
        Misconfigured,
        "an administrator restricts the app",
    ),
    KnownError::new("as_user_not_supported", Misconfigured, ""),
    KnownError::new("cannot_reply_to_message", Misconfigured, ""),
    KnownError::new("channel_is_archived", Misconfigured, ""),
    KnownError::new(
        "channel_not_found",
        Misconfigured,
        "use the channel's id; invite the app if the channel is private",
    ),
    KnownError::new("deprecated_endpoint", Misconfigured, ""),
    KnownError::new(
        "ekm_access_denied",
        Misconfigured,
        "an administrator suspended posting",
    ),
    KnownError::new("enterprise_is_restricted", Misconfigured, ""),
    KnownError::new("is_archived", Misconfigured, ""),
    KnownError::new("method_deprecated", Misconfigured, ""),
    KnownError::new("method_not_supported_for_channel_type", Misconfigured, ""),
    KnownError::new(
        "not_in_channel",
        Misconfigured,
        "invite the app to the channel, or give it chat:write.public",
    ),
    KnownError::new(
        "posting_to_general_channel_denied",
        Misconfigured,
        "an administrator restricts posting there",
    ),
    KnownError::new(
        "restricted_action*",
        Misconfigured,
        "an administrator restricts posting there",
    ),
    KnownError::new("slack_connect_*", Misconfigured, ""),
    KnownError::new("team_access_not_granted", Misconfigured, ""),
    KnownError::new("team_disabled", Misconfigured, ""),
    KnownError::new(
        "team_not_found",
        Misconfigured,
        "use the channel's id instead of its name",
    ),
    KnownError::new("two_factor_setup_required", Misconfigured, ""),
    KnownError::new(
        "user_not_found",
        Misconfigured,
        "the webhook's recipient is gone",
    ),
    // The message. The sender repeats it in the minimal form.
    KnownError::new("attachment_payload_limit_exceeded", Refused, ""),
    KnownError::new("block_mismatch", Refused, ""),
    KnownError::new("invalid_arg*", Refused, ""),
    KnownError::new("invalid_array_arg", Refused, ""),
    KnownError::new("invalid_attachments", Refused, ""),
    KnownError::new("invalid_blocks*", Refused, ""),
    KnownError::new("invalid_charset", Refused, ""),
    KnownError::new("invalid_json", Refused, ""),
    KnownError::new("invalid_metadata_*", Refused, ""),
    KnownError::new("invalid_payload", Refused, ""),
    KnownError::new("invalid_post_type", Refused, ""),
    KnownError::new("json_not_object", Refused, ""),
    KnownError::new("markdown_text_conflict", Refused, ""),
    KnownError::new("metadata_*", Refused, ""),
    KnownError::new("missing_post_type", Refused, ""),
    KnownError::new("msg_blocks_too_long", Refused, ""),
    KnownError::new("msg_too_long", Refused, ""),
    KnownError::new("no_text", Refused, ""),
    KnownError::new("too_many_attachments", Refused, ""),
    // Temporary failures.
    KnownError::new(
        "message_limit_exceeded",
        Throttled,
        "the workspace's plan has no messages left",
    ),
    KnownError::new("rate_limited", Throttled, ""),
    KnownError::new("ratelimited", Throttled, ""),
    KnownError::new("fatal_error", Unavailable, ""),
    KnownError::new("internal_error", Unavailable, ""),
    KnownError::new(
        "org_login_required",
        Unavailable,
        "the workspace is being migrated",
    ),
    KnownError::new("request_timeout", Unavailable, ""),
    KnownError::new("rollup_error", Unavailable, ""),
    KnownError::new("service_unavailable", Unavailable, ""),
    KnownError::new(
        "team_added_to_org",
        Unavailable,
        "the workspace is being migrated",
    ),
];

/// The entry for an error code.
pub(super) fn find(code: &str) -> Option<&'static KnownError> {
    ERRORS
        .iter()
        .find(|known| match known.code.strip_suffix('*') {
            Some(prefix) => code.starts_with(prefix),
            None => code == known.code,
        })
}
