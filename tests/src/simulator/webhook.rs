//! A receiver of custom webhooks, as a customer would write one: it wants the
//! documented keys, checks signatures below `/hook/signed`, and accepts no alert below
//! `/hook/refusing`.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::asked::{Asked, Verdict};
use super::vendors::Vendor;

/// The key that destinations below `/hook/signed` are configured with.
pub const SIGNING_KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const KEYS: [&str; 13] = [
    "id",
    "createdAt",
    "severity",
    "type",
    "link",
    "title",
    "name",
    "alertId",
    "alertContext",
    "description",
    "runbook",
    "tags",
    "version",
];

/// Its place among the vendors.
pub(super) const VENDOR: Vendor = Vendor {
    provider: "webhook",
    is_asked: |_, parts| matches!(parts, ["hook", ..]),
    answer: |asked, _| receive(asked),
};

/// `POST /hook/…`
pub(super) fn receive(asked: &Asked<'_>) -> Verdict {
    let Some(payload) = asked.json() else {
        return Verdict::new(StatusCode::BAD_REQUEST, "the body is not JSON");
    };
    let keys: Vec<_> = payload
        .as_object()
        .map(|fields| fields.keys().map(String::as_str).collect())
        .unwrap_or_default();
    if keys != KEYS {
        return Verdict::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("unexpected keys: {keys:?}"),
        );
    }
    if asked.path.starts_with("/hook/refusing") {
        return Verdict::new(StatusCode::UNPROCESSABLE_ENTITY, "no such alerts, please");
    }
    if asked.path.starts_with("/hook/signed") && !is_signed(asked) {
        return Verdict::new(StatusCode::UNAUTHORIZED, "the signature does not match");
    }
    Verdict::new(StatusCode::OK, "thank you")
}

fn is_signed(asked: &Asked<'_>) -> bool {
    let key = SIGNING_KEY.trim_start_matches("whsec_");
    let mac = STANDARD
        .decode(key)
        .ok()
        .and_then(|key| Hmac::<Sha256>::new_from_slice(&key).ok());
    let Some(mac) = mac else { return false };
    let signed = format!(
        "{}.{}.",
        asked.header("webhook-id"),
        asked.header("webhook-timestamp")
    );
    let digest = mac.chain_update(signed).chain_update(asked.body).finalize();
    let expected = format!("v1,{}", STANDARD.encode(digest.into_bytes()));
    asked
        .header("webhook-signature")
        .split(' ')
        .any(|one| one == expected)
}
