use tocsin_core::outcome::FailureKind::{
    self, Misconfigured, NotUnderstood, Redirected, Refused, Throttled, Unauthorized, Unavailable,
};
use tocsin_core::outcome::Receipt;

use super::*;

fn kind(outcome: &Outcome) -> (FailureKind, bool) {
    let is_transient = matches!(outcome, Outcome::Transient { .. });
    (outcome.failure().unwrap().kind, is_transient)
}

/// Checks outcomes without regard to the wait: status, body, kind, whether transient.
fn check(destination: &ProviderFixture<Slack>, table: &[(u16, &str, FailureKind, bool)]) {
    for (status, body, expected, is_transient) in table {
        let outcome = destination.outcome(&response(*status, &[], body));
        assert_eq!(
            kind(&outcome),
            (*expected, *is_transient),
            "{status} {body}"
        );
        assert_eq!(outcome.failure().unwrap().status, Some(*status));
    }
}

#[test]
fn every_response_to_a_webhook_has_its_outcome() {
    let table = [
        (400, "invalid_payload", Refused, false),
        (400, "user_not_found", Misconfigured, false),
        (400, "no_text", Refused, false),
        (400, "invalid_blocks", Refused, false),
        (400, "too_many_attachments", Refused, false),
        (403, "action_prohibited", Misconfigured, false),
        (403, "invalid_token", Unauthorized, false),
        (
            403,
            "posting_to_general_channel_denied",
            Misconfigured,
            false,
        ),
        (403, "team_disabled", Misconfigured, false),
        (404, "channel_not_found", Misconfigured, false),
        (404, "no_service", Unauthorized, false),
        (404, "no_active_hooks", Unauthorized, false),
        (404, "no_service_id", Unauthorized, false),
        (404, "no_team", Unauthorized, false),
        (410, "channel_is_archived", Misconfigured, false),
        (500, "rollup_error", Unavailable, true),
        // The status varies, the code does not.
        (403, "invalid_blocks", Refused, false),
        (200, "no_service\n", Unauthorized, false),
        (429, "rate_limited", Throttled, true),
        // For unknown codes the status counts.
        (400, "new_word", Refused, false),
        (403, "new_word", Unauthorized, false),
        (404, "<html>no such page</html>", Misconfigured, false),
        (410, "", Misconfigured, false),
        (500, "", Unavailable, true),
        (503, "<html>back soon</html>", Unavailable, true),
        (302, "", Redirected, false),
        // A success status without success.
        (200, "", NotUnderstood, true),
        (200, "o", NotUnderstood, true),
        (200, "okay", NotUnderstood, true),
        (
            200,
            "<html>sign in to the network</html>",
            NotUnderstood,
            true,
        ),
        (202, "ok", NotUnderstood, true),
    ];
    check(&webhook(), &table);
    for body in ["ok", "ok\n"] {
        let receipt = webhook().receipt(&response(200, &[], body));
        assert_eq!(receipt, Receipt::default());
    }
}

#[test]
fn every_error_code_has_its_kind() {
    let rejected = [
        (
            Unauthorized,
            "invalid_auth not_authed account_inactive token_revoked token_expired missing_scope no_permission not_allowed_token_type",
        ),
        (
            Misconfigured,
            "channel_not_found not_in_channel is_archived restricted_action restricted_action_read_only_channel restricted_action_thread_locked ekm_access_denied app_access_restricted accesslimited method_deprecated team_not_found",
        ),
        (
            Refused,
            "invalid_blocks invalid_blocks_format msg_blocks_too_long msg_too_long no_text too_many_attachments attachment_payload_limit_exceeded metadata_too_large invalid_metadata_format invalid_metadata_schema invalid_attachments invalid_arguments invalid_json a_string_of_tomorrow",
        ),
    ];
    let transient = [
        (Throttled, "ratelimited rate_limited message_limit_exceeded"),
        (
            Unavailable,
            "service_unavailable internal_error fatal_error request_timeout team_added_to_org org_login_required",
        ),
    ];
    let rows = rejected
        .map(|row| (row, false))
        .into_iter()
        .chain(transient.map(|row| (row, true)));
    for ((expected, errors), is_transient) in rows {
        for error in errors.split(' ') {
            let body = json!({"ok": false, "error": error}).to_string();
            let outcome = bot().outcome(&response(200, &[], &body));
            assert_eq!(kind(&outcome), (expected, is_transient), "{error}");
            assert!(outcome.failure().unwrap().detail.starts_with(error));
        }
    }
}

