use super::*;

const SECRET: &str = "PLANTED:&+ é";

fn credentials(authentication: ClientAuthentication, secret: &SecretString) -> Request {
    ClientCredentials {
        token_url: "https://id.example/oauth2/token".parse().unwrap(),
        client_id: "tocsin:a",
        client_secret: secret,
        authentication,
        parameters: vec![("scope", "alerts.write all")],
    }
    .request()
}

fn answer(status: u16, body: &str) -> Result<AccessToken, Outcome> {
    parse_token(&Response {
        status,
        headers: vec![("retry-after".to_owned(), "7".to_owned())],
        body: body.as_bytes().to_vec(),
        extent: crate::provider::Extent::Whole,
        received_at: "2015-10-21T07:28:00Z".parse().unwrap(),
    })
}

#[test]
fn the_secret_goes_into_a_header_or_into_the_body_and_is_not_shown() {
    let secret = SecretString::from(SECRET);
    let basic = credentials(ClientAuthentication::ClientSecretBasic, &secret);
    let body = String::from_utf8(basic.body.clone()).unwrap();
    assert_eq!(body, "grant_type=client_credentials&scope=alerts.write+all");
    let (_, header) = basic
        .headers
        .iter()
        .find(|(name, _)| name == "authorization")
        .unwrap();
    let (_, base64) = header.expose().split_once(' ').unwrap();
    let pair = String::from_utf8(STANDARD.decode(base64).unwrap()).unwrap();
    assert_eq!(pair, "tocsin%3Aa:PLANTED%3A%26%2B+%C3%A9");

    let post = credentials(ClientAuthentication::ClientSecretPost, &secret);
    let body = String::from_utf8(post.body.clone()).unwrap();
    assert_eq!(
        body,
        "grant_type=client_credentials&client_id=tocsin%3Aa&client_secret=PLANTED%3A%26%2B+%C3%A9&scope=alerts.write+all"
    );
    for request in [basic, post] {
        let shown = format!("{request} {request:?}");
        assert!(!shown.contains("PLANTED"), "{shown}");
        let echoed = request.redact(&String::from_utf8_lossy(&request.body));
        assert!(!echoed.contains("PLANTED"), "{echoed}");
    }
}

#[test]
fn a_token_is_read_with_its_lifetime() {
    for (body, lifetime) in [
        (
            r#"{"access_token": "t", "token_type": "Bearer", "expires_in": 3599}"#,
            3_599,
        ),
        (
            r#"{"access_token": "t", "token_type": "bearer", "expires_in": "3599"}"#,
            3_599,
        ),
        (r#"{"access_token": "t"}"#, 300),
        (r#"{"access_token": "t", "expires_in": -1}"#, 300),
    ] {
        let token = answer(200, body).unwrap();
        assert_eq!(token.secret.expose_secret(), "t");
        assert_eq!(token.lifetime.as_secs(), lifetime, "{body}");
    }
}

#[test]
fn a_success_without_a_token_is_not_quoted() {
    for body in [
        "",
        "<html>PLANTED",
        r#"{"id_token": "PLANTED"}"#,
        r#"{"access_token": "PLANTED\n"}"#,
        r#"{"access_token": "PLANTED", "token_type": "mac"}"#,
    ] {
        let outcome = answer(200, body).unwrap_err();
        let failure = outcome.failure().unwrap();
        assert_eq!(failure.kind, FailureKind::NotUnderstood);
        assert!(!failure.detail.contains("PLANTED"), "{failure}");
    }
}

#[test]
fn every_refusal_has_its_kind_and_the_code_of_the_endpoint() {
    use FailureKind::{Misconfigured, Redirected, Throttled, Unauthorized, Unavailable};
    let described = r#"{"error": "invalid_client", "error_description": "AADSTS7000215: wrong"}"#;
    for (status, body, kind, detail) in [
        (
            401,
            described,
            Unauthorized,
            "invalid_client: AADSTS7000215: wrong",
        ),
        (
            400,
            r#"{"error": "invalid_client"}"#,
            Unauthorized,
            "invalid_client",
        ),
        (
            400,
            r#"{"error": "unauthorized_client"}"#,
            Unauthorized,
            "unauthorized_client",
        ),
        (
            400,
            r#"{"error": "invalid_scope"}"#,
            Misconfigured,
            "invalid_scope",
        ),
        (
            400,
            r#"{"error": "temporarily_unavailable"}"#,
            Unavailable,
            "temporarily_unavailable",
        ),
        (429, r#"{"error": "slow_down"}"#, Throttled, "slow_down"),
        (
            500,
            r#"{"error": "server_error"}"#,
            Unavailable,
            "server_error",
        ),
        (401, "", Unauthorized, ""),
        (404, "where?", Misconfigured, "where?"),
        (302, "", Redirected, ""),
        (503, "<html>", Unavailable, "<html>"),
    ] {
        let outcome = answer(status, body).unwrap_err();
        let failure = outcome.failure().unwrap();
        assert_eq!(
            (failure.kind, &*failure.detail),
            (kind, detail),
            "{status} {body}"
        );
        let waits = matches!(
            outcome,
            Outcome::Transient {
                retry_after: Some(_),
                ..
            }
        );
        assert_eq!(waits, matches!(kind, Throttled | Unavailable));
    }
}
