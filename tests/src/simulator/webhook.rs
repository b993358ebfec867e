//! A receiver of custom webhooks, as a customer would write one: it wants the
//! documented keys, checks signatures below `/hook/signed`, wants an access token below
//! `/hook/oauth`, and accepts no alert below `/hook/refusing`. `/oauth2/token` is its token
//! endpoint (RFC 6749 §4.4 and §5).

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use url::form_urlencoded;

use super::asked::{Asked, Verdict};
use super::vendors::Vendor;

/// The key that destinations below `/hook/signed` are configured with.
pub const SIGNING_KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The OAuth client that gets access tokens.
pub const CLIENT_ID: &str = "tocsin";
/// Its secret.
pub const CLIENT_SECRET: &str = "simulated client secret";

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
    is_asked: |_, parts| matches!(parts, ["hook", ..] | ["oauth2", "token"]),
    answer: |asked, _| match asked.route() {
        "/oauth2/token" => give_token(asked),
        _ => receive(asked),
    },
};

const TOKEN: &str = "simulated-access-token";

fn give_token(asked: &Asked<'_>) -> Verdict {
    let refuse = |status, code: &str| Verdict::json(status, &json!({"error": code}));
    let field = |name: &str| asked.form(name).unwrap_or_default();
    if field("grant_type") != "client_credentials" {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let client = asked
        .basic()
        .map(|(id, secret)| (decoded(&id), decoded(&secret)));
    let client = client.unwrap_or_else(|| (field("client_id"), field("client_secret")));
    if client != (CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned()) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    if !["", "alerts.write"].contains(&field("scope").as_str()) {
        return refuse(StatusCode::BAD_REQUEST, "invalid_scope");
    }
    let token = json!({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600});
    Verdict::json(StatusCode::OK, &token)
}

/// Id and secret are encoded as in a form, RFC 6749 §2.3.1.
fn decoded(text: &str) -> String {
    let pairs = form_urlencoded::parse(text.as_bytes());
    pairs.map(|(name, _)| name.into_owned()).collect()
}

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
    if asked.path.starts_with("/hook/oauth") && asked.credential("Bearer") != Some(TOKEN) {
        return Verdict::new(StatusCode::UNAUTHORIZED, "not a token of this issuer");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::testing::Call;

    #[test]
    fn only_the_client_gets_a_token() {
        let answer = |authorization: &str, body: &str| {
            let call = Call::post("/oauth2/token", &json!(null)).saying(body);
            call.with("authorization", authorization).ask(VENDOR.answer)
        };
        let grant = "grant_type=client_credentials";
        // tocsin:simulated+client+secret
        let basic = "Basic dG9jc2luOnNpbXVsYXRlZCtjbGllbnQrc2VjcmV0";
        let posted = format!("{grant}&client_id=tocsin&client_secret=simulated+client+secret");
        for (authorization, body) in [(basic, grant), ("", &posted)] {
            let (status, said) = answer(authorization, body);
            assert_eq!((status, &said["access_token"]), (200, &json!(TOKEN)));
        }
        for (authorization, body, status, code) in [
            ("", grant, 401, "invalid_client"),
            ("Basic dG9jc2luOng=", grant, 401, "invalid_client"),
            (basic, "", 400, "unsupported_grant_type"),
            (
                basic,
                "grant_type=client_credentials&scope=all",
                400,
                "invalid_scope",
            ),
        ] {
            let (got, said) = answer(authorization, body);
            assert_eq!((got, &said["error"]), (status, &json!(code)));
        }
    }
}