#[test]
fn every_other_response_to_a_bot_has_its_outcome() {
    let table = [
        (
            429,
            r#"{"ok":false,"error":"ratelimited"}"#,
            Throttled,
            true,
        ),
        (429, "slow down", Throttled, true),
        (
            500,
            r#"{"ok":false,"error":"internal_error"}"#,
            Unavailable,
            true,
        ),
        (
            500,
            r#"{"ok":true,"channel":"C1","ts":"1.2"}"#,
            Unavailable,
            true,
        ),
        (
            503,
            r#"{"ok":false,"error":"a_string_of_tomorrow"}"#,
            Unavailable,
            true,
        ),
        (503, r#"{"ok":false}"#, Unavailable, true),
        (503, "<html>back soon</html>", Unavailable, true),
        (
            403,
            r#"{"ok":false,"error":"invalid_auth"}"#,
            Unauthorized,
            false,
        ),
        (401, "", Unauthorized, false),
        (404, "not here", Misconfigured, false),
        (302, "", Redirected, false),
        (200, r#"{"ok":false}"#, Refused, false),
        (200, "", NotUnderstood, true),
        (200, "ok", NotUnderstood, true),
        (
            200,
            "<html>sign in to the network</html>",
            NotUnderstood,
            true,
        ),
        (200, r#"{"ok":fal"#, NotUnderstood, true),
        (200, r#"{"ok":tru"#, NotUnderstood, true),
        (200, r#"{"error":"x"}"#, NotUnderstood, true),
        (200, "true", NotUnderstood, true),
    ];
    check(&bot(), &table);
}

#[test]
fn a_bots_receipt_has_channel_and_time() {
    let receipt = |body: &str| bot().receipt(&response(200, &[], body));
    assert_eq!(
        receipt(r#"{"ok":true,"channel":"C123","ts":"1712345678.000100","message":{"text":"x"}}"#),
        Receipt::id("C123:1712345678.000100")
    );
    let warned = receipt(
        r#"{"ok":true,"channel":"C1","ts":"1.2","warning":"message_truncated",
            "response_metadata":{"warnings":["message_truncated"],"messages":["[WARN] cut\nshort"]}}"#,
    );
    assert_eq!(
        warned.remark.as_deref(),
        Some("message_truncated; [WARN] cut short")
    );
    assert_eq!(receipt(r#"{"ok":true}"#), Receipt::default());
    let cut = receipt(r#"{"ok":true,"channel":"C1","ts":"1.2","message":{"te"#);
    assert!(cut.id.is_none() && cut.remark.unwrap().contains("cut off"));
    let long = json!({"ok": true, "warning": "w".repeat(5_000)}).to_string();
    assert_eq!(receipt(&long).remark.unwrap().chars().count(), 300);
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let table = [
        ("30", Some(30)),
        ("Wed, 21 Oct 2015 07:30:00 GMT", Some(120)),
        ("86400", Some(3600)),
        ("soon", None),
    ];
    for (value, expected) in table {
        for (destination, body) in [
            (webhook(), "rate_limited"),
            (webhook(), ""),
            (bot(), r#"{"ok":false,"error":"ratelimited"}"#),
            (bot(), ""),
        ] {
            let headers = [("retry-after", value)];
            match destination.outcome(&response(429, &headers, body)) {
                Outcome::Transient { retry_after, .. } => {
                    assert_eq!(retry_after.map(|wait| wait.as_secs()), expected, "{value}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn details_have_advice() {
    let detail = |body: &str| {
        let outcome = bot().outcome(&response(200, &[], body));
        outcome.failure().unwrap().detail.clone()
    };
    assert_eq!(
        detail(r#"{"ok":false,"error":"not_in_channel"}"#),
        "not_in_channel (invite the app to the channel, or give it chat:write.public)"
    );
    assert_eq!(
        detail(
            r#"{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"files:read"}"#
        ),
        "missing_scope (give the app chat:write and reinstall it; it needs chat:write)"
    );
    assert_eq!(
        detail(
            r#"{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] must be less than 151 characters"]}}"#
        ),
        "invalid_blocks ([ERROR] must be less than 151 characters)"
    );
}
